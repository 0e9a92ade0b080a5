"""Deadlines of an instance: its time-out, and the end of its retention."""

from schemas.messages.workflow import facts
from schemas.messages.workflow.state import (
    AgentTask,
    WorkflowDocument,
    WorkflowInstance,
    WorkflowStep,
)
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.driving import answer_all
from tests.unit.workflow.world import INSTANCE, act, assignment_of, complete, failing, names, start


def test_an_instance_that_takes_too_long_fails() -> None:
    scenario = act(given(steps(only=agent_task()), timeout="PT1H"), start(NAME))
    scenario.when_timer(WorkflowInstance, INSTANCE)
    assert names(scenario) == [
        "AgentTaskWithdrawn",
        "QuotaReleased",
        "WorkflowStepSkipped",
        "WorkflowInstanceFailed",
        "QuotaReleased",
    ]
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "timeout"


def test_an_ended_instance_is_forgotten_after_its_retention() -> None:
    retry = {"attempts": 2, "delay": "PT2S", "classes": ["external"]}
    safe = {"try": steps(add=agent_task(1, retry={"attempts": 1})), "catch": {"retry": retry}}
    scenario = act(given(steps(safe=safe, last={"set": {"x": 1}})), start(NAME))
    first = assignment_of(scenario)
    act(scenario, failing(first))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    answer_all(scenario)
    scenario.when_timer(WorkflowInstance, INSTANCE).then(facts.WorkflowInstanceArchived)
    for kind in (WorkflowInstance, WorkflowStep, WorkflowDocument, AgentTask):
        assert list(scenario.tables.scan(kind)) == []
    act(scenario, complete(first)).refused("NOT_FOUND", "taskId")


def test_a_failed_instance_is_forgotten_too() -> None:
    stop = {"raise": {"error": {"type": "over", "title": "over"}}}
    scenario = act(given(steps(stop=stop)), start(NAME))
    scenario.when_timer(WorkflowInstance, INSTANCE).then(facts.WorkflowInstanceArchived)
