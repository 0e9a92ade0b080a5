"""The spans of a cycle follow from what its transactions wrote: one a decided record, each in its trace."""

import dataclasses
import time
from collections.abc import Iterable

import pytest
from msgspec import Struct
from msgspec.structs import replace

from processors.contract import Rejection
from processors.decision import Decision
from schemas.codec import decode_envelope, encode_envelope
from schemas.ids import TenantId, WorkflowInstanceId
from streams.observe.decisions import Committed, DecisionSpans, Taken, spans_of
from streams.records import InputRecord
from streams.timers import timer_envelope
from streams.wiring import Key, Rules
from streams.work import Work
from tests.integration.streams import toy
from tests.unit.streams.test_decide import NOW, Bench, Untouched, a_bench, a_record, marbles
from topics import naming
from topics.spans import Span
from topics.trace_context import TraceContext, decision_span, own_span

TRACE = "0" * 31 + "1"
toy.register()


def shown(bench: Bench, *records: InputRecord) -> list[Span]:
    """Give the spans of a cycle that decided the records."""
    return list(spans_of(committed(bench.run(*records), records)))


def committed(work: Work, records: Iterable[InputRecord]) -> Committed:
    taken = [Taken(record, number) for number, record in enumerate(records, 100)]
    return Committed(taken, [work], 1_000, 2_000)


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def command_id(record: InputRecord) -> str:
    return decode_envelope(record.value).event_id


def test_each_decided_record_is_a_span_under_its_command() -> None:
    records = [marbles(1, 0), marbles(2, 1)]
    first, second = named(shown(a_bench(), *records), "decide AddMarbles")
    for span, record, began in ((first, records[0], 100), (second, records[1], 101)):
        identity = command_id(record)
        assert span.context == TraceContext(TRACE, decision_span(identity))
        assert span.parent == TraceContext(TRACE, own_span(identity))
        assert (span.begin_ns, span.end_ns) == (began, 2_000)
        assert span.attributes["factory.outcome"] == "accepted"
        assert span.attributes["factory.facts"] == 1


def test_the_header_says_under_which_span_a_decision_hangs() -> None:
    caller = TraceContext(TRACE, "b" * 16)
    told = marbles(1, 0)._replace(headers=[("traceparent", caller.traceparent.encode())])
    lying = marbles(1, 1)._replace(
        headers=[("traceparent", f"00-{'2' * 32}-{'3' * 16}-01".encode())]
    )
    first, second = named(shown(a_bench(), told, lying), "decide AddMarbles")
    assert first.parent == caller
    assert second.parent == TraceContext(TRACE, own_span(command_id(lying))), "not of this trace"


@pytest.mark.parametrize(
    ("count", "answer", "code", "failed"),
    [
        (-1, "refused", "INVALID_STATE", ""),
        (toy.SILENT, "silent", None, ""),
        (toy.BUG, "dead", "PROCESSOR_BUG", "PROCESSOR_BUG"),
    ],
)
def test_what_became_of_a_command_is_on_its_span(
    count: int, answer: str, code: str | None, failed: str
) -> None:
    (span,) = named(shown(a_bench(), marbles(count, 0)), "decide AddMarbles")
    assert span.attributes["factory.outcome"] == answer
    assert span.attributes.get("factory.refusal") == code
    assert span.failed == failed


def test_an_id_that_comes_twice_has_two_decisions_with_two_spans() -> None:
    again = marbles(1, 0)._replace(offset=1)
    first, second = named(shown(a_bench(), marbles(1, 0), again), "decide AddMarbles")
    assert second.attributes["factory.outcome"] == "repeated"
    assert first.context != second.context


def test_a_commit_of_one_decision_hangs_under_it_and_one_of_several_is_linked() -> None:
    (alone,) = named(shown(a_bench(), marbles(1, 0)), "commit")
    assert alone.parent == TraceContext(TRACE, decision_span(command_id(marbles(1, 0))))
    (shared,) = named(shown(a_bench(), marbles(1, 0), marbles(1, 1)), "commit")
    assert shared.parent is None
    assert [link.span_id for link in shared.links] == [
        decision_span(command_id(marbles(1, offset))) for offset in (0, 1)
    ]


