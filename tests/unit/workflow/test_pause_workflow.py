"""PauseWorkflow: the instance stops at its next step boundary; results are still taken in."""

from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow, PauseWorkflow
from schemas.messages.workflow.state import AgentTask
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import INSTANCE, act, assignment_of, complete, failing, names, start

PAUSE = PauseWorkflow(workflow_instance_id=INSTANCE, reason="lunch")


def started() -> Scenario:
    return act(given(steps(first=agent_task(), second=agent_task())), start(NAME))


def test_it_pauses() -> None:
    act(started(), PAUSE).then(facts.WorkflowInstancePaused)


def test_a_result_is_taken_in_and_the_next_step_waits() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, PAUSE)
    act(scenario, complete(task))
    assert names(scenario) == ["AgentTaskCompleted", "QuotaSettled", "WorkflowInstanceBlocked"]
    assert scenario.fact(facts.WorkflowInstanceBlocked).reason == "paused"


def test_a_retry_waits_too_and_its_timer_does_not_come_back() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, failing(task))
    act(scenario, PAUSE)
    scenario.when_timer(AgentTask, task.task_id).then(facts.WorkflowInstanceBlocked)
    record = scenario.tables.get(AgentTask, task.task_id)
    assert record is not None
    assert (record.status, record.retry_at) == ("Ready", None)


def test_an_unknown_instance_is_not_found() -> None:
    act(given(steps(first=agent_task())), PAUSE).refused("NOT_FOUND", "workflowInstanceId")


def test_it_is_paused_once() -> None:
    scenario = act(started(), PAUSE)
    act(scenario, PAUSE).refused("INVALID_STATE", "workflowInstanceId")


def test_what_has_ended_is_not_paused() -> None:
    scenario = act(started(), CancelWorkflow(workflow_instance_id=INSTANCE))
    act(scenario, PAUSE).refused("INVALID_STATE")
