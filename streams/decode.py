"""From the bytes of an input topic to what is asked, or to the reason why no decision can be made on them.

A record that cannot be trusted to say whose it is raises a PoisonError and becomes a dead letter. A record that
is sound but may not be, or whose payload breaks a rule, is refused: the refusal is part of ``Asked``.
"""

import hashlib
import re
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.catalogue import Entry
from schemas.codec import decode_envelope, decode_payload, entry_of
from schemas.errors import (
    EnvelopeInvalidError,
    PayloadInvalidError,
    PoisonError,
    TenantMismatchError,
)
from schemas.ids import SYSTEM, EventId
from schemas.messages.envelope import Envelope
from streams.layout import INTERNAL, Layout
from streams.records import Headers, InputRecord
from streams.wiring import Cause, Meta, Rejection, Scope
from topics import naming
from topics.partition import partition_of

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_RULES: Final = (
    ("eventId", "cmd-<uuid>", re.compile(rf"cmd-{_UUID}")),
    ("traceId", "32 hex digits", re.compile(r"[0-9a-f]{32}")),
    (
        "correlationId",
        "corr-… of at most 128 characters",
        re.compile(r"corr-[A-Za-z0-9._:-]{1,123}"),
    ),
)
"""What every command's envelope must look like beyond its schema (wire.md §1)."""


class WrongPartitionError(PoisonError):
    """A record on a partition that is not its tenant's: deciding it would give the tenant two owners."""

    code = "WRONG_PARTITION"


class UnknownTenantError(PoisonError):
    """A command for a tenant that does not exist and that it may not create (settled.md 11)."""

    code = "UNKNOWN_TENANT"


class Asked(NamedTuple):
    """A sound command: who asks for what; ``refusal`` is set where its form already decides the answer.

    ``digest`` is SHA-256 over type, tenant and payload (settled.md 3, 16). ``command`` is None only with a refusal.
    """

    envelope: Envelope
    digest: bytes
    command: Struct | None
    refusal: Rejection | None


def content_digest(message_type: str, tenant_id: str, payload: bytes) -> bytes:
    """Give SHA-256 over type, tenant and payload: what makes two commands the same request (settled.md 3)."""
    return hashlib.sha256(b"\0".join((message_type.encode(), tenant_id.encode(), payload))).digest()


def decode_command(record: InputRecord, layout: Layout) -> Asked:
    """Give what a record of any input topic but the catalogue asks for. Raises PoisonError."""
    envelope = decode_envelope(record.value)
    entry = entry_of(envelope.payload_schema_id)
    _check_envelope(envelope, entry, "command")
    _check_place(envelope, record, layout)
    digest = content_digest(envelope.event_type, envelope.tenant_id, envelope.payload)
    refusal = _forbidden(envelope, record.topic, layout)
    if refusal is not None:
        return Asked(envelope, digest, None, refusal)
    try:
        command = decode_payload(envelope.payload_schema_id, envelope.payload)
    except PayloadInvalidError as error:
        refusal = Rejection("INVALID_ARGUMENT", error.rule, field=error.field)
        return Asked(envelope, digest, None, refusal)
    return Asked(envelope, digest, command, None)


def decode_broadcast(record: InputRecord, layout: Layout) -> tuple[Envelope, Struct]:
    """Give the fact of ``system`` that a catalogue record copies to this partition. Raises PoisonError."""
    envelope = decode_envelope(record.value)
    entry = entry_of(envelope.payload_schema_id)
    _check_names(envelope, entry, "event")
    if envelope.tenant_id != SYSTEM:
        raise TenantMismatchError(f"the catalogue is of {SYSTEM} alone", "tenantId")
    if not layout.admits(record.topic, envelope.event_type):
        raise EnvelopeInvalidError("is not broadcast", "eventType")
    try:
        return envelope, decode_payload(envelope.payload_schema_id, envelope.payload)
    except PayloadInvalidError as error:
        raise EnvelopeInvalidError(error.rule, f"payload.{error.field}") from error


