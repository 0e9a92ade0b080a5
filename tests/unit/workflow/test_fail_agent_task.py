"""FailAgentTask: by its class an attempt is tried again after a pause, or the step fails."""

import pytest

from schemas.messages.costs.facts import UsageRecorded
from schemas.messages.tenancy.facts import QuotaSettled
from schemas.messages.workflow import facts
from schemas.messages.workflow.state import AgentTask
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import (
    OTHER_AGENT,
    UNKNOWN_TASK,
    act,
    assignment_of,
    call,
    claim,
    failing,
    names,
    start,
)

RETRY = {"attempts": 3, "delay": "PT2S", "maxDelay": "PT3S", "factor": 2}


def assigned(**with_: object) -> Scenario:
    return act(given(steps(add=agent_task(1, **with_))), start(NAME))


@pytest.mark.parametrize("failure_class", ["external", "agent", "infrastructure"])
def test_a_passing_failure_is_tried_again_after_a_pause(failure_class: str) -> None:
    scenario = assigned(retry=RETRY)
    task = assignment_of(scenario)
    act(scenario, failing(task, failure_class))
    scenario.then(facts.AgentTaskFailed, QuotaSettled)
    pause = (scenario.fact(facts.AgentTaskFailed).retry_at or 0) - scenario.at
    assert 1_000_000 <= pause <= 2_000_000
    scenario.when_timer(AgentTask, task.task_id)
    again = assignment_of(scenario)
    assert (again.task_id, again.attempt, again.correction) == (task.task_id, 2, 0)


def test_the_pause_grows_to_its_bound() -> None:
    scenario = assigned(retry={**RETRY, "attempts": 9, "factor": 10})
    for _ in range(2):
        task = assignment_of(scenario)
        act(scenario, failing(task))
        pause = (scenario.fact(facts.AgentTaskFailed).retry_at or 0) - scenario.at
        scenario.when_timer(AgentTask, task.task_id)
    assert 1_500_000 <= pause <= 3_000_000


def test_retry_after_is_honoured() -> None:
    scenario = assigned(retry=RETRY)
    act(scenario, failing(assignment_of(scenario), retry_after_micros=60_000_000))
    assert scenario.fact(facts.AgentTaskFailed).retry_at == scenario.at + 60_000_000


def test_what_a_failure_spent_is_settled() -> None:
    scenario = assigned()
    act(scenario, failing(assignment_of(scenario), model_invocations=(call(),)))
    scenario.then(facts.AgentTaskFailed, UsageRecorded, QuotaSettled)


def test_a_failed_validation_is_never_tried_again() -> None:
    scenario = assigned(retry=RETRY)
    act(scenario, failing(assignment_of(scenario), "validation"))
    scenario.then(
        facts.AgentTaskFailed,
        QuotaSettled,
        facts.WorkflowStepFailed,
        facts.WorkflowInstanceEscalated,
    )


def test_after_the_last_attempt_a_person_is_asked() -> None:
    scenario = assigned(retry={**RETRY, "attempts": 2})
    task = assignment_of(scenario)
    act(scenario, failing(task))
    scenario.when_timer(AgentTask, task.task_id)
    act(scenario, failing(assignment_of(scenario)))
    assert scenario.fact(facts.AgentTaskFailed).retry_at is None
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "external"


def test_a_class_that_the_definition_does_not_retry_fails_at_once() -> None:
    scenario = assigned(retry={**RETRY, "classes": ["infrastructure"]})
    act(scenario, failing(assignment_of(scenario), "external"))
    assert "WorkflowInstanceEscalated" in names(scenario)


def test_a_late_failure_is_stale() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, failing(task))
    act(scenario, failing(task)).refused("STALE_LEASE")
    scenario.recorded(facts.StaleResultRecorded)


def test_a_claimed_task_fails_without_another_look_at_the_agent() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, claim(task))
    act(scenario, failing(task))
    assert scenario.rejection is None


def test_an_unknown_task_is_not_found() -> None:
    scenario = assigned()
    command = failing(assignment_of(scenario), task_id=UNKNOWN_TASK)
    act(scenario, command).refused("NOT_FOUND", "taskId")


def test_an_agent_that_may_not_take_the_task_cannot_fail_it_either() -> None:
    scenario = assigned()
    task = assignment_of(scenario)
    act(scenario, failing(task, agent_id="ConnectSoft.Agent.Nobody")).refused("NOT_FOUND")
    act(scenario, failing(task, agent_id=OTHER_AGENT)).refused("FORBIDDEN")
