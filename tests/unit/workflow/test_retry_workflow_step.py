"""RetryWorkflowStep: a person lets an escalated step begin once more."""

from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow, RetryWorkflowStep
from schemas.messages.workflow.state import AgentTask, WorkflowInstance
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    INSTANCE,
    act,
    assignment_of,
    complete,
    failing,
    names,
    start,
)

RETRY = RetryWorkflowStep(workflow_instance_id=INSTANCE, step_path="do/0", reason="try it")


def started() -> Scenario:
    return act(given(steps(only=agent_task())), start(NAME))


def escalated() -> Scenario:
    scenario = started()
    return act(scenario, failing(assignment_of(scenario), "validation"))


def test_the_same_task_is_given_out_again() -> None:
    scenario = escalated()
    act(scenario, RETRY)
    assert names(scenario) == [
        "WorkflowStepRetried",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    retried, again = scenario.fact(facts.WorkflowStepRetried), assignment_of(scenario)
    assert (retried.attempt, retried.reason, retried.note) == (2, "person", "try it")
    assert again.attempt == 2
    header = scenario.tables.get(WorkflowInstance, INSTANCE)
    assert header is not None
    assert header.escalated_steps == 0


def test_its_failures_are_counted_anew() -> None:
    scenario = escalated()
    act(scenario, RETRY)
    task = scenario.tables.get(AgentTask, assignment_of(scenario).task_id)
    assert task is not None
    assert (task.failures, task.corrections, task.expiries) == (0, 0, 0)


def test_a_good_result_ends_the_workflow() -> None:
    scenario = escalated()
    act(scenario, RETRY)
    act(scenario, complete(assignment_of(scenario)))
    assert "WorkflowInstanceCompleted" in names(scenario)


def test_an_unknown_instance_is_not_found() -> None:
    act(given(steps(only=agent_task())), RETRY).refused("NOT_FOUND", "workflowInstanceId")


def test_an_unknown_step_is_not_found() -> None:
    command = RetryWorkflowStep(workflow_instance_id=INSTANCE, step_path="do/7")
    act(escalated(), command).refused("NOT_FOUND", "stepPath")


def test_only_an_escalation_is_answered() -> None:
    act(started(), RETRY).refused("INVALID_STATE", "stepPath")


def test_what_has_ended_is_not_tried_again() -> None:
    scenario = act(escalated(), CancelWorkflow(workflow_instance_id=INSTANCE))
    act(scenario, RETRY).refused("INVALID_STATE", "workflowInstanceId")
