"""Thousands of steps may wait: one decision begins a bounded number of them, the others follow by themselves."""

import json

import pytest

from processors.workflow import burst, holding, queues
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.tenancy.facts import TenantReactivated
from schemas.messages.workflow import facts
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import DeferredSteps, WaitingStep, WorkflowInstance
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.driving import answer_all
from tests.unit.workflow.world import (
    OWNER,
    ROLE,
    act,
    assignment_of,
    complete,
    happen,
    start,
    suspended,
)

GROW = SizeAgentPool(agent_role=ROLE, capacity=100)
REACTIVATED = TenantReactivated(tenant_id="acme", reason="paid")  # type: ignore[arg-type]


def instance(number: int) -> str:
    return f"wf-00000000-0000-4000-8000-{number:012d}"


def waiting_in_a_pool(count: int = 7) -> Scenario:
    scenario = given(steps(a=agent_task("${ input.n }")), capacity=0)
    for number in range(count):
        act(scenario, start(NAME, '{"n":1}', instance(number)))
    return scenario


def held_by_a_suspension(count: int = 7) -> Scenario:
    scenario = given(steps(a=agent_task("${ input.n }"), b=agent_task(1)), capacity=100)
    tasks = [
        assignment_of(act(scenario, start(NAME, '{"n":1}', instance(number))))
        for number in range(count)
    ]
    scenario.given(suspended())
    for task in tasks:
        act(scenario, complete(task, '{"value":2}'))
    return scenario


def waiting(scenario: Scenario) -> int:
    return len(list(scenario.tables.scan(WaitingStep)))


def assigned(scenario: Scenario) -> int:
    return len([m for m in scenario.sent if isinstance(m, AgentTaskAssignment)])


def continues_at(scenario: Scenario, queue: str) -> int | None:
    record = scenario.tables.get(DeferredSteps, queue)
    assert record is not None
    return record.continues_at


@pytest.fixture(autouse=True)
def _two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "ADMISSIONS_MAX", 2)
    monkeypatch.setattr(holding, "ADMISSIONS_MAX", 2)


def test_a_pool_that_grows_begins_some_and_the_others_follow() -> None:
    scenario = waiting_in_a_pool()
    act(scenario, GROW, actor_id=OWNER)
    assert assigned(scenario) == 2
    assert waiting(scenario) == 5
    assert len(answer_all(scenario)) == 7
    headers = [header for _, header in scenario.tables.scan(WorkflowInstance)]
    assert {header.status for header in headers} == {"Completed"}


def test_the_others_follow_by_a_timer_though_no_agent_ever_answers() -> None:
    scenario = waiting_in_a_pool()
    act(scenario, GROW, actor_id=OWNER)
    begun = [assigned(scenario)]
    while continues_at(scenario, "admission") is not None:
        scenario.when_timer(DeferredSteps, "admission")
        begun.append(assigned(scenario))
    assert begun == [2, 2, 2, 1]
    assert waiting(scenario) == 0


def test_a_look_that_stopped_says_so_once_and_says_when_it_is_done() -> None:
    scenario = waiting_in_a_pool(3)
    act(scenario, GROW, actor_id=OWNER)
    said = scenario.fact(facts.WaitingStepsDeferred)
    assert (said.queue, said.begun) == ("admission", 2)
    assert said.continues_at is not None
    assert said.continues_at > scenario.at
    scenario.when_timer(DeferredSteps, "admission")
    assert scenario.fact(facts.WaitingStepsDeferred).continues_at is None


def test_a_timer_that_finds_the_queues_empty_ends_the_matter() -> None:
    scenario = waiting_in_a_pool(3)
    act(scenario, GROW, actor_id=OWNER)
    answer_all(scenario)
    assert waiting(scenario) == 0
    assert continues_at(scenario, "admission") is not None
    scenario.when_timer(DeferredSteps, "admission").then(facts.WaitingStepsDeferred)
    assert continues_at(scenario, "admission") is None


def test_a_reactivation_lets_some_go_on_and_the_others_follow_by_a_timer() -> None:
    scenario = held_by_a_suspension()
    happen(scenario, REACTIVATED)
    begun = [assigned(scenario)]
    while continues_at(scenario, "suspended") is not None:
        scenario.when_timer(DeferredSteps, "suspended")
        begun.append(assigned(scenario))
    assert begun == [2, 2, 2, 1]
    assert waiting(scenario) == 0


def test_a_second_suspension_keeps_what_is_left_until_the_next_reactivation() -> None:
    scenario = held_by_a_suspension()
    happen(scenario, REACTIVATED)
    scenario.given(suspended())
    scenario.when_timer(DeferredSteps, "suspended").then(facts.WaitingStepsDeferred)
    assert waiting(scenario) == 5
    assert continues_at(scenario, "suspended") is None
    happen(scenario, REACTIVATED)
    assert waiting(scenario) == 3


def test_a_few_that_were_held_go_on_at_once_and_nothing_more_is_said() -> None:
    scenario = held_by_a_suspension(2)
    happen(scenario, REACTIVATED)
    assert waiting(scenario) == 0
    assert scenario.tables.get(DeferredSteps, "suspended") is None


def test_a_step_with_a_burst_of_its_own_ends_the_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "ADMISSIONS_MAX", 100)
    monkeypatch.setattr(holding, "RELEASED_FACTS_MAX", 3)
    scenario = held_by_a_suspension(3)
    happen(scenario, REACTIVATED)
    assert waiting(scenario) == 2


def test_documents_that_pile_up_in_one_decision_fail_the_instance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(burst, "DOCUMENT_BYTES_AT_ONCE_MAX", 50_000)
    kept = {
        "for": {"each": "i", "in": "${ input.turns }"},
        "do": steps(s={"set": {"x": "${ input.text }"}}),
    }
    scenario = given(steps(loop=kept))
    document = {"turns": [1] * 100, "text": "x" * 2_000}
    act(scenario, start(NAME, json.dumps(document)))
    failed = scenario.fact(facts.WorkflowInstanceFailed)
    assert failed.failure_class == "LIMIT_EXCEEDED"
    assert "50000 bytes" in failed.message
    few = given(steps(loop=kept))
    act(few, start(NAME, json.dumps({**document, "turns": [1] * 5})))
    assert few.fact(facts.WorkflowInstanceCompleted)
