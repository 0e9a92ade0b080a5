"""Rates and shares by tenant, project, role and agent, and what a tenant is refused whose work piles up."""

import pytest

from processors.workflow import start_workflow
from schemas.ids import LedgerId
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.tenancy.facts import QuotaExceeded, QuotaOverridden, QuotaReserved
from schemas.messages.tenancy.state import QuotaLedger, QuotaReservation
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import AgentTask, WaitingStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    AGENT,
    INSTANCE,
    OWNER,
    ROLE,
    act,
    assignment_of,
    claim,
    complete,
    failing,
    names,
    start,
)


def instance(number: int) -> str:
    return f"wf-00000000-0000-4000-8000-{number:012d}"


def limited(ledger_id: str, dimension: str, most: int, window: str = "none") -> QuotaOverridden:
    return QuotaOverridden(
        ledger_id=LedgerId(ledger_id),
        dimension=dimension,
        window=window,  # type: ignore[arg-type]
        limit=most,
        warn_at_percent=100,
        set_by="tenant",
        reason="test",
    )


def begun(scenario: Scenario, count: int) -> list[AgentTaskAssignment]:
    """Start so many instances of one task; give those that were assigned."""
    found = []
    for number in range(count):
        act(scenario, start(NAME, '{"n":1}', instance(number)))
        assert scenario.rejection is None
        found += [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    return found


def one_task() -> Scenario:
    return given(steps(a=agent_task("${ input.n }")))


@pytest.mark.parametrize("ledger_id", ["tenant", f"role:{ROLE}"])
def test_tasks_start_as_fast_as_the_tenant_and_the_role_may_and_the_others_follow(
    ledger_id: str,
) -> None:
    scenario = one_task().given(limited(ledger_id, "tasks.started", 2, "minute"))
    tasks = begun(scenario, 3)
    assert len(tasks) == 2
    assert scenario.fact(facts.WorkflowInstanceBlocked).dimension == "tasks.started"
    for task in tasks:
        act(scenario, complete(task, '{"value":2}'))
    assert len(list(scenario.tables.scan(WaitingStep))) == 1, (
        "what has ended has started all the same"
    )
    scenario.when_timer(QuotaLedger, ledger_id)
    assert assignment_of(scenario).attempt == 1
    assert list(scenario.tables.scan(WaitingStep)) == []


def test_a_task_that_nobody_took_gives_its_start_back() -> None:
    scenario = one_task().given(limited("tenant", "tasks.started", 1, "minute"))
    begun(scenario, 1)
    act(scenario, start(NAME, '{"n":1}', instance(7)))
    act(scenario, CancelWorkflow(workflow_instance_id=INSTANCE.replace("001", "000")))  # type: ignore[arg-type]
    assert assignment_of(scenario).workflow_instance_id == instance(7)


def test_nobody_s_records_grow_where_nothing_limits_the_start() -> None:
    scenario = one_task()
    begun(scenario, 1)
    reserved = [f for f in scenario.facts if isinstance(f, QuotaReserved)][-1]
    assert "tasks.started" not in {amount.dimension for amount in reserved.amounts}
    assert reserved.agent_role is None


def test_a_role_s_limit_lets_its_tasks_wait_and_go_on() -> None:
    scenario = one_task().given(limited(f"role:{ROLE}", "tasks.active", 1))
    tasks = begun(scenario, 3)
    assert len(tasks) == 1
    act(scenario, complete(tasks[0], '{"value":2}'))
    assert assignment_of(scenario).workflow_instance_id == instance(1)
    assert len(list(scenario.tables.scan(WaitingStep))) == 1


def test_an_agent_holds_no_more_than_its_share() -> None:
    scenario = one_task().given(limited(f"agent:{AGENT}", "claims.active", 1))
    first, second = begun(scenario, 2)
    act(scenario, claim(first))
    assert names(scenario) == ["QuotaReserved", "QuotaThresholdCrossed", "AgentTaskClaimed"]
    act(scenario, claim(second)).refused("QUOTA_EXCEEDED", "claims.active")
    assert scenario.rejection is not None
    assert scenario.rejection.retryable
    assert scenario.fact(QuotaExceeded).ledger_id == f"agent:{AGENT}"
    task = scenario.tables.get(AgentTask, second.task_id)
    assert task is not None
    assert task.status == "Assigned"
    act(scenario, complete(first, '{"value":2}'))
    act(scenario, claim(second))
    assert scenario.rejection is None


@pytest.mark.parametrize("end", ["complete", "fail", "expire", "withdraw"])
def test_every_end_of_a_task_gives_the_agent_its_share_back(end: str) -> None:
    scenario = one_task().given(limited(f"agent:{AGENT}", "claims.active", 1))
    (task,) = begun(scenario, 1)
    act(scenario, claim(task))
    assert scenario.tables.get(QuotaReservation, f"claim/{task.task_id}/1") is not None
    if end == "complete":
        act(scenario, complete(task, '{"value":2}'))
    elif end == "fail":
        act(scenario, failing(task))
    elif end == "expire":
        scenario.when_timer(AgentTask, task.task_id)
    else:
        act(scenario, CancelWorkflow(workflow_instance_id=task.workflow_instance_id))
    assert scenario.tables.get(QuotaReservation, f"claim/{task.task_id}/1") is None


def test_an_agent_claims_so_many_a_minute() -> None:
    scenario = one_task().given(limited(f"agent:{AGENT}", "claims.started", 1, "minute"))
    first, second = begun(scenario, 2)
    act(scenario, claim(first))
    act(scenario, complete(first, '{"value":2}'))
    act(scenario, claim(second)).refused("QUOTA_EXCEEDED", "claims.started")
    scenario.when_timer(QuotaLedger, f"agent:{AGENT}")
    act(scenario, claim(second))
    assert scenario.rejection is None


def test_a_second_claim_of_the_same_execution_is_not_charged_again() -> None:
    scenario = one_task().given(limited(f"agent:{AGENT}", "claims.active", 1))
    (task,) = begun(scenario, 1)
    act(scenario, claim(task))
    act(scenario, claim(task)).then(facts.AgentLeaseExtended)


def test_a_result_without_a_claim_is_taken_in_whatever_the_agent_s_share() -> None:
    scenario = one_task().given(limited(f"agent:{AGENT}", "claims.active", 0))
    (task,) = begun(scenario, 1)
    act(scenario, claim(task)).refused("QUOTA_EXCEEDED", "claims.active")
    act(scenario, complete(task, '{"value":2}'))
    assert scenario.rejection is None


@pytest.mark.parametrize(("waiting", "refused"), [(1, False), (2, True), (3, True)])
def test_a_tenant_whose_steps_pile_up_starts_nothing_more_until_they_are_fewer(
    waiting: int, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = given(steps(a=agent_task("${ input.n }")), capacity=0)
    begun(scenario, waiting)
    monkeypatch.setattr(start_workflow, "WAITING_STEPS_MAX", 2)
    act(scenario, start(NAME, '{"n":1}', instance(9)))
    assert (scenario.rejection is not None) == refused
    if scenario.rejection is not None:
        code, _, field, expected, got, retryable = scenario.rejection
        assert (code, field, expected) == ("QUOTA_EXCEEDED", "steps.waiting", "fewer than 2")
        assert (got, retryable) == (str(waiting), True)
        act(scenario, SizeAgentPool(agent_role=ROLE, capacity=9), actor_id=OWNER)
        act(scenario, start(NAME, '{"n":1}', instance(9)))
        assert scenario.rejection is None
