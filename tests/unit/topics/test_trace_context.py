"""The trace context of records: ids read off message ids, the caller's context taken over, none made up."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from opentelemetry import trace

from schemas.messages.workflow.commands import PauseWorkflow
from tests.unit.topics.assignments import assignment
from topics.agent_task import AgentTask
from topics.command import Actor, CommandRecord, command_record, new_intent
from topics.headers import headers_of
from topics.spans import entered, is_on, spans
from topics.trace_context import TraceContext, adopt, current, decision_span, own_span, parsed

COMMAND = "cmd-0198f2c0-0000-7000-8000-00000000000f"
CALLER = TraceContext("a" * 31 + "1", "b" * 15 + "2")
PAUSE = PauseWorkflow(
    workflow_instance_id="wf-0198f2c0-0000-7000-8000-000000000001",  # type: ignore[arg-type]
    reason="freeze",
)


@pytest.fixture(autouse=True)
def no_process_parent() -> Iterator[None]:
    yield
    adopt(None)


def header_of(record: CommandRecord) -> TraceContext | None:
    return parsed(dict(record.headers)["traceparent"])


def pause() -> CommandRecord:
    return command_record(PAUSE, tenant_id="acme", actor=Actor("user", "user:olga"))


def test_a_message_and_the_decision_on_it_have_different_spans_that_follow_from_its_id() -> None:
    assert own_span(COMMAND) == "800000000000000f"
    assert decision_span(COMMAND) == "7ffffffffffffff0"
    assert re.fullmatch("[0-9a-f]{16}", decision_span(pause().command_id))


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"",
        "no header",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"00-{'A' * 32}-{'1' * 16}-01",
        f"01-{'1' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'1' * 16}-01\n",
        b"\xff" * 55,
    ],
)
def test_what_is_no_valid_header_is_no_context(text: str | bytes | None) -> None:
    assert parsed(text) is None


def test_a_header_is_read_as_it_is_written() -> None:
    assert parsed(CALLER.traceparent) == parsed(CALLER.traceparent.encode()) == CALLER


def test_without_a_caller_a_command_begins_a_trace_and_stands_for_itself() -> None:
    record = pause()
    assert record.parent_span_id is None
    assert header_of(record) == (record.envelope.trace_id, own_span(record.command_id))


def test_a_command_joins_the_span_that_its_sender_is_in() -> None:
    with entered(CALLER):
        record = pause()
    assert record.envelope.trace_id == CALLER.trace_id
    assert record.parent_span_id == CALLER.span_id


def test_where_this_process_sends_no_spans_the_decision_hangs_under_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with entered(CALLER):
        assert header_of(pause()) == CALLER
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        record = pause()
    assert header_of(record) == (CALLER.trace_id, own_span(record.command_id))


def test_a_process_hangs_under_what_started_it_unless_a_nearer_span_is_current() -> None:
    adopt(CALLER.traceparent)
    assert current() == CALLER
    assert new_intent().trace_id == CALLER.trace_id
    nearer = TraceContext("c" * 32, "d" * 16)
    with entered(nearer):
        assert current() == nearer
    adopt("nonsense")
    assert current() is None


def test_a_fact_names_its_decision_and_a_message_itself() -> None:
    envelope = pause().envelope
    fact = replace(
        envelope, kind="event", event_id=COMMAND.replace("cmd", "evt"), causation_id=COMMAND
    )
    assert parsed(dict(headers_of(fact))["traceparent"]) == (
        envelope.trace_id,
        decision_span(COMMAND),
    )
    message = replace(fact, kind="message")
    assert parsed(dict(headers_of(message))["traceparent"]) == (
        envelope.trace_id,
        own_span(fact.event_id),
    )


def _assigned(**changes: Any) -> AgentTask:
    return AgentTask(replace(assignment("S", "{}"), **changes))


def test_a_task_hangs_its_answer_under_the_assignment_or_under_its_own_span(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"trace_id": CALLER.trace_id, "traceparent": CALLER.traceparent}
    assert _assigned(**given).traceparent == CALLER.traceparent
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    task = _assigned(**given)
    assert task.assigned_by == CALLER
    assert task.context == (CALLER.trace_id, own_span(task.execution_id))


def test_a_handler_runs_inside_its_task_whatever_sdk_it_uses() -> None:
    with entered(CALLER):
        seen = trace.get_current_span().get_span_context()
        assert (f"{seen.trace_id:032x}", f"{seen.span_id:016x}") == CALLER
    assert not trace.get_current_span().get_span_context().is_valid


def test_tracing_is_off_unless_the_environment_names_a_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert not is_on()
    assert spans.__wrapped__("any") is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9")
    assert is_on()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not is_on()
