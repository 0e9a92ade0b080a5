"""Envelopes of what a cause ends in: facts and refusals with their place in the outcome, messages without one.

Ids are derived from the cause, so that deciding it again gives the same ids (settled.md 4).
"""

from typing import Final, NamedTuple

from msgspec import Struct

from schemas.codec import MAX_RECORD_BYTES, encode_payload
from schemas.ids import TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from streams.head import Head, context_of
from streams.wiring import Cause, Recorded, Rejection, Scope, derived_uuid

_PAYLOAD_BYTES_MAX: Final = MAX_RECORD_BYTES - 8_000
"""What is left for a payload: an envelope's own fields are bounded and take less than 8,000 bytes."""

Payload = tuple[int, bytes]
"""Registry id of the writer schema, and the Avro bytes."""


class Refusal(NamedTuple):
    """The record of a refusal and the id it is given."""

    record: CommandRejected
    event_id: str


class TooLargeOutcomeError(Exception):
    """A record of the outcome would be over the size limit; the decision is taken back and refused."""


def derived_id(tenant_id: TenantId, kind: str, cause_id: str, ordinal: int) -> str:
    """Give uuid5 of tenant | kind | cause id | ordinal: the same on a re-run, never another tenant's (settled.md 4)."""
    return f"evt-{derived_uuid(f'{tenant_id}|{kind}|{cause_id}|{ordinal}')}"


def position_id(cause: Cause, kind: str) -> str:
    """Give an id from the cause's position: the command id of a repeat names another outcome."""
    place = f"{cause.topic}|{cause.partition}|{cause.offset}"
    return f"evt-{derived_uuid(f'{kind}|{place}')}"


def refusal_of(cause: Cause, rejection: Rejection, *, of_the_id: bool = False) -> Refusal:
    """Give the record of a refusal.

    ``of_the_id``: the command's id itself is refused. Then its outcome may exist already, and the refusal is
    named by its cause's position instead.
    """
    record = CommandRejected(
        command_id=cause.message_id,
        command_type=cause.message_type,
        code=rejection.code,
        rule=rejection.rule,
        field=rejection.field,
        expected=rejection.expected,
        got=rejection.got,
        retryable=rejection.retryable,
        content_digest=cause.digest,
    )
    if of_the_id:
        return Refusal(record, position_id(cause, "refused"))
    return Refusal(record, derived_id(cause.tenant_id, "refused", cause.message_id, 0))


def unsequenced(cause: Cause, event_id: str, message: Struct, scope: Scope) -> Envelope:
    """Give the envelope of a record outside the tenant's sequence: a message sent out, a repeat."""
    schema_id, payload = payload_of(message)
    return Envelope(
        event_id=event_id,
        event_type=type(message).__name__,
        kind="message",
        tenant_id=cause.tenant_id,
        project_id=scope.project_id,
        workflow_instance_id=scope.workflow_instance_id,
        task_id=scope.task_id,
        approval_id=scope.approval_id,
        trace_id=scope.trace_id,
        correlation_id=scope.correlation_id,
        causation_id=cause.message_id,
        occurred_at=cause.at,
        actor_type=cause.actor_type,
        actor_id=cause.actor_id,
        cause_topic=cause.topic,
        cause_partition=cause.partition,
        cause_offset=cause.offset,
        payload_schema_id=schema_id,
        payload=payload,
    )


def payload_of(message: Struct) -> Payload:
    """Give the payload of a message. Raises TooLargeOutcomeError."""
    schema_id, payload = encode_payload(message)
    if len(payload) > _PAYLOAD_BYTES_MAX:
        raise TooLargeOutcomeError(f"{type(message).__name__} of {len(payload)} bytes")
    return schema_id, payload


class Place:
    """Makes the envelopes of one outcome."""

    def __init__(self, cause: Cause, count: int, catalogue_position: int) -> None:
        self._cause = cause
        self.count = count
        self._catalogue_position = catalogue_position

    def fact(
        self, recorded: Recorded, ordinal: int, head: Head, payload: Payload
    ) -> tuple[Envelope, str]:
        """Give the envelope of the outcome's next fact, and the context whose sequence it counts in."""
        cause, meta, schema = self._cause, recorded.meta, recorded.schema
        context = context_of(schema.context, schema.name)
        scope = meta.scope
        if meta.sequence != head.sequence + 1:
            raise AssertionError(f"{meta.event_id} was decided for sequence {meta.sequence}")
        envelope = Envelope(
            event_id=meta.event_id,
            event_type=meta.event_type,
            kind="event",
            tenant_id=cause.tenant_id,
            project_id=scope.project_id,
            workflow_instance_id=scope.workflow_instance_id,
            task_id=scope.task_id,
            approval_id=scope.approval_id,
            trace_id=scope.trace_id,
            correlation_id=scope.correlation_id,
            causation_id=meta.causation_id,
            occurred_at=meta.at,
            actor_type=meta.actor_type,
            actor_id=meta.actor_id,
            aggregate_type=schema.aggregate[0] if schema.aggregate else None,
            aggregate_id=meta.aggregate_id,
            aggregate_version=meta.aggregate_version,
            sequence=meta.sequence,
            context_sequence=head.next_in(context),
            cause_topic=cause.topic,
            cause_partition=cause.partition,
            cause_offset=cause.offset,
            ordinal=ordinal,
            outcome_count=self.count,
            catalogue_position=self._catalogue_position,
            payload_schema_id=payload[0],
            payload=payload[1],
        )
        return envelope, context

    def refusal(self, event_id: str, head: Head, payload: Payload) -> Envelope:
        """Give the envelope of the refusal, which stands last."""
        cause = self._cause
        scope = cause.scope
        return Envelope(
            event_id=event_id,
            event_type=CommandRejected.__name__,
            kind="rejection",
            tenant_id=cause.tenant_id,
            project_id=scope.project_id,
            workflow_instance_id=scope.workflow_instance_id,
            task_id=scope.task_id,
            approval_id=scope.approval_id,
            trace_id=scope.trace_id,
            correlation_id=scope.correlation_id,
            causation_id=cause.message_id,
            occurred_at=cause.at,
            actor_type=cause.actor_type,
            actor_id=cause.actor_id,
            sequence=head.sequence + 1,
            context_sequence=head.next_in("rejections"),
            cause_topic=cause.topic,
            cause_partition=cause.partition,
            cause_offset=cause.offset,
            ordinal=self.count - 1,
            outcome_count=self.count,
            catalogue_position=self._catalogue_position,
            payload_schema_id=payload[0],
            payload=payload[1],
        )
