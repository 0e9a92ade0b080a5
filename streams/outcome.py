"""From a decision to the records of its outcome: facts and the refusal sealed into the tenant's chain, messages.

Every record of an outcome names its cause's position, its place in the outcome and how many there are, so that
a reader knows that it has all of it (settled.md 1). Facts of ``system`` that every partition needs are copied
to each partition of the catalogue in the same transaction.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import uuid5

from msgspec import Struct

from schemas.catalogue import Entry as SchemaEntry
from schemas.catalogue import catalogue
from schemas.codec import MAX_RECORD_BYTES, encode_envelope, encode_payload, seal
from schemas.ids import SYSTEM, TenantId
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import CommandRepeated
from streams.head import Head, context_of
from streams.layout import OUTBOUND, Layout
from streams.records import Headers, OutputRecord
from streams.wiring import NAMESPACE, Cause, Outbound, Recorded, Rejection, Scope
from topics import naming

SOURCE: Final = b"urn:factory:control-plane"
"""ce_source of everything the control plane emits."""
_VERSION: Final = b"1.0"
_AVRO: Final = b"application/avro"
_PAYLOAD_BYTES_MAX: Final = MAX_RECORD_BYTES - 8_000
"""What is left for a payload: an envelope's own fields are bounded and take less than 8,000 bytes."""


class Refusal(NamedTuple):
    """The record of a refusal and the id it is given."""

    record: CommandRejected
    event_id: str


class TooLargeOutcomeError(Exception):
    """A record of the outcome would be over the size limit; the decision is taken back and refused."""


@lru_cache(maxsize=1024)
def _ce_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _ce_time(micros: int) -> bytes:
    seconds, rest = divmod(micros, 1_000_000)
    return f"{_ce_second(seconds)}.{rest:06d}Z".encode()


def headers_of(envelope: Envelope) -> Headers:
    """Give the seven headers of a record of ours: CloudEvents binary mode and W3C trace context (settled.md 9)."""
    event_id = envelope.event_id
    span = event_id.replace("-", "")[-16:]
    return [
        ("ce_specversion", _VERSION),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", _ce_time(envelope.occurred_at)),
        ("traceparent", f"00-{envelope.trace_id}-{span}-01".encode()),
        ("content-type", _AVRO),
    ]


def derived_id(tenant_id: TenantId, kind: str, cause_id: str, ordinal: int) -> str:
    """Give uuid5 of tenant | kind | cause id | ordinal: the same on a re-run, never another tenant's (settled.md 4)."""
    return f"evt-{uuid5(NAMESPACE, f'{tenant_id}|{kind}|{cause_id}|{ordinal}')}"


def _position_id(cause: Cause, kind: str) -> str:
    """Give an id from the cause's position: the command id of a repeat names another outcome."""
    place = f"{cause.topic}|{cause.partition}|{cause.offset}"
    return f"evt-{uuid5(NAMESPACE, f'{kind}|{place}')}"


class OutcomeWriter:
    """Seals outcomes of one partition and collects the records to produce."""

    def __init__(self, layout: Layout, partition: int) -> None:
        self._layout = layout
        self._partition = partition
        self.outputs: list[OutputRecord] = []

    def outcome(
        self,
        cause: Cause,
        head: Head,
        catalogue_position: int,
        *,
        recorded: list[Recorded],
        sent: list[Outbound],
        refusal: Refusal | None,
    ) -> int:
        """Seal the facts, then the refusal; advance the head; give the first sequence, 0 if there was no record.

        Raises TooLargeOutcomeError before anything has changed.
        """
        first = head.sequence + 1
        payloads = [_payload(each.fact) for each in recorded]
        place = _Place(cause, len(recorded) + (refusal is not None), catalogue_position)
        last = _payload(refusal.record) if refusal is not None else None
        messages = self._messages(cause, sent)
        for ordinal, each in enumerate(recorded):
            envelope, context = place.fact(each, ordinal, head, payloads[ordinal])
            self._seal(envelope, context, each.schema, head)
        if refusal is not None and last is not None:
            envelope = place.refusal(refusal.event_id, head, last)
            self._seal(envelope, "rejections", catalogue().by_type[CommandRejected], head)
        self.outputs.extend(messages)
        return first if place.count else 0

    def _seal(self, envelope: Envelope, context: str, schema: SchemaEntry, head: Head) -> None:
        value, digest = seal(envelope, head.hash)
        head.advance(envelope, context, digest)
        topic = naming.fact_topic(schema.context, schema.name)
        key, headers = envelope.tenant_id.encode(), headers_of(envelope)
        self.outputs.append(OutputRecord(topic, self._partition, key, value, headers))
        if envelope.tenant_id == SYSTEM and self._layout.admits(naming.CATALOGUE, schema.name):
            self.outputs.extend(
                OutputRecord(naming.CATALOGUE, partition, key, value, headers)
                for partition in range(self._layout.partitions)
            )

    def _messages(self, cause: Cause, sent: list[Outbound]) -> list[OutputRecord]:
        """Give what is sent out: no fact, so without a sequence; placed by its own key."""
        outputs = []
        for ordinal, outbound in enumerate(sent):
            schema = catalogue().by_type[type(outbound.message)]
            event_id = derived_id(cause.tenant_id, "message", cause.message_id, ordinal)
            envelope = _unsequenced(cause, event_id, outbound.message, outbound.scope)
            value, headers = encode_envelope(envelope), headers_of(envelope)
            key = outbound.key.encode()
            outputs.append(OutputRecord(OUTBOUND[schema.context], -1, key, value, headers))
        return outputs

    def repeated(self, cause: Cause, first_sequence: int) -> None:
        """Add the answer to a command that came again."""
        message = CommandRepeated(
            command_id=cause.message_id,
            command_type=cause.message_type,
            first_sequence=first_sequence,
        )
        envelope = _unsequenced(cause, _position_id(cause, "repeated"), message, cause.scope)
        key = cause.tenant_id.encode()
        self.outputs.append(
            OutputRecord(
                naming.REJECTIONS,
                self._partition,
                key,
                encode_envelope(envelope),
                headers_of(envelope),
            )
        )


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
        return Refusal(record, _position_id(cause, "refused"))
    return Refusal(record, derived_id(cause.tenant_id, "refused", cause.message_id, 0))


def _unsequenced(cause: Cause, event_id: str, message: Struct, scope: Scope) -> Envelope:
    """Give the envelope of a record outside the tenant's sequence: a message sent out, a repeat."""
    schema_id, payload = _payload(message)
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


def _payload(message: Struct) -> tuple[int, bytes]:
    schema_id, payload = encode_payload(message)
    if len(payload) > _PAYLOAD_BYTES_MAX:
        raise TooLargeOutcomeError(f"{type(message).__name__} of {len(payload)} bytes")
    return schema_id, payload


class _Place:
    """Makes the envelopes of one outcome."""

    def __init__(self, cause: Cause, count: int, catalogue_position: int) -> None:
        self._cause = cause
        self.count = count
        self._catalogue_position = catalogue_position

    def fact(
        self, recorded: Recorded, ordinal: int, head: Head, payload: tuple[int, bytes]
    ) -> tuple[Envelope, str]:
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

    def refusal(self, event_id: str, head: Head, payload: tuple[int, bytes]) -> Envelope:
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
