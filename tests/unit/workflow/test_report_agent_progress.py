"""ReportAgentProgress: how far an agent is, and a sign of life."""

from schemas.messages.workflow.facts import AgentTaskProgressed
from schemas.messages.workflow.state import AgentTask
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import UNKNOWN_TASK, act, assignment_of, claim, progress, start


def assigned() -> Scenario:
    return act(given(steps(add=agent_task())), start(NAME))


def test_it_is_recorded_and_extends_the_lease() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    scenario.at += 20_000_000
    act(scenario, progress(task))
    fact = scenario.fact(AgentTaskProgressed)
    assert (fact.phase, fact.percent) == ("Executing", 40)
    record = scenario.tables.get(AgentTask, task.task_id)
    assert record is not None
    assert record.lease_expires_at == scenario.at + task.lease_micros


def test_a_task_is_claimed_first() -> None:
    scenario = assigned()
    act(scenario, progress(assignment_of(scenario))).refused("INVALID_STATE", "taskId")


def test_an_attempt_that_is_not_the_newest_is_stale() -> None:
    scenario = assigned()
    act(scenario, progress(assignment_of(scenario), attempt=2)).refused("STALE_LEASE")


def test_an_unknown_task_is_not_found() -> None:
    scenario = assigned()
    command = progress(assignment_of(scenario), task_id=UNKNOWN_TASK)
    act(scenario, command).refused("NOT_FOUND")
