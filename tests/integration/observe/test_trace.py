"""One workflow is one tree of spans: caller, command, decision, assignment, agent, result, next decision.

The whole system on real Kafka sends its spans by OTLP to a collector of the test's own; a second person's approval and
a timer, which come by traces of their own, hang in the same tree.
"""

import json
import secrets
from collections import Counter
from collections.abc import Mapping

import pytest
from confluent_kafka import Message

from schemas.codec import decode_envelope, decode_payload
from schemas.edge_model import model_of
from schemas.ids import SYSTEM
from schemas.messages.workflow.messages import AgentTaskAssignment
from streams.clients import LogEnds
from streams.restore import read_committed
from streams.run.seeds import ask
from streams.settings import Settings
from tests.fault.site import WAIT_DEFINITION, until
from tests.integration.observe.collector import Received
from tests.integration.observe.conftest import APPROVER, TENANT, Observed
from tests.integration.people import OWNER
from topics.command import uuid7
from topics.model import PARTITIONS
from topics.naming import AGENT_MESH_TASKS
from topics.trace_context import TraceContext, parsed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

TASKS = 6
"""Tasks of a governed delivery that is corrected once."""


def started(
    observed: Observed, definition: str, given: Mapping[str, object]
) -> tuple[str, TraceContext]:
    """Start a workflow by the command line inside a caller's span; give instance and that span."""
    caller = TraceContext(secrets.token_hex(16), secrets.token_hex(8))
    instance = f"wf-{uuid7()}"
    done = observed.plant.factory(
        "workflow", "start", definition, "--owner", "system", "--tenant", TENANT, "--actor", OWNER,
        "--id", instance, "--input", json.dumps(given),
        TRACEPARENT=caller.traceparent, OTEL_EXPORTER_OTLP_ENDPOINT=observed.collector.endpoint,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return instance, caller


def tree(observed: Observed, caller: TraceContext) -> dict[str, Received]:
    """Give span id -> span of the caller's trace so far."""
    spans = [span for span in observed.collector.spans() if span.trace_id == caller.trace_id]
    assert len({span.span_id for span in spans}) == len(spans), "no span comes twice"
    return {span.span_id: span for span in spans}


def path(spans: dict[str, Received], last: Received) -> list[str]:
    """Give the names from the root down to a span."""
    names = [last.name]
    while last.parent_id in spans:
        last = spans[last.parent_id]
        names.append(last.name)
    return names[::-1]


def wait_for_tree(observed: Observed, caller: TraceContext, tasks: int) -> dict[str, Received]:
    """Wait until the spans of so many tasks and every parent of a span have come; each process sends its own."""

    def came() -> bool:
        spans = tree(observed, caller)
        names = Counter(span.name.split()[0] for span in spans.values())
        known = {caller.span_id, *spans}
        is_one = all(span.parent_id in known for span in spans.values())
        return is_one and names["work"] >= tasks and names["decide"] >= tasks + 1

    until("the spans of the workflow", came, 60)
    return tree(observed, caller)


def test_a_workflow_is_one_tree_from_the_caller_to_its_last_decision(observed: Observed) -> None:
    instance, caller = started(observed, "add-five", {"value": 1})
    observed.plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    spans = wait_for_tree(observed, caller, 5)

    roots = [span for span in spans.values() if span.parent_id not in spans]
    assert [(span.name, span.parent_id) for span in roots] == [
        ("send StartWorkflow", caller.span_id)
    ]

    last = max(
        (span for span in spans.values() if span.name == "decide CompleteAgentTask"),
        key=lambda span: span.end_ns,
    )
    once = ["send AgentTaskAssignment", "work ConnectSoft.Skill.AddOne",
            "send CompleteAgentTask", "decide CompleteAgentTask"]  # fmt: skip
    assert path(spans, last) == ["send StartWorkflow", "decide StartWorkflow", *once * 5]

    services = {span.name.split()[0]: span.service for span in spans.values()}
    assert services["decide"] == services["commit"] == "factory-worker"
    assert services["work"] == "factory-agent"
    assert spans[roots[0].span_id].service == "factory-client"
    for span in spans.values():
        parent = spans.get(span.parent_id, span)
        assert parent.begin_ns <= span.begin_ns <= span.end_ns, (parent, span)


def test_every_transaction_is_a_span_that_leads_to_its_decisions(observed: Observed) -> None:
    instance, caller = started(observed, "add-five", {"value": 1})
    observed.plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    spans = wait_for_tree(observed, caller, 5)
    decisions = {span.key for span in spans.values() if span.name.startswith("decide ")}
    commits = [span for span in observed.collector.spans() if span.name == "commit"]
    reached = {link for commit in commits for link in commit.links}
    reached |= {(commit.trace_id, commit.parent_id) for commit in commits}
    assert decisions <= reached
    assert all(int(commit.attributes["factory.bytes"]) > 0 for commit in commits)


def test_an_approval_by_another_person_and_a_correction_stay_in_the_tree(
    observed: Observed,
) -> None:
    given = {"product": "order service", "difficulty": "hard"}
    instance, caller = started(observed, "governed-delivery", given)
    plant = observed.plant
    _, request = plant.wait_for(TENANT, instance, "ApprovalRequested")
    asked = request.approval_id  # type: ignore[attr-defined]
    granted = plant.must("GrantApproval", TENANT, APPROVER, approval_id=asked, comment="sound")
    plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    spans = wait_for_tree(observed, caller, TASKS)

    assert [span.name for span in spans.values() if span.parent_id not in spans] == [
        "send StartWorkflow"
    ]
    (moved,) = [span for span in spans.values() if span.name == "decide GrantApproval"]
    assert path(spans, moved)[:3] == [
        "send StartWorkflow",
        "decide StartWorkflow",
        "start workflow",
    ]
    assert [trace_id for trace_id, _ in moved.links] == [granted.facts[0][0].trace_id]
    assert granted.facts[0][0].trace_id != caller.trace_id
    after = [span for span in spans.values() if span.parent_id == moved.span_id]
    assert "send AgentTaskAssignment" in {span.name for span in after}
    skills = {span.name for span in spans.values() if span.name.startswith("work ")}
    assert len(skills) == 5


def test_what_a_timer_moves_on_stays_in_the_tree(observed: Observed) -> None:
    published = {"name": "wait-and-add", "version": "1.0.0", "definition": WAIT_DEFINITION}
    ask(
        observed.plant.admin,
        model_of("PublishWorkflowDefinition").model_validate(published),
        SYSTEM,
    )
    instance, caller = started(observed, "wait-and-add", {"value": 1})
    observed.plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    spans = wait_for_tree(observed, caller, 1)
    assert [span.name for span in spans.values() if span.parent_id not in spans] == [
        "send StartWorkflow"
    ]
    (work,) = [span for span in spans.values() if span.name.startswith("work ")]
    assert path(spans, work) == [
        "send StartWorkflow", "decide StartWorkflow", "start workflow", "decide FireTimer",
        "send AgentTaskAssignment", "work ConnectSoft.Skill.AddOne",
    ]  # fmt: skip


def test_an_assignment_says_the_same_span_to_those_who_read_headers_and_to_those_who_do_not(
    observed: Observed,
) -> None:
    instance, caller = started(observed, "add-five", {"value": 1})
    observed.plant.wait_for(TENANT, instance, "WorkflowInstanceCompleted")
    sent = {
        TraceContext(span.trace_id, span.span_id)
        for span in wait_for_tree(observed, caller, 5).values()
        if span.name == "send AgentTaskAssignment"
    }
    by_header, by_payload = set(), set()
    for message in records(observed, AGENT_MESH_TASKS):
        envelope = decode_envelope(message.value())
        if envelope.workflow_instance_id == instance:
            contract = decode_payload(envelope.payload_schema_id, envelope.payload)
            assert isinstance(contract, AgentTaskAssignment)
            by_payload.add(parsed(contract.traceparent))
            by_header.add(parsed(dict(message.headers() or [])["traceparent"]))
    assert by_header == by_payload == sent
    assert len(sent) == 5


def records(observed: Observed, topic: str) -> list[Message]:
    """Give every committed record of a topic."""
    settings = Settings(bootstrap=observed.plant.bootstrap)
    ends, found = LogEnds(settings), list[Message]()
    places = [(topic, number) for number in range(PARTITIONS)]
    read_committed(settings, ends.end(places), ends.first(places), found.append)
    return found
