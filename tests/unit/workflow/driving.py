"""Drives an instance to where a test wants it: answers every assignment, or tells what is open."""

from collections.abc import Callable
from typing import Any

from schemas.messages.workflow.facts import WorkflowInstanceCompleted
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.unit.scenario import Scenario
from tests.unit.workflow.world import act, complete

Answer = Callable[[AgentTaskAssignment], Any]


def plus_one(assignment: AgentTaskAssignment) -> Any:
    """Give the result of an agent that adds one."""
    value = int(assignment.inputs.partition(":")[2].rstrip("}")) + 1
    return complete(assignment, f'{{"value":{value}}}')


def answer_all(scenario: Scenario, answer: Answer = plus_one) -> list[AgentTaskAssignment]:
    """Answer all assignments of the last decision and of those that follow, in order; give them."""
    answered: list[AgentTaskAssignment] = []
    waiting = [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    while waiting:
        assignment = waiting.pop(0)
        act(scenario, answer(assignment))
        assert scenario.rejection is None, scenario.rejection
        answered.append(assignment)
        waiting += [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    return answered


def output_of(scenario: Scenario) -> str:
    """Give the output of the instance that the last decision ended."""
    return scenario.fact(WorkflowInstanceCompleted).output
