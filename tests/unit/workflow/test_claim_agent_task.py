"""ClaimAgentTask: the first claim under the lease holds the task."""

from schemas.messages.workflow.facts import AgentLeaseExtended, AgentTaskClaimed
from schemas.messages.workflow.state import AgentTask
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    AGENT,
    EXECUTION,
    OTHER_AGENT,
    OTHER_EXECUTION,
    UNKNOWN_TASK,
    act,
    assignment_of,
    claim,
    complete,
    start,
)


def assigned() -> Scenario:
    return act(given(steps(add=agent_task())), start(NAME))


def test_the_first_claim_binds_agent_and_execution() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task)).then(AgentTaskClaimed)
    record = scenario.tables.get(AgentTask, task.task_id)
    assert record is not None
    assert (record.status, record.agent_id, record.execution_id) == ("Claimed", AGENT, EXECUTION)


def test_a_claim_extends_the_lease_from_its_own_time() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    scenario.at += 10_000_000
    act(scenario, claim(task))
    expires_at = scenario.fact(AgentTaskClaimed).lease_expires_at
    assert expires_at == scenario.at + task.lease_micros


def test_the_same_claim_again_is_a_sign_of_life() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, claim(task)).then(AgentLeaseExtended)


def test_another_execution_comes_too_late() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, claim(task, execution_id=OTHER_EXECUTION)).refused("STALE_LEASE")
    assert scenario.facts == []


def test_another_token_does_not_hold() -> None:
    scenario = assigned()
    act(scenario, claim(assignment_of(scenario), lease_token="f" * 64)).refused("STALE_LEASE")


def test_a_claim_of_an_attempt_that_is_over_is_stale() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, complete(task))
    act(scenario, claim(task)).refused("STALE_LEASE")


def test_an_unknown_task_is_not_found() -> None:
    scenario = assigned()
    command = claim(assignment_of(scenario), task_id=UNKNOWN_TASK)
    act(scenario, command).refused("NOT_FOUND", "taskId")


def test_an_unknown_agent_is_not_found() -> None:
    scenario = assigned()
    command = claim(assignment_of(scenario), agent_id="ConnectSoft.Agent.Nobody")
    act(scenario, command).refused("NOT_FOUND", "agentId")


def test_an_agent_without_the_skill_is_forbidden() -> None:
    scenario = assigned()
    command = claim(assignment_of(scenario), agent_id=OTHER_AGENT)
    act(scenario, command).refused("FORBIDDEN", "agentId")


def test_a_person_does_not_claim() -> None:
    scenario = assigned()
    scenario.through_pipeline(claim(assignment_of(scenario))).refused("FORBIDDEN")
