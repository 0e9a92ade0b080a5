"""CancelWorkflow: all that is open is taken back, then the instance ends."""

from schemas.messages.governance.state import Approval
from schemas.messages.tenancy.facts import QuotaReleased
from schemas.messages.tenancy.state import QuotaReservation
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow
from schemas.messages.workflow.messages import AgentTaskWithdrawal
from schemas.messages.workflow.state import HeldReservation, WaitingQueue, WaitingStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, approval, given, steps
from tests.unit.workflow.world import (
    INSTANCE,
    act,
    assignment_of,
    claim,
    complete,
    names,
    start,
)

CANCEL = CancelWorkflow(workflow_instance_id=INSTANCE, reason="no longer wanted")


def started() -> Scenario:
    return act(given(steps(only=agent_task())), start(NAME))


def test_a_task_that_nobody_took_is_withdrawn_and_its_reservation_given_back() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, CANCEL)
    assert names(scenario) == [
        "AgentTaskWithdrawn",
        "QuotaReleased",
        "WorkflowStepSkipped",
        "WorkflowInstanceCancelled",
        "QuotaReleased",
    ]
    withdrawn = [m.task_id for m in scenario.sent if isinstance(m, AgentTaskWithdrawal)]
    assert withdrawn == [task.task_id]
    assert list(scenario.tables.scan(QuotaReservation)) == []


def test_the_reservation_of_a_claimed_task_waits_for_what_was_spent() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, CANCEL)
    assert scenario.fact(QuotaReleased).reservation_id == f"workflow/{INSTANCE}"
    assert scenario.tables.get(HeldReservation, f"task/{task.task_id}/1") is not None
    scenario.when_timer(HeldReservation, f"task/{task.task_id}/1")
    assert names(scenario) == ["QuotaSettled"]
    assert list(scenario.tables.scan(QuotaReservation)) == []


def test_a_result_after_the_cancel_is_stale() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, CANCEL)
    act(scenario, complete(task)).refused("STALE_LEASE")


def test_an_open_approval_is_withdrawn() -> None:
    scenario = act(given(steps(ask=approval())), start(NAME))
    act(scenario, CANCEL)
    assert "ApprovalWithdrawn" in names(scenario)
    assert [a.status for _, a in scenario.tables.scan(Approval)] == ["Withdrawn"]


def test_a_step_that_waits_leaves_its_queue() -> None:
    scenario = act(given(steps(only=agent_task()), capacity=0), start(NAME))
    act(scenario, CANCEL)
    assert list(scenario.tables.scan(WaitingStep)) == []
    assert list(scenario.tables.scan(WaitingQueue)) == []


def test_the_instance_keeps_the_reason() -> None:
    scenario = act(started(), CANCEL)
    assert scenario.fact(facts.WorkflowInstanceCancelled).reason == "no longer wanted"


def test_an_unknown_instance_is_not_found() -> None:
    act(given(steps(only=agent_task())), CANCEL).refused("NOT_FOUND", "workflowInstanceId")


def test_what_has_ended_is_not_cancelled() -> None:
    scenario = act(started(), CANCEL)
    act(scenario, CANCEL).refused("INVALID_STATE", "workflowInstanceId")
