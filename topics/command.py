"""From a typed command to the record that is produced: ids, envelope, frame, headers, partition."""

import os
import secrets
import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from schemas.catalogue import catalogue
from schemas.codec import MAX_RECORD_BYTES, encode_envelope, encode_payload
from schemas.edge_model import EdgeModel, to_record
from schemas.ids import ApprovalId, PrincipalId, ProjectId, TaskId, TenantId, WorkflowInstanceId
from schemas.messages.envelope import Envelope
from schemas.output import OperatorError
from topics.catalogue import TOPICS
from topics.headers import Headers, headers_of
from topics.model import Kind
from topics.partition import partition_of
from topics.spans import is_on
from topics.trace_context import current

ActorType = Literal["user", "service", "agent", "system"]
Id = TypeVar("Id", bound=str)

CLIENT_SOURCE: Final = b"urn:factory:client"
"""ce_source of what the client library sends."""


class CommandInvalidError(OperatorError):
    """The command breaks a rule of its schema; nothing was sent. The sentence names field and rule."""


class Actor(NamedTuple):
    """Who acts, as the sender says; the control plane authorises that principal."""

    type: ActorType
    id: str


class Intent(NamedTuple):
    """What ties a command to what caused it; mint one with ``new_intent`` where intent enters."""

    trace_id: str
    correlation_id: str
    causation_id: str | None = None
    parent_span_id: str | None = None
    """Span in that trace which the command hangs under."""


class CommandRecord(NamedTuple):
    """A command ready to be produced."""

    command_id: str
    command_type: str
    tenant_id: TenantId
    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers
    envelope: Envelope
    parent_span_id: str | None = None


def uuid7() -> UUID:
    """Give a version 7 UUID (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def new_command_id() -> str:
    """Give a fresh command id; a retry after an unknown outcome uses the same id again, a new try a new one."""
    return f"cmd-{uuid7()}"


def new_intent() -> Intent:
    """Mint a correlation id and, unless the caller is in a trace already, a trace id."""
    caller = current()
    if caller is None:
        return Intent(secrets.token_hex(16), f"corr-{uuid7()}")
    return Intent(caller.trace_id, f"corr-{uuid7()}", parent_span_id=caller.span_id)


def input_topic_of(command_type: str) -> str:
    """Give the input topic that admits the command type; the first of the table where several do."""
    for topic in TOPICS:
        if topic.kind is Kind.INPUT and command_type in topic.admits:
            return topic.name
    raise CommandInvalidError(f"No input topic admits {command_type}: see `factory topics list`.")


def checked(command: Struct | EdgeModel) -> Struct:
    """Give the typed record of a command with every rule of its schema checked; raise CommandInvalidError."""
    record = to_record(command) if isinstance(command, EdgeModel) else command
    entry = catalogue().by_type[type(record)]
    try:
        plain = msgspec.to_builtins(record, builtin_types=(bytes,))
        return msgspec.convert(plain, entry.type)
    except msgspec.ValidationError as error:
        raise CommandInvalidError(f"{entry.name}: {error}") from error


def command_record(
    command: Struct | EdgeModel,
    *,
    tenant_id: str,
    actor: Actor,
    intent: Intent | None = None,
    command_id: str | None = None,
    project_id: str | None = None,
    workflow_instance_id: str | None = None,
    task_id: str | None = None,
    approval_id: str | None = None,
    retry_of: str | None = None,
    catalogue_not_before: int | None = None,
) -> CommandRecord:
    """Give the record of a command. Raises CommandInvalidError where a rule is broken or the record is too large."""
    record = checked(command)
    schema_id, payload = encode_payload(record)
    intent = intent or new_intent()
    envelope = Envelope(
        event_id=command_id or new_command_id(),
        event_type=type(record).__name__,
        kind="command",
        tenant_id=TenantId(tenant_id),
        project_id=_scope(ProjectId, project_id, record, "project_id"),
        workflow_instance_id=_scope(
            WorkflowInstanceId, workflow_instance_id, record, "workflow_instance_id"
        ),
        task_id=_scope(TaskId, task_id, record, "task_id"),
        approval_id=ApprovalId(approval_id) if approval_id else None,
        trace_id=intent.trace_id,
        correlation_id=intent.correlation_id,
        causation_id=intent.causation_id,
        retry_of=retry_of,
        occurred_at=time.time_ns() // 1000,
        actor_type=actor.type,
        actor_id=PrincipalId(actor.id),
        catalogue_not_before=catalogue_not_before,
        payload_schema_id=schema_id,
        payload=payload,
    )
    return _addressed(envelope, intent.parent_span_id)


def _addressed(envelope: Envelope, parent_span_id: str | None) -> CommandRecord:
    """Give the record of an envelope: checked, framed, with topic, partition and headers."""
    try:
        msgspec.convert(msgspec.to_builtins(envelope, builtin_types=(bytes,)), Envelope)
    except msgspec.ValidationError as error:
        raise CommandInvalidError(f"{envelope.event_type}: {error}") from error
    value = encode_envelope(envelope)
    if len(value) > MAX_RECORD_BYTES:
        raise CommandInvalidError(
            f"{envelope.event_type} is {len(value)} bytes long; at most {MAX_RECORD_BYTES} are taken."
        )
    return CommandRecord(
        command_id=envelope.event_id,
        command_type=envelope.event_type,
        tenant_id=envelope.tenant_id,
        topic=input_topic_of(envelope.event_type),
        partition=partition_of(envelope.tenant_id),
        key=envelope.tenant_id.encode(),
        value=value,
        # Where this process sends no spans the command has none: its decision hangs under the caller's.
        headers=headers_of(
            envelope, CLIENT_SOURCE, parent_span_id if parent_span_id and not is_on() else None
        ),
        envelope=envelope,
        parent_span_id=parent_span_id,
    )


def _scope(kind: Callable[[str], Id], given: str | None, record: Struct, name: str) -> Id | None:
    value = given if given is not None else getattr(record, name, None)
    return kind(value) if value else None
