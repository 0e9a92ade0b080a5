"""HeartbeatAgentTask: a sign of life extends the lease."""

from schemas.messages.workflow.facts import AgentLeaseExtended
from schemas.messages.workflow.state import AgentTask
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    OTHER_EXECUTION,
    UNKNOWN_TASK,
    act,
    assignment_of,
    claim,
    heartbeat,
    start,
)


def assigned() -> Scenario:
    return act(given(steps(add=agent_task())), start(NAME))


def test_it_extends_the_lease() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    scenario.at += 20_000_000
    act(scenario, heartbeat(task)).then(AgentLeaseExtended)
    record = scenario.tables.get(AgentTask, task.task_id)
    assert record is not None
    assert record.lease_expires_at == scenario.at + task.lease_micros


def test_it_never_moves_the_deadline() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    before = scenario.tables.get(AgentTask, task.task_id)
    scenario.at += 20_000_000
    act(scenario, heartbeat(task))
    after = scenario.tables.get(AgentTask, task.task_id)
    assert before is not None
    assert after is not None
    assert after.deadline_at == before.deadline_at


def test_a_task_is_claimed_first() -> None:
    scenario = assigned()
    act(scenario, heartbeat(assignment_of(scenario))).refused("INVALID_STATE", "taskId")


def test_another_execution_does_not_extend() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, heartbeat(task, execution_id=OTHER_EXECUTION)).refused("STALE_LEASE")


def test_an_unknown_task_is_not_found() -> None:
    scenario = assigned()
    command = heartbeat(assignment_of(scenario), task_id=UNKNOWN_TASK)
    act(scenario, command).refused("NOT_FOUND")