def scope_of(envelope: Envelope) -> Scope:
    """Give what the message belongs to."""
    return Scope(
        trace_id=envelope.trace_id,
        correlation_id=envelope.correlation_id,
        project_id=envelope.project_id,
        workflow_instance_id=envelope.workflow_instance_id,
        task_id=envelope.task_id,
        approval_id=envelope.approval_id,
    )


def cause_of(record: InputRecord, asked: Asked, decided_at: int) -> Cause:
    """Give the cause of a decision; its time is never before the tenant's last decision (settled.md 7)."""
    envelope = asked.envelope
    return Cause(
        message_id=envelope.event_id,
        message_type=envelope.event_type,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        tenant_id=envelope.tenant_id,
        actor_type=envelope.actor_type,
        actor_id=envelope.actor_id,
        at=max(record.appended_at, decided_at),
        digest=asked.digest,
        scope=scope_of(envelope),
        approval_id=envelope.approval_id,
        retry_of=envelope.retry_of,
    )


def meta_of(envelope: Envelope) -> Meta:
    """Give what an evolver may know of a recorded fact: the same that it was given when the fact was decided."""
    return Meta(
        event_id=EventId(envelope.event_id),
        event_type=envelope.event_type,
        at=envelope.occurred_at,
        aggregate_id=envelope.aggregate_id or "",
        aggregate_version=envelope.aggregate_version or 0,
        actor_type=envelope.actor_type,
        actor_id=envelope.actor_id,
        causation_id=envelope.causation_id or "",
        scope=scope_of(envelope),
        sequence=envelope.sequence or 0,
    )


def _check_names(envelope: Envelope, entry: Entry, kind: str) -> None:
    if envelope.kind != kind:
        raise EnvelopeInvalidError(f"must be {kind}, is {envelope.kind}", "kind")
    if entry.name != envelope.event_type:
        raise EnvelopeInvalidError(f"payload schema {entry.id} is {entry.name}", "eventType")
    if entry.kind != ("command" if kind == "command" else "fact"):
        raise EnvelopeInvalidError(f"{entry.name} is no {kind}", "eventType")


def _check_envelope(envelope: Envelope, entry: Entry, kind: str) -> None:
    _check_names(envelope, entry, kind)
    values = (envelope.event_id, envelope.trace_id, envelope.correlation_id)
    for (field, form, rule), value in zip(_RULES, values, strict=True):
        if rule.fullmatch(value) is None:
            raise EnvelopeInvalidError(f"must be {form}", field)


def _check_place(envelope: Envelope, record: InputRecord, layout: Layout) -> None:
    if record.key != envelope.tenant_id.encode():
        raise TenantMismatchError("the record key must be the tenant id in UTF-8", "tenantId")
    owner = partition_of(envelope.tenant_id, layout.partitions)
    if owner != record.partition:
        raise WrongPartitionError(f"the tenant's partition is {owner}", "tenantId")
    _check_headers(envelope, record.headers)


def _check_headers(envelope: Envelope, headers: Headers) -> None:
    """Headers are copies for routers: one that differs means that somebody was shown another message."""
    for name, value in headers:
        if name == "ce_type" and value != envelope.event_type.encode():
            raise EnvelopeInvalidError("header ce_type differs", "eventType")
        if name == "ce_id" and value != envelope.event_id.encode():
            raise EnvelopeInvalidError("header ce_id differs", "eventId")
        if name == "ce_tenantid" and value != envelope.tenant_id.encode():
            raise TenantMismatchError("header ce_tenantid differs", "tenantId")


def _forbidden(envelope: Envelope, topic: str, layout: Layout) -> Rejection | None:
    if not layout.admits(topic, envelope.event_type):
        return Rejection(
            "FORBIDDEN",
            f"{topic} does not admit that type",
            field="eventType",
            got=envelope.event_type,
        )
    if envelope.actor_type == "system" and topic not in INTERNAL:
        return Rejection("FORBIDDEN", "only the engine itself acts as system", field="actorType")
    return None


def is_catalogue(topic: str) -> bool:
    """Tell whether records of the topic are facts copied to every partition, not commands."""
    return topic == naming.CATALOGUE
