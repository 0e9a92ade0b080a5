"""What a tenant's history says does not depend on what another tenant of its partition does in between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from processors.contract import Meta, Rejection
from schemas.messages.workflow import commands
from schemas.messages.workflow.commands import ValidationReport
from tests.security.test_two_tenants_commands import (
    COMMANDS,
    INSTANCE,
    A,
    Worlds,
    actor_of,
    build,
)
from tests.unit.workflow.world import MESH, OPERATOR

EXECUTION = "exec-00000000-0000-4000-8000-000000000001"


def script(worlds: Worlds) -> list[tuple[Struct, str]]:
    """Give A's commands with who sends them: a workflow with its pause, its task and its result."""
    task = worlds.assignment
    lease = {
        "task_id": task.task_id, "execution_id": EXECUTION, "agent_id": "ConnectSoft.Agent.Adder",
        "attempt": task.attempt, "lease_token": task.lease_token,
    }  # fmt: skip
    steered = {"workflow_instance_id": INSTANCE, "reason": "a moment"}
    done = commands.CompleteAgentTask(
        **lease, agent_version="1.0.0", output='{"value":2}', model_invocations=(), output_artifacts=(),
        input_artifact_ids=(), validation=ValidationReport(passed=True, findings=()), context_package_id=None,
        started_at=worlds.a.at, completed_at=worlds.a.at,
    )  # type: ignore[arg-type]  # fmt: skip
    return [
        (commands.ClaimAgentTask(**lease, agent_version="1.0.0"), MESH),  # type: ignore[arg-type]
        (commands.PauseWorkflow(**steered), OPERATOR),  # type: ignore[arg-type]
        (done, MESH),
        (commands.ResumeWorkflow(workflow_instance_id=INSTANCE), OPERATOR),  # type: ignore[arg-type]
        (commands.CancelWorkflow(**steered), OPERATOR),  # type: ignore[arg-type]
    ]


Told = tuple[list[tuple[Struct, Meta]], list[Rejection | None], dict[object, bytes]]


def told(between: list[list[str]]) -> Told:
    """Run A's script with B's commands (A's ids in them) before each of A's; give all that A has of it."""
    worlds = Worlds()
    refusals: list[Rejection | None] = []
    for (command, sender), others in zip(script(worlds), between, strict=True):
        for name in others:
            worlds.b.actor, kind = actor_of(name)
            worlds.b.through_pipeline(build(name, worlds.ids()), actor_type=kind)
        worlds.a.actor = sender  # type: ignore[assignment]
        worlds.a.through_pipeline(command, actor_type="service" if sender == MESH else "user")
        refusals.append(worlds.a.rejection)
    return worlds.a.history, refusals, dict(worlds.of(A))


@pytest.fixture(scope="module")
def alone() -> Told:
    """Give what A has of it without B."""
    return told([[]] * 5)


def test_the_script_is_decided_as_it_is_meant(alone: Told) -> None:
    history, refusals, _records = alone
    assert refusals == [None] * 5
    assert {"WorkflowInstancePaused", "AgentTaskCompleted", "WorkflowInstanceCancelled"} <= {
        type(fact).__name__ for fact, _meta in history
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from(COMMANDS), max_size=4), min_size=5, max_size=5))
def test_another_tenants_commands_change_nothing_of_it(
    alone: Told, between: list[list[str]]
) -> None:
    assert told(between) == alone
