"""Spans of decisions, made from records and instants after their cycle has committed, in a thread of its own.

The cycle notes when each record was taken in hand and hands over what it committed; that is all it pays, and only
where tracing is on. Deciding itself knows nothing of spans (processors/ is pure). A cycle that finds the thread behind
is not shown: a trace may have holes, the cycle never waits.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from queue import SimpleQueue
from typing import Final, NamedTuple, Protocol

from streams.observe.outcomes import Found, Outcome, decision_context, outcomes_of
from streams.records import InputRecord, OutputRecord
from topics import naming
from topics.spans import Span, Spans, Value, scope, spans
from topics.trace_context import TraceContext, own_span

log = logging.getLogger(__name__)

SERVICE: Final = "factory-worker"
"""Name of a worker's process in traces."""
BEHIND_MAX: Final = 200
"""Cycles that may wait to be made into spans; more are not shown."""
LINKS_MAX: Final = 128
"""Most links of a commit's span, the SDK's own bound."""
STOP_S: Final = 5.0
"""How long an end waits for the spans that are still to be made."""


class InHand(Protocol):
    """Notes the record that is about to be decided (streams.decide)."""

    def attempts(self, record: InputRecord) -> int:
        """Give how often the process has ended in the middle of that record."""

    def take(self, record: InputRecord) -> None:
        """Note the record that is about to be decided."""


class Written(Protocol):
    """A unit of work as far as a span shows it (streams.work.Work)."""

    @property
    def partition(self) -> int:
        """Partition that it was committed on."""

    @property
    def outputs(self) -> list[OutputRecord]:
        """Records of its transaction."""


class Taken(NamedTuple):
    """A record and when it was taken in hand, nanoseconds UTC."""

    record: InputRecord
    at_ns: int


class Committed(NamedTuple):
    """A cycle that has committed; instants in nanoseconds UTC."""

    taken: list[Taken]
    works: Sequence[Written]
    decided_ns: int
    committed_ns: int


class TimedHand:
    """Notes when each record is taken, and passes it on."""

    def __init__(self, inner: InHand) -> None:
        self._inner = inner
        self.taken: list[Taken] = []

    def attempts(self, record: InputRecord) -> int:
        """Give how often the process has ended in the middle of that record."""
        return self._inner.attempts(record)

    def take(self, record: InputRecord) -> None:
        """Note the record and the instant."""
        self.taken.append(Taken(record, time.time_ns()))
        self._inner.take(record)


class DecisionSpans:
    """Makes the spans of committed cycles."""

    def __init__(self, spans: Spans, inner: InHand) -> None:
        self.hand = TimedHand(inner)
        self.not_shown = 0
        """Cycles for which there was no time."""
        self._spans = spans
        self._queue: SimpleQueue[Committed | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def committed(self, works: Sequence[Written], decided: float) -> None:
        """Take a cycle that has just committed; ``decided`` is the performance counter when its decisions were made."""
        since_ns = int((time.perf_counter() - decided) * 1e9)
        now_ns = time.time_ns()
        taken, self.hand.taken = self.hand.taken, []
        if self._queue.qsize() >= BEHIND_MAX:
            self.not_shown += 1
            return
        # Two clocks: between looking at them the thread may have been put aside.
        newest = taken[-1].at_ns if taken else 0
        decided_ns = min(now_ns, max(now_ns - since_ns, newest))
        self._queue.put(Committed(taken, works, decided_ns, now_ns))

    def close(self) -> None:
        """Make what is left into spans and send them."""
        self._queue.put(None)
        self._thread.join(STOP_S)
        self._spans.close()

    def _run(self) -> None:
        while (cycle := self._queue.get()) is not None:
            try:
                for span in spans_of(cycle):
                    self._spans.emit(span)
            except Exception:
                # What is shown of a decision must never end it.
                log.exception("a cycle cannot be made into spans")


def spans_of(cycle: Committed) -> Iterable[Span]:
    """Give the spans of a cycle: each decision, what it sent, the workflows it started, and each commit."""
    at = {taken.record[:3]: taken for taken in cycle.taken}
    for work in cycle.works:
        mine = [taken for taken in at.values() if taken.record.partition == work.partition]
        decided = outcomes_of([taken.record for taken in mine], work.outputs)
        contexts: list[TraceContext] = []
        for outcome in decided:
            began = at[outcome.record[:3]].at_ns
            for found in outcome.traces:
                contexts.append(decision_context(outcome, found))
                yield _decision(outcome, found, began, cycle)
                yield from _sent(outcome, found, began, cycle)
        if contexts:
            yield _commit(work, contexts, cycle)


def _decision(outcome: Outcome, found: Found, began: int, cycle: Committed) -> Span:
    record, command = outcome.record, outcome.command
    attributes: dict[str, Value] = {
        **scope(command),
        "factory.command": command.event_type,
        "factory.outcome": outcome.answer,
        "factory.facts": outcome.facts,
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "factory.appended_ms": record.appended_at // 1000,
    }
    if outcome.code:
        attributes["factory.refusal"] = outcome.code
    return Span(
        name=f"decide {command.event_type}",
        context=decision_context(outcome, found),
        parent=found.parent,
        kind="CONSUMER",
        begin_ns=began,
        end_ns=cycle.committed_ns,
        attributes=attributes,
        links=found.links,
        events=(("decided", cycle.decided_ns), ("committed", cycle.committed_ns)),
        failed=outcome.code if outcome.is_dead else "",
    )


def _sent(outcome: Outcome, found: Found, began: int, cycle: Committed) -> Iterable[Span]:
    """Give a span for each workflow that the decision started and each message that it sent."""
    above = decision_context(outcome, found)
    for envelope in found.started:
        yield Span(
            name="start workflow",
            context=TraceContext(above.trace_id, own_span(envelope.workflow_instance_id or "")),
            parent=above,
            kind="INTERNAL",
            begin_ns=began,
            end_ns=cycle.committed_ns,
            attributes=scope(envelope),
        )
    for envelope, topic in found.sent:
        yield Span(
            name=f"send {envelope.event_type}",
            context=TraceContext(above.trace_id, own_span(envelope.event_id)),
            parent=above,
            kind="PRODUCER",
            begin_ns=cycle.decided_ns,
            end_ns=cycle.committed_ns,
            attributes={
                **scope(envelope),
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.destination.name": topic,
            },
        )


def _commit(work: Written, contexts: list[TraceContext], cycle: Committed) -> Span:
    """Give the span of a transaction: under its decision where it holds one, else linked to all of them."""
    alone = contexts[0] if len(contexts) == 1 else None
    trace_id = alone.trace_id if alone is not None else secrets.token_hex(16)
    return Span(
        name="commit",
        context=TraceContext(trace_id, secrets.token_hex(8)),
        parent=alone,
        kind="CLIENT",
        begin_ns=cycle.decided_ns,
        end_ns=cycle.committed_ns,
        attributes={
            "messaging.system": "kafka",
            "messaging.batch.message_count": len(work.outputs),
            "messaging.destination.partition.id": str(work.partition),
            "factory.bytes": sum(len(output.value or b"") for output in work.outputs),
            "factory.topics": len({output.topic for output in work.outputs} - {naming.STATE}),
        },
        links=() if alone is not None else tuple(contexts[:LINKS_MAX]),
    )


def decision_spans(inner: InHand) -> DecisionSpans | None:
    """Give what makes a worker's spans; None, and nothing loaded, where tracing is off."""
    out = spans(SERVICE)
    return DecisionSpans(out, inner) if out is not None else None
