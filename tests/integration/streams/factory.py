"""A small factory on the session's broker: topics of its own, toy workers, a sender and readers."""

import itertools
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from msgspec import Struct, structs

from schemas.codec import decode_envelope, decode_payload, encode_envelope, encode_payload
from schemas.ids import PrincipalId, TenantId
from schemas.messages.envelope import Envelope
from streams.clients import LogEnds, log_reader
from streams.layout import Layout
from streams.restore import read_committed
from streams.settings import Settings
from tests.integration.streams import toy
from topics import naming
from topics.catalogue import TOPICS
from topics.partition import partition_of
from topics.provision import admin_client, provision
from topics.settings import producer_options

DEADLINE_S = 40.0
TOY_WORKER = "tests.integration.streams.toy_worker"
_RUNS = itertools.count(1)


def uuid7(at_ms: int | None = None) -> UUID:
    """Give a UUID of version 7."""
    milliseconds = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=value | 0b10 << 62 | secrets.randbits(62))


def command_id(at_ms: int | None = None) -> str:
    """Give a new command id."""
    return f"cmd-{uuid7(at_ms)}"


def until(what: Callable[[], bool], said: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition; fail with what it was."""
    end = time.monotonic() + deadline_s
    while not what():
        assert time.monotonic() < end, f"not in {deadline_s:.0f} s: {said}"
        time.sleep(0.02)


@dataclass
class Factory:
    """Topics, workers and clients of one test."""

    bootstrap: str
    folder: Path
    prefix: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}.")
    partitions: int = 2
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        toy.register()
        self.layout = Layout(prefix=self.prefix, partitions=self.partitions, admits=toy.admits)
        # A transaction that a dead worker left open may hide records until its time-out on a busy machine.
        self.settings = Settings(
            bootstrap=self.bootstrap,
            group=f"{self.prefix}worker",
            local=self.folder,
            wait_s=60,
        )
        self.ends = LogEnds(self.settings)
        self.admin = admin_client(self.bootstrap)
        self.producer = Producer(
            {
                **producer_options(self.bootstrap),
                "linger.ms": 0,
                # A retry must not change the order that the checks ask for.
                "enable.idempotence": True,
            }
        )
        self.failed: list[KafkaError] = []
        self.create_topics()

    def create_topics(self, only: str | None = None) -> None:
        """Create the factory's topics."""
        rows = [
            replace(row, name=self.prefix + row.name, partitions=self.partitions)
            for row in TOPICS
            if only in {None, row.name}
        ]
        provision(self.admin, rows)

    @contextmanager
    def worker(
        self, name: str = "w1", *, module: str = TOY_WORKER, **environment: str
    ) -> Iterator["Worker"]:
        """Run a worker; it is killed at the end if it still runs."""
        worker = Worker(self, name, module, environment)
        try:
            yield worker
        finally:
            worker.kill()

    def envelope(self, command: Struct, tenant: str, **changes: object) -> Envelope:
        """Give the envelope of a command as a client would send it."""
        schema_id, payload = encode_payload(command)
        base = Envelope(
            event_id=command_id(),
            event_type=type(command).__name__,
            kind="command",
            tenant_id=TenantId(tenant),
            trace_id=secrets.token_hex(16),
            correlation_id=f"corr-{uuid7()}",
            occurred_at=time.time_ns() // 1000,
            actor_type="user",
            actor_id=PrincipalId("user:olga"),
            payload_schema_id=schema_id,
            payload=payload,
        )
        return structs.replace(base, **changes)

    def send(self, command: Struct, tenant: str = "acme", **changes: object) -> Envelope:
        """Send a command; give its envelope."""
        envelope = self.envelope(command, tenant, **changes)
        self.put(encode_envelope(envelope), tenant)
        return envelope

    def put(
        self,
        value: bytes | None,
        tenant: str,
        *,
        topic: str = naming.COMMANDS,
        key: bytes | None = None,
        partition: int | None = None,
        headers: list[tuple[str, str | bytes | None]] | None = None,
    ) -> None:
        """Put bytes on an input topic."""
        self.producer.produce(
            self.layout.physical(topic),
            value,
            tenant.encode() if key is None else key,
            partition_of(tenant, self.partitions) if partition is None else partition,
            on_delivery=lambda error, _: self.failed.append(error) if error else None,
            headers=headers or [],
        )
        self.producer.poll(0)

    def flush(self) -> None:
        """Wait until everything sent is in the log."""
        assert self.producer.flush(20) == 0
        assert not self.failed

    def read(self, topic: str) -> list[Message]:
        """Give every committed record of a topic, each partition's in order."""
        name = self.layout.physical(topic)
        places = [(name, number) for number in range(self.partitions)]
        found: list[Message] = []
        read_committed(self.settings, self.ends.end(places), self.ends.first(places), found.append)
        return found

    def envelopes(self, topic: str) -> list[Envelope]:
        """Give the committed envelopes of a topic."""
        return [decode_envelope(message.value()) for message in self.read(topic)]

    def facts(self) -> list[Struct]:
        """Give the committed facts of the toy."""
        return [
            decode_payload(e.payload_schema_id, e.payload)
            for e in self.envelopes("cp.projects.events.v1")
        ]

    def wait_for(self, topic: str, count: int, deadline_s: float = DEADLINE_S) -> list[Envelope]:
        """Wait for a number of committed envelopes of a topic."""
        self.flush()
        found: list[Envelope] = []

        def enough() -> bool:
            found[:] = self.envelopes(topic)
            return len(found) >= count

        until(enough, f"{count} records on {topic}", deadline_s)
        return found

    def tail(self, topic: str) -> Consumer:
        """Give a consumer at the end of a topic."""
        name = self.layout.physical(topic)
        ends = self.ends.end([(name, number) for number in range(self.partitions)])
        reader = log_reader(self.settings)
        reader.assign([TopicPartition(name, number, end) for (_, number), end in ends.items()])
        return reader


class Worker:
    """A worker process of the toy."""

    def __init__(
        self, factory: Factory, name: str, module: str, environment: dict[str, str]
    ) -> None:
        self.log = factory.folder / f"{name}-{next(_RUNS)}.log"
        self._file = self.log.open("ab")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                module,
                factory.prefix,
                str(factory.partitions),
            ],
            env={
                **os.environ,
                "KAFKA_BOOTSTRAP": factory.bootstrap,
                "FACTORY_WORKER": name,
                "FACTORY_GROUP": factory.settings.group,
                "FACTORY_LOCAL": str(factory.folder),
                "FACTORY_WAIT_S": "20",
                **factory.environment,
                **environment,
            },
            stdout=self._file,
            stderr=self._file,
        )

    def said(self, text: str) -> bool:
        """Tell whether the worker's log holds the text."""
        return text in self.log.read_text()

    def ended(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait for the process to end; give its exit status."""
        return self.process.wait(deadline_s)

    def stop(self) -> int:
        """Ask the worker to stop; give its exit status."""
        self.process.terminate()
        return self.ended()

    def kill(self) -> None:
        """End the process at once."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._file.close()

    def status(self) -> dict[str, object]:
        """Give what the status page says; nothing while the worker starts."""
        found = re.search(r"status at (http://\S+)", self.log.read_text())
        if found is None:
            return {"phase": "not yet"}
        try:
            with urllib.request.urlopen(found[1], timeout=5) as answer:  # noqa: S310 - our own page
                page: dict[str, object] = json.load(answer)
        except urllib.error.URLError:
            return {"phase": "not yet"}
        return page

    def partitions(self) -> int:
        """Give how many partitions the worker decides for."""
        found = self.status().get("partitions", [])
        return len(found) if isinstance(found, list) else 0

    def is_running(self) -> bool:
        """Tell whether the worker holds its partitions."""
        return self.status()["phase"] == "running"
