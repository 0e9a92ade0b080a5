"""What an agent's bad answer gets, on real Kafka: findings or a refusal by rule, and the task goes on."""

import json
from typing import Any

import pytest

from schemas.messages.workflow.facts import AgentTaskFailed, ValidationFailed
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.integration.held import AGENT, Held, held, neighbour_of
from tests.integration.people import Plant
from topics.command import uuid7
from topics.outcome import Outcome

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

MESH = "service:agent-mesh"
OWNER = "user:held-owner"
EXECUTION = f"exec-{uuid7()}"


@pytest.fixture(scope="module")
def work(plant: Plant) -> Held:
    return held(plant, neighbour_of("plant-a", "held"), OWNER)


def answer(
    plant: Plant, task: AgentTaskAssignment, output: object, tenant: str, by: str, **changes: Any
) -> Outcome:
    """Report a result for a task."""
    values = {
        "task_id": task.task_id,
        "execution_id": EXECUTION,
        "agent_id": AGENT,
        "agent_version": "1.0.0",
        "attempt": task.attempt,
        "lease_token": task.lease_token,
        "output": output if isinstance(output, str) else json.dumps(output),
        "model_invocations": [],
        "output_artifacts": [],
        "input_artifact_ids": [],
        "validation": {"passed": True, "findings": []},
        "context_package_id": None,
        "started_at": "2026-01-01T00:00:00Z",
        "completed_at": "2026-01-01T00:00:01Z",
    }
    return plant.ask("CompleteAgentTask", tenant, by, **{**values, **changes})


def types(outcome: Outcome) -> list[str]:
    return [envelope.event_type for envelope, _payload in outcome.facts]


def test_results_that_are_not_good_are_sent_back_or_refused_and_the_good_one_ends_the_workflow(
    plant: Plant, work: Held
) -> None:
    first = work.assignment(plant)

    # Another hand on the lease: nobody but the mesh, only in the task's tenant, only with the attempt's own token.
    for by, tenant, changes, code, field in (
        (OWNER, work.tenant, {}, "FORBIDDEN", None),
        ("agent:self-made", work.tenant, {}, "FORBIDDEN", None),
        (MESH, "plant-a", {}, "NOT_FOUND", "taskId"),
        (MESH, work.tenant, {"lease_token": "f" * 64}, "STALE_LEASE", "leaseToken"),
        (MESH, work.tenant, {"attempt": 7}, "STALE_LEASE", "leaseToken"),
        (MESH, work.tenant, {"agent_id": "ConnectSoft.Agent.Nobody"}, "NOT_FOUND", "agentId"),
        (MESH, work.tenant, {"agent_id": "ConnectSoft.Agent.Adder"}, "FORBIDDEN", "agentId"),
    ):  # fmt: skip
        refused = answer(plant, first, {"value": 1}, tenant, by, **changes)
        assert refused.rejection is not None, (by, tenant, changes)
        assert (refused.rejection.code, refused.rejection.rule != "") == (code, True)
        assert field is None or refused.rejection.field == field
        assert set(types(refused)) <= {"StaleResultRecorded"}

    # A result that fails the skill's schema is sent back with what is wrong, by its place.
    bad = answer(plant, first, {"value": "one", "more": 1}, work.tenant, MESH)
    assert bad.accepted
    assert types(bad).count("ValidationFailed") == 1
    findings = next(p.findings for _e, p in bad.facts if isinstance(p, ValidationFailed))
    assert any("value" in finding for finding in findings)
    assert "AgentTaskAssigned" in types(bad)
    second = work.assignment(plant, attempt=2)

    # The attempt that is over counts no more, though its token was genuine.
    late = answer(plant, first, {"value": 1}, work.tenant, MESH)
    assert late.rejection is not None
    assert late.rejection.code == "STALE_LEASE"
    assert types(late)[0] == "StaleResultRecorded"

    # What is no JSON at all is a finding too.
    again = answer(plant, second, "{", work.tenant, MESH)
    assert "ValidationFailed" in types(again)
    assert [p.retry_at for _e, p in again.facts if isinstance(p, AgentTaskFailed)] != [None]
    third = work.assignment(plant, attempt=3)

    done = answer(plant, third, {"value": 2}, work.tenant, MESH)
    assert done.rejection is None
    assert "WorkflowInstanceCompleted" in types(done)
    kinds = [e.envelope.event_type for e in plant.facts(work.tenant, work.instance)]
    assert kinds.count("AgentTaskCompleted") == 1
    assert kinds.count("ValidationFailed") == 2


def test_who_asks_for_an_approval_may_not_grant_it(plant: Plant, work: Held) -> None:
    refused = plant.ask(
        "GrantApproval", work.tenant, OWNER, approval_id=work.approval, comment="mine"
    )
    assert refused.rejection is not None
    assert (refused.rejection.code, refused.rejection.field) == ("FORBIDDEN", "actorId")
    assert refused.facts == []