class Moving:
    """Rules under which a command moves a workflow of another trace on, as a timer's or an approver's does."""

    trace = "7" * 32
    workflow = WorkflowInstanceId("wf-0198f2c0-0000-7000-8000-00000000000a")

    def _move(self, decision: Decision) -> None:
        decision.scope = decision.scope._replace(
            trace_id=self.trace, workflow_instance_id=self.workflow
        )

    def decide(self, decision: Decision, command: Struct) -> Rejection | None:
        self._move(decision)
        return toy.decide(decision, command)

    def fire(self, decision: Decision, kind: str, record_id: str, deadline: int) -> None:
        self._move(decision)
        toy.fire(decision, kind, record_id, deadline)

    def rules(self) -> Rules:
        return dataclasses.replace(toy.rules(), decide=self.decide, fire=self.fire)


def test_a_command_that_moves_another_trace_on_stands_in_both() -> None:
    record = marbles(1, 0)
    own, moved = named(shown(a_bench(Moving().rules()), record), "decide AddMarbles")
    assert own.context.trace_id == TRACE
    assert moved.context == TraceContext(Moving.trace, decision_span(command_id(record)))
    assert moved.parent == TraceContext(Moving.trace, own_span(Moving.workflow))
    assert moved.links == (own.context,)


def test_a_timer_is_shown_where_it_moves_something_and_nowhere_else() -> None:
    bench = a_bench(Moving().rules())
    bench.run(a_record(toy.AddMarbles(jar_id="j", count=1, spills_at=NOW + 1), 0))
    envelope = timer_envelope(NOW + 1, Key(TenantId("acme"), "Jar", "j"))
    timer = InputRecord(naming.TIMERS, 0, 0, b"acme", encode_envelope(envelope), [], NOW + 2)
    (span,) = named(shown(bench, timer), "decide FireTimer")
    assert span.context.trace_id == Moving.trace
    assert span.parent == TraceContext(Moving.trace, own_span(Moving.workflow))
    assert span.links == ()
    again = timer._replace(offset=1)
    assert shown(bench, again) == [], "it changed nothing, so nobody's trace has it"


@pytest.mark.parametrize(
    "changes",
    [{"event_type": "canary"}, {"correlation_id": "canary canary"}, {"trace_id": "canary"}, None],
)
def test_a_record_that_was_not_believed_is_not_quoted(changes: dict[str, str] | None) -> None:
    sound = marbles(1, 0)
    value = b"canary" if changes is None else encode_envelope(
        replace(decode_envelope(sound.value), **changes)
    )  # fmt: skip
    assert shown(a_bench(), sound._replace(value=value)) == []


class Kept:
    """Keeps spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def emit(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        """Nothing is left."""


def test_a_cycle_hands_over_what_it_committed_and_when_each_record_was_taken() -> None:
    kept, bench, before = Kept(), a_bench(), time.time_ns()
    trace = DecisionSpans(kept, Untouched())
    record = marbles(1, 0)
    trace.hand.take(record)
    trace.committed([bench.run(record)], time.perf_counter())
    trace.close()
    assert [span.name for span in kept.spans] == ["decide AddMarbles", "commit"]
    assert before <= kept.spans[0].begin_ns <= kept.spans[0].end_ns <= time.time_ns()
    assert trace.hand.taken == []


def test_nothing_is_decided_before_it_was_taken_whatever_the_clocks_say() -> None:
    kept, bench = Kept(), a_bench()
    trace, record = DecisionSpans(kept, Untouched()), marbles(1, 0)
    trace.hand.take(record)
    trace.committed([bench.run(record)], time.perf_counter() - 3600)
    trace.close()
    decided = dict(kept.spans[0].events)["decided"]
    assert kept.spans[0].begin_ns <= decided <= kept.spans[0].end_ns
