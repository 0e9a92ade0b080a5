"""Bytes of a topic to a record, or to the dead letter that says why not."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from query.record import Position, Sequenced
from schemas.codec import decode_envelope, decode_framed, decode_payload
from schemas.errors import (
    EnvelopeInvalidError,
    MalformedRecordError,
    PayloadInvalidError,
    PoisonError,
)
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.messages import DeadLetter, Header

_EVENT_ID: Final = re.compile(r"evt-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")


Headers = Callable[[], list[tuple[str, bytes | None]] | None]
"""Gives a record's headers; few records need them, and taking them apart costs more than the rest."""


class Raw(NamedTuple):
    """A record as the broker gives it."""

    position: Position
    appended_at: int
    """Broker or producer time, micros."""
    key: bytes | None
    value: bytes | None
    headers: Headers


def sequenced(raw: Raw) -> tuple[Sequenced | None, DeadLetter | None]:
    """Decode a record of a fact topic.

    Gives the record, or (None, letter) where its envelope cannot be read, or both where only its payload cannot: then
    its place in the order is known and the order goes on. (None, None): a message without a sequence, such as
    CommandRepeated, which no view shows.
    """
    try:
        envelope = decode_envelope(raw.value)
        if envelope.kind not in {"event", "rejection"}:
            return None, None
        _check(envelope)
    except PoisonError as error:
        return None, letter(raw, error)
    try:
        payload = decode_payload(envelope.payload_schema_id, envelope.payload)
    except PayloadInvalidError as error:
        poison = MalformedRecordError(error.rule, f"payload.{error.field}")
        return Sequenced(raw.position, envelope, None), letter(raw, poison)
    except PoisonError as error:
        return Sequenced(raw.position, envelope, None), letter(raw, error)
    return Sequenced(raw.position, envelope, payload), None


def _check(envelope: Envelope) -> None:
    """Refuse what the database would refuse later, when it could no longer be told from its batch."""
    if envelope.sequence is None or envelope.sequence < 1:
        raise EnvelopeInvalidError("a fact carries a sequence of 1 or more", "sequence")
    if not _EVENT_ID.fullmatch(envelope.event_id):
        raise EnvelopeInvalidError("an id of the form evt-<uuid>", "eventId")
    if not _TRACE_ID.fullmatch(envelope.trace_id):
        raise EnvelopeInvalidError("32 hex digits", "traceId")


def dead_letter(raw: Raw) -> DeadLetter:
    """Decode a record of the dead-letter topic; raise PoisonError."""
    try:
        payload = decode_framed(raw.value or b"")
    except PayloadInvalidError as error:
        raise MalformedRecordError(error.rule, error.field) from error
    if not isinstance(payload, DeadLetter):
        raise MalformedRecordError(f"a DeadLetter, not a {type(payload).__name__}")
    return payload


def letter(raw: Raw, error: PoisonError) -> DeadLetter:
    """Give the dead letter of a record that the projector cannot read."""
    return DeadLetter(
        stage="project",
        code=error.code,
        rule=error.rule,
        field=error.field,
        source_topic=raw.position.topic,
        source_partition=raw.position.partition,
        source_offset=raw.position.offset,
        appended_at=raw.appended_at,
        attempts=1,
        key=raw.key,
        value=raw.value,
        headers=tuple(Header(name=name, value=value) for name, value in raw.headers() or ()),
    )
