"""ResumeWorkflow: what the pause held up goes on."""

from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import PauseWorkflow, ResumeWorkflow
from schemas.messages.workflow.state import WaitingStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import INSTANCE, act, assignment_of, complete, names, start

PAUSE = PauseWorkflow(workflow_instance_id=INSTANCE)
RESUME = ResumeWorkflow(workflow_instance_id=INSTANCE)


def started() -> Scenario:
    return act(given(steps(first=agent_task(), second=agent_task())), start(NAME))


def test_the_steps_that_were_held_up_begin() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, PAUSE)
    act(scenario, complete(task))
    act(scenario, RESUME)
    assert names(scenario) == [
        "WorkflowInstanceResumed",
        "WorkflowInstanceUnblocked",
        "PolicyDecisionRecorded",
        "QuotaReserved",
        "AgentTaskAssigned",
    ]
    assert list(scenario.tables.scan(WaitingStep)) == []


def test_a_correction_that_was_held_up_keeps_its_task() -> None:
    scenario = started()
    task = assignment_of(scenario)
    act(scenario, PAUSE)
    act(scenario, complete(task, "[]"))
    act(scenario, RESUME)
    again = assignment_of(scenario)
    assert (again.task_id, again.attempt) == (task.task_id, 2)
    assert again.findings


def test_with_nothing_held_up_it_only_resumes() -> None:
    scenario = act(started(), PAUSE)
    act(scenario, RESUME).then(facts.WorkflowInstanceResumed)


def test_an_unknown_instance_is_not_found() -> None:
    act(given(steps(first=agent_task())), RESUME).refused("NOT_FOUND", "workflowInstanceId")


def test_what_is_not_paused_is_not_resumed() -> None:
    act(started(), RESUME).refused("INVALID_STATE", "workflowInstanceId")
