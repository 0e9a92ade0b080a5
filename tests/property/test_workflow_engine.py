"""Whatever agents, people and time do: workflows end, nothing stays reserved, and the facts alone give the state."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from processors import registry
from processors.tables import Key
from processors.workflow import holding, queues
from schemas.catalogue import catalogue
from schemas.messages.agents.facts import AgentPoolSized
from schemas.messages.agents.state import AgentPool
from schemas.messages.governance.state import Approval
from schemas.messages.tenancy.state import QuotaReservation
from schemas.messages.workflow.state import (
    AgentTask,
    ApprovalWait,
    HeldReservation,
    WaitingQueue,
    WaitingStep,
    WorkflowInstance,
    WorkflowStep,
)
from tests.property.workflow_chance import Chance, Fate
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, given
from tests.unit.workflow.world import ROLE, limit, policy, start

ACTS_MAX = 3_000
ASKS = """@id("ask") @effect("requiresApproval")
forbid (principal, action == Factory::Action::"agent-task:assign", resource)
when { context.step == "step1" || context.step == "step4" };"""


@pytest.fixture(autouse=True, scope="module")
def _every_look_stops_at_once() -> Iterator[None]:
    """Bound every look at waiting steps to one, so that what follows by itself has to."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queues, "ADMISSIONS_MAX", 1)
        patched.setattr(holding, "ADMISSIONS_MAX", 1)
        yield


def world_of(seed: int) -> tuple[Scenario, int]:
    """Give a world with one definition by chance, and the most tasks that may be active."""
    random = Random(seed)  # noqa: S311  # chance that can be drawn again, no secret
    timeout = random.choice([{}, {}, {"timeout": "PT1H"}])
    scenario = given(Chance(random).do(), **timeout)
    active = random.randint(1, 6)
    scenario.given(
        AgentPoolSized(agent_role=ROLE, capacity=random.randint(1, 4)),
        limit("tasks.active", active),
    )
    if random.random() < 0.3:
        scenario.given(policy("ask", ASKS))
    return scenario, active


def live_through(seed: int) -> tuple[Scenario, Fate, int]:
    """Give the scenario after three instances have lived to their end."""
    scenario, active = world_of(seed)
    random = Random(seed + 1)  # noqa: S311  # as above
    instances = [f"wf-00000000-0000-4000-8000-{number:012d}" for number in range(3)]
    fate = Fate(random, scenario, instances)
    for instance_id in instances:
        document = f'{{"n":{random.randint(0, 7)}}}'
        fate.command(start(NAME, document, instance_id, priority=random.randint(1, 5)))
        assert scenario.rejection is None, scenario.rejection
    while not fate.is_over():
        fate.act_once()
        assert fate.acts < ACTS_MAX, "the workflows do not end"
        check(scenario, active)
    return scenario, fate, active


def check(scenario: Scenario, active: int) -> None:
    """Check what holds at any time."""
    tables = scenario.tables
    held = [t for _, t in tables.scan(AgentTask) if t.status in {"Assigned", "Claimed"}]
    assert len(held) <= active, "more tasks are active than the quota holds"
    pool = tables.get(AgentPool, ROLE)
    assert pool is not None
    assert len(held) == pool.live <= pool.capacity
    queued: dict[str, int] = {}
    for waiting_id, waiting in tables.scan(WaitingStep):
        step = tables.get(WorkflowStep, f"{waiting.workflow_instance_id}/{waiting.step_path}")
        assert step is not None
        assert step.waiting_id == waiting_id
        queue = waiting_id.partition("/")[0]
        if queue.startswith(ROLE):
            queued[queue] = queued.get(queue, 0) + 1
    counted = {i.partition("/")[2]: q.waiting for i, q in tables.scan(WaitingQueue)}
    assert counted == queued
    for instance_id, header in tables.scan(WorkflowInstance):
        children = tables.children(WorkflowStep, instance_id)
        assert header.escalated_steps == sum(s.status == "Escalated" for _, s in children)


def values(scenario: Scenario) -> dict[Key, Any]:
    """Give the records of a scenario's tables."""
    return {key: e.value for key, e in scenario.overlay.changes.items() if e is not None}


@settings(max_examples=120, deadline=None)
@given_any(st.integers(0, 2**32))
def test_the_facts_alone_give_the_state(seed: int) -> None:
    scenario, _, _ = live_through(seed)
    again, _ = world_of(seed)
    for fact, meta in scenario.history:
        registry.apply(again.tables, fact, meta)
    assert values(again) == values(scenario)


@settings(max_examples=60, deadline=None)
@given_any(st.integers(0, 2**32))
def test_when_all_has_ended_nothing_is_left_open(seed: int) -> None:
    scenario, fate, active = live_through(seed)
    for waiting in fate.due():
        fate.fire(waiting)
    check(scenario, active)
    tables = scenario.tables
    for kind in (QuotaReservation, HeldReservation, WaitingStep, WaitingQueue, ApprovalWait):
        assert list(tables.scan(kind)) == []
    assert [a for _, a in tables.scan(Approval) if a.status == "Pending"] == []
    pool = tables.get(AgentPool, ROLE)
    assert pool is not None
    assert pool.live == 0


@settings(max_examples=60, deadline=None)
@given_any(st.integers(0, 2**32))
def test_an_aggregate_s_versions_have_no_gap(seed: int) -> None:
    scenario, _, _ = live_through(seed)
    newest: dict[tuple[str, str], int] = {}
    for fact, meta in scenario.history:
        key = (aggregate_type(fact), meta.aggregate_id)
        expected = newest.get(key, 0) + 1
        if key[0] in {"WorkflowInstance", "AgentTask"}:
            assert meta.aggregate_version == expected, (meta.event_type, meta.aggregate_id)
            newest[key] = expected


def aggregate_type(fact: Any) -> str:
    """Give the aggregate that a fact belongs to."""
    aggregate = catalogue().by_type[type(fact)].aggregate
    assert aggregate is not None
    return aggregate[0]
