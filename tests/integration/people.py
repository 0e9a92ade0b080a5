"""What integration tests do with the running system."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Struct

from schemas.edge_model import EdgeModel, model_of
from schemas.messages.envelope import Envelope
from tests.fault.site import DRIVER, Site, until
from topics.command import Actor, uuid7
from topics.consumer import EventConsumer
from topics.events import Event
from topics.outcome import Outcome
from topics.producer import CommandProducer

OWNER: Final = DRIVER.id
"""Who owns the tenants."""


@dataclass
class Plant:
    """The running system and its people."""

    site: Site
    bootstrap: str
    admin: CommandProducer
    _producers: dict[str, CommandProducer] = field(default_factory=dict)

    def by(self, principal: str = OWNER) -> CommandProducer:
        """Give the producer that speaks for a principal."""
        if principal not in self._producers:
            kind = principal.partition(":")[0]
            actor = Actor(kind, principal)  # type: ignore[arg-type]
            self._producers[principal] = CommandProducer(actor, self.bootstrap)
        return self._producers[principal]

    def ask(self, kind: str, tenant: str, by: str = OWNER, /, **fields: Any) -> Outcome:
        """Send a command (Python field names) and give its outcome."""
        return self.by(by).ask(command(kind, **fields), tenant)

    def must(self, kind: str, tenant: str, by: str = OWNER, /, **fields: Any) -> Outcome:
        """Send a command that is to be accepted."""
        outcome = self.ask(kind, tenant, by, **fields)
        assert outcome.accepted, (outcome.rejection, outcome.dead_letter)
        return outcome

    def factory(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `factory …` as a person of this system does; nothing of it is left in our own environment."""
        mine = {
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "FACTORY_LOCAL": str(self.site.folder),
            "FACTORY_API": self.site.api,
        }
        return factory(*arguments, **mine, **environment)

    def close(self) -> None:
        """Let go of the broker."""
        for producer in self._producers.values():
            producer.close()

    def start(self, tenant: str, definition: str, owner: str = "system", **given: Any) -> str:
        """Start a workflow; give its instance id."""
        instance = f"wf-{uuid7()}"
        self.must(
            "StartWorkflow",
            tenant,
            workflow_instance_id=instance,
            definition_owner=owner,
            definition_name=definition,
            definition_version="",
            input=json.dumps(given),
            priority=3,
        )
        return instance

    def facts(self, tenant: str, workflow: str | None = None) -> list[Event]:
        """Give the tenant's facts and refusals so far, in its order."""
        consumer = EventConsumer(
            bootstrap=self.bootstrap, tenant_id=tenant, workflow_instance_id=workflow
        )
        with consumer.from_beginning() as events:
            return sorted(events.until_end(), key=lambda event: event.envelope.sequence or 0)

    def wait_for(
        self, tenant: str, workflow: str, event_type: str, seconds: float = 60
    ) -> tuple[Envelope, Struct]:
        """Wait for a fact of an instance."""
        found: list[Event] = []

        def came() -> bool:
            found[:] = [
                e for e in self.facts(tenant, workflow) if e.envelope.event_type == event_type
            ]
            return bool(found)

        until(f"{event_type} of {workflow}", came, seconds)
        return found[0].envelope, found[0].payload


def command(kind: str, /, **fields: Any) -> EdgeModel:
    """Give a command by its name and Python field names."""
    return model_of(kind).model_validate(fields)


def factory(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `factory …` as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


Check = Callable[[], bool]
