"""What became of each record of a committed cycle, read back from the records that its transaction wrote.

A decision stands in the trace of its cause. Where its records belong to another trace (a timer's or an approver's
command moves a workflow on) it stands in that one too, under the span of the workflow's start, linked to the first.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.codec import decode_envelope, decode_framed, decode_payload
from schemas.errors import PoisonError
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import CommandRepeated, DeadLetter
from streams.deadletter import ProcessorBugError
from streams.decode import is_catalogue
from streams.records import InputRecord, OutputRecord
from topics import naming
from topics.trace_context import TraceContext, decision_span, own_span, parsed

STARTED: Final = "WorkflowInstanceStarted"
REPEATED: Final = CommandRepeated.__name__
_SOUND: Final = frozenset({"", ProcessorBugError.code})
"""Codes of dead letters whose envelope was sound; empty: no dead letter."""
_NO_OUTCOME: Final = frozenset({naming.STATE, naming.CATALOGUE})

Position = tuple[str, int, int]


class Found(NamedTuple):
    """What a decision did in one trace."""

    trace_id: str
    parent: TraceContext | None
    links: tuple[TraceContext, ...]
    started: list[Envelope]
    sent: list[tuple[Envelope, str]]
    """(message, topic)"""


class Outcome(NamedTuple):
    """What became of one record."""

    record: InputRecord
    command: Envelope
    traces: list[Found]
    answer: str
    """accepted, silent, repeated, refused or dead"""
    code: str
    """Of the refusal or the dead letter, empty where it is neither."""
    facts: int
    span_id: str

    @property
    def is_dead(self) -> bool:
        """Whether the record was set aside."""
        return self.answer == "dead"


def decision_context(outcome: Outcome, found: Found) -> TraceContext:
    """Give the span of a decision in one of its traces."""
    return TraceContext(found.trace_id, outcome.span_id)


def outcomes_of(records: Iterable[InputRecord], outputs: Iterable[OutputRecord]) -> list[Outcome]:
    """Give what became of each sound command among the records."""
    written: dict[Position, list[tuple[Envelope, str]]] = {}
    dead: dict[Position, str] = {}
    for output in outputs:
        if output.topic == naming.DEAD_LETTERS:
            letter = decode_framed(output.value or b"")
            if isinstance(letter, DeadLetter):
                place = (letter.source_topic, letter.source_partition, letter.source_offset)
                dead[place] = letter.code
        elif output.topic not in _NO_OUTCOME:
            envelope = decode_envelope(output.value)
            cause = (envelope.cause_topic, envelope.cause_partition, envelope.cause_offset)
            written.setdefault(cause, []).append((envelope, output.topic))  # type: ignore[arg-type]
    found = []
    for record in records:
        code = dead.get(record[:3], "")
        # A record that was not believed is not quoted either: its ids and names may be anything.
        command = _command(record) if code in _SOUND else None
        if command is not None:
            found.append(_outcome(record, command, written.get(record[:3], []), code))
    return found


def _command(record: InputRecord) -> Envelope | None:
    if is_catalogue(record.topic):
        return None
    try:
        return decode_envelope(record.value)
    except PoisonError:
        return None


def _outcome(
    record: InputRecord,
    command: Envelope,
    written: Sequence[tuple[Envelope, str]],
    dead: str,
) -> Outcome:
    facts = sum(envelope.kind == "event" for envelope, _ in written)
    answer, code, named_by = _answer(command, [envelope for envelope, _ in written], dead)
    traces = _traces(record, command, written)
    return Outcome(record, command, traces, answer, code, facts, decision_span(named_by))


def _answer(command: Envelope, written: list[Envelope], dead: str) -> tuple[str, str, str]:
    """Give answer, code, and the id that names the decision's span.

    An id that came twice has two decisions: the second is named by what answers it.
    """
    if dead:
        return "dead", dead, command.event_id
    for envelope in written:
        if envelope.event_type == REPEATED:
            return "repeated", "", envelope.event_id
        if envelope.kind == "rejection":
            code = _code(envelope)
            return "refused", code, envelope.event_id if code == "DUPLICATE" else command.event_id
    return "accepted" if written else "silent", "", command.event_id


def _code(refusal: Envelope) -> str:
    payload = decode_payload(refusal.payload_schema_id, refusal.payload)
    return payload.code if isinstance(payload, CommandRejected) else ""


def _traces(
    record: InputRecord, command: Envelope, written: Sequence[tuple[Envelope, str]]
) -> list[Found]:
    own = command.trace_id
    moved = sorted({envelope.trace_id for envelope, _ in written} - {own})
    if record.topic == naming.TIMERS:
        # A timer begins no trace that anybody follows; it is shown where it moves something.
        return [_found(each, written, _of_workflow(each, written), ()) for each in moved]
    here = TraceContext(own, decision_span(command.event_id))
    return [
        _found(own, written, _sender(record, command), ()),
        *(_found(each, written, _of_workflow(each, written), (here,)) for each in moved),
    ]


def _found(
    trace_id: str,
    written: Sequence[tuple[Envelope, str]],
    parent: TraceContext | None,
    links: tuple[TraceContext, ...],
) -> Found:
    mine = [(envelope, topic) for envelope, topic in written if envelope.trace_id == trace_id]
    return Found(
        trace_id,
        parent,
        links,
        [envelope for envelope, _ in mine if envelope.event_type == STARTED],
        [
            (envelope, topic)
            for envelope, topic in mine
            if envelope.kind == "message" and envelope.event_type != REPEATED
        ],
    )


def _sender(record: InputRecord, command: Envelope) -> TraceContext:
    """Give the span that the record's header names, or its own where the header is of another trace or none."""
    header = next((value for name, value in record.headers if name == "traceparent"), None)
    named = parsed(header)
    if named is not None and named.trace_id == command.trace_id:
        return named
    return TraceContext(command.trace_id, own_span(command.event_id))


def _of_workflow(trace_id: str, written: Sequence[tuple[Envelope, str]]) -> TraceContext | None:
    """Give the span of the workflow's start in that trace; None where the records belong to no workflow."""
    for envelope, _ in written:
        if envelope.trace_id == trace_id and envelope.workflow_instance_id:
            return TraceContext(trace_id, own_span(envelope.workflow_instance_id))
    return None
