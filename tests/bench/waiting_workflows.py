"""Workflows of the real rules that do nothing but wait: what a bench of timers starts by the thousand."""

import time
from typing import Final

from schemas.edge_model import model_of
from schemas.ids import SYSTEM
from streams.run.seeds import PLATFORM_ADMIN, ask, publish_seeds
from streams.run.tenants import make_ready
from tests.integration.streams.factory import Factory
from topics.command import Actor, uuid7
from topics.producer import CommandProducer

TENANTS: Final = tuple(f"timer-{number}" for number in range(8))
WAIT_SECONDS: Final = 45
DEFINITION: Final = f"""
document: {{dsl: '1.0.3', namespace: bench, name: waits, version: 1.0.0}}
do:
  - pause: {{wait: PT{WAIT_SECONDS}S}}
"""


def admin_of(factory: Factory) -> CommandProducer:
    """Give the producer that speaks for the platform's administrator."""
    return CommandProducer(Actor("user", PLATFORM_ADMIN), factory.bootstrap)


def prepare(factory: Factory) -> None:
    """Publish the seeds and the definition, make the tenants ready."""
    with admin_of(factory) as admin:
        publish_seeds(admin, factory.bootstrap, lambda _what: None)
        published = {"name": "waits", "version": "1.0.0", "definition": DEFINITION}
        ask(admin, model_of("PublishWorkflowDefinition").model_validate(published), SYSTEM)
        for tenant in TENANTS:
            make_ready(admin, tenant, PLATFORM_ADMIN, "enterprise")


def start_waiting(factory: Factory, count: int) -> None:
    """Start so many, a hundred a second, so that their ends are spread like their beginnings."""
    begun = time.monotonic()
    with admin_of(factory) as admin:
        for number in range(count):
            fields = {
                "workflowInstanceId": f"wf-{uuid7()}",
                "definitionOwner": "system",
                "definitionName": "waits",
                "input": "{}",
            }
            command = model_of("StartWorkflow").model_validate(fields)
            admin.produce(admin.prepare(command, TENANTS[number % len(TENANTS)]))
            while (left := begun + number / 100 - time.monotonic()) > 0:
                admin.poll(left)
