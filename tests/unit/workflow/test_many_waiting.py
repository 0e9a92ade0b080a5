"""Thousands of steps may wait: one decision begins a bounded number of them, the others follow."""

import pytest

from processors.workflow import queues
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import WaitingStep, WorkflowInstance
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.driving import answer_all
from tests.unit.workflow.world import OWNER, ROLE, act, start


def test_a_pool_that_grows_begins_some_and_the_others_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queues, "ADMISSIONS_MAX", 2)
    scenario = given(steps(a=agent_task("${ input.n }")), capacity=0)
    for number in range(7):
        act(scenario, start(NAME, '{"n":1}', f"wf-00000000-0000-4000-8000-{number:012d}"))
    act(scenario, SizeAgentPool(agent_role=ROLE, capacity=100), actor_id=OWNER)
    assert len([m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]) == 2
    assert len(list(scenario.tables.scan(WaitingStep))) == 5
    assert len(answer_all(scenario)) == 7
    headers = [header for _, header in scenario.tables.scan(WorkflowInstance)]
    assert {header.status for header in headers} == {"Completed"}
