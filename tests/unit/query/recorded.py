"""A synthetic log: facts and refusals as workers write them, sealed in their tenant's chain, with positions."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from query.decode import Raw
from query.record import Position
from schemas.catalogue import catalogue
from schemas.codec import GENESIS_HASH, decode_envelope, encode_envelope, encode_payload, seal
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.naming import snake
from topics import naming
from topics.partition import partition_of

START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, micros."""
SPACE = uuid.UUID("0d2d6b1a-7f3c-4c55-9f0a-1c2b3d4e5f60")


def uid(name: str) -> str:
    """Give a UUID that follows from a name."""
    return str(uuid.uuid5(SPACE, name))


@dataclass
class Tenant:
    """Where a tenant's record of decisions stands."""

    sequence: int = 0
    hash: bytes = GENESIS_HASH
    contexts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    versions: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


class Recorded:
    """Writes causes and their outcomes; ``raws`` are all records in the order of writing."""

    def __init__(self) -> None:
        self.raws: list[Raw] = []
        self.tenants: dict[str, Tenant] = defaultdict(Tenant)
        self.offsets: dict[tuple[str, int], int] = defaultdict(int)
        self.at = START
        self.commands = 0

    def put(self, topic: str, partition: int, value: bytes | None, key: bytes | None = None) -> Raw:
        """Append a record as it is."""
        place = topic, partition
        raw = Raw(Position(topic, partition, self.offsets[place]), self.at, key, value, list)
        self.offsets[place] += 1
        self.raws.append(raw)
        return raw

    def command(
        self,
        tenant_id: str,
        payload: Struct,
        *,
        topic: str = naming.COMMANDS,
        actor: str = "user:olga",
        command_id: str | None = None,
    ) -> Envelope:
        """Append a command; give its envelope with its place as the cause of what follows."""
        self.commands += 1
        self.at += 1_000
        schema_id, raw = encode_payload(payload)
        envelope = Envelope(
            event_id=command_id or f"cmd-{uid(f'{tenant_id}-command-{self.commands}')}",
            event_type=type(payload).__name__,
            kind="command",
            tenant_id=tenant_id,  # type: ignore[arg-type]
            trace_id=uid(f"trace-{self.commands}").replace("-", ""),
            correlation_id=f"corr-{self.commands}",
            occurred_at=self.at,
            actor_type="user",
            actor_id=actor,  # type: ignore[arg-type]
            payload_schema_id=schema_id,
            payload=raw,
        )
        partition = partition_of(tenant_id)
        record = self.put(topic, partition, encode_envelope(envelope), tenant_id.encode())
        return replace(
            envelope,
            cause_topic=topic,
            cause_partition=partition,
            cause_offset=record.position.offset,
        )

    def outcome(self, cause: Envelope, *payloads: Struct, **scope: Any) -> list[Raw]:
        """Append the whole outcome of a command: facts, a refusal last if there is one."""
        return [
            self._sequenced(cause, payload, ordinal, len(payloads), scope)
            for ordinal, payload in enumerate(payloads)
        ]

    def decide(self, tenant_id: str, command: Struct, *payloads: Struct, **scope: Any) -> list[Raw]:
        """Append a command and its whole outcome."""
        return self.outcome(self.command(tenant_id, command), *payloads, **scope)

    def message(self, command: Envelope, payload: Struct, cause: Raw) -> Raw:
        """Append a message without a sequence on the refusals' topic, caused by the record."""
        schema_id, raw = encode_payload(payload)
        envelope = replace(
            command,
            event_id=f"evt-{uid(str(cause.position))}",
            event_type=type(payload).__name__,
            kind="message",
            causation_id=command.event_id,
            cause_topic=cause.position.topic,
            cause_partition=cause.position.partition,
            cause_offset=cause.position.offset,
            payload_schema_id=schema_id,
            payload=raw,
        )
        return self.put(
            naming.REJECTIONS, cause.position.partition, encode_envelope(envelope), cause.key
        )

    def _sequenced(
        self, cause: Envelope, payload: Struct, ordinal: int, count: int, scope: dict[str, Any]
    ) -> Raw:
        entry = catalogue().by_type[type(payload)]
        rejected = isinstance(payload, CommandRejected)
        topic = naming.fact_topic(entry.context, entry.name) if not rejected else naming.REJECTIONS
        tenant = self.tenants[cause.tenant_id]
        tenant.sequence += 1
        tenant.contexts[topic] += 1
        schema_id, raw = encode_payload(payload)
        envelope = Envelope(
            event_id=f"evt-{uid(f'{cause.tenant_id}-{cause.event_id}-{ordinal}')}",
            event_type=entry.name,
            kind="rejection" if rejected else "event",
            tenant_id=cause.tenant_id,
            trace_id=cause.trace_id,
            correlation_id=cause.correlation_id,
            causation_id=cause.event_id,
            occurred_at=self.at,
            actor_type=cause.actor_type,
            actor_id=cause.actor_id,
            sequence=tenant.sequence,
            context_sequence=tenant.contexts[topic],
            cause_topic=cause.cause_topic,
            cause_partition=cause.cause_partition,
            cause_offset=cause.cause_offset,
            ordinal=ordinal,
            outcome_count=count,
            payload_schema_id=schema_id,
            payload=raw,
            **self._aggregate(tenant, payload),
            **_scope(payload, scope),
        )
        value, tenant.hash = seal(envelope, tenant.hash)
        return self.put(topic, partition_of(cause.tenant_id), value, str(cause.tenant_id).encode())

    def _aggregate(self, tenant: Tenant, payload: Struct) -> dict[str, Any]:
        aggregate = catalogue().by_type[type(payload)].aggregate
        if aggregate is None:
            return {}
        kind, field_name = aggregate
        identity = str(getattr(payload, snake(field_name)))
        state = catalogue().by_name.get(kind)
        version = 1
        if state is not None and state.kind == "state":
            tenant.versions[kind, identity] += 1
            version = tenant.versions[kind, identity]
        return {
            "aggregate_type": kind,
            "aggregate_id": identity,
            "aggregate_version": version,
        }

    def of_topics(self, *prefixes: str) -> list[Raw]:
        """Give the records of the fact topics, or of others, in the order of writing."""
        return [raw for raw in self.raws if raw.position.topic.startswith(prefixes)]

    def facts(self) -> list[Raw]:
        """Give what the projector reads, in the order of writing."""
        return [
            raw
            for raw in self.raws
            if raw.position.topic.endswith(".events.v1")
            or raw.position.topic in {naming.REJECTIONS, naming.DEAD_LETTERS}
        ]


def _scope(payload: Struct, scope: dict[str, Any]) -> dict[str, Any]:
    named = {
        name: value
        for name in ("project_id", "workflow_instance_id", "task_id", "approval_id")
        if (value := getattr(payload, name, None)) is not None
    }
    return {**scope, **named}


def changed(raw: Raw, **fields: Any) -> Raw:
    """Give the record with fields of its envelope changed and its hash as it was: an alteration."""
    envelope = replace(decode_envelope(raw.value), **fields)
    value = encode_envelope(envelope)
    return raw._replace(value=value)
