import pytest
from msgspec import Struct

from processors.agents import pool_room
from processors.agents.state import PLACES, AgentPool
from schemas.messages.agents.facts import AgentPoolSized
from schemas.messages.workflow.facts import AgentTaskAssigned, AgentTaskCompleted
from tests.unit.agents.tasks import assigned, evolved, task_fact
from tests.unit.scenario import Scenario

ENDS = [kind for kind, places in PLACES.items() if places < 0]


def sized(capacity: int) -> Scenario:
    return Scenario().given(AgentPoolSized(agent_role="Adder", capacity=capacity))


def live(scenario: Scenario) -> int:
    pool = scenario.tables.get(AgentPool, "Adder")
    assert pool is not None
    return pool.live


def test_a_role_without_a_pool_has_no_room() -> None:
    assert not pool_room(Scenario().decide(), "Adder")


def test_a_pool_has_room_until_its_capacity_is_taken() -> None:
    scenario = sized(2)
    rooms = []
    for _ in range(3):
        rooms.append(pool_room(scenario.decide(), "Adder"))
        assigned(scenario, 1)
    assert rooms == [True, True, False]


@pytest.mark.parametrize("end", ENDS)
def test_every_end_of_an_assignment_gives_its_place_back(end: type[Struct]) -> None:
    scenario = evolved(assigned(sized(1), 1), task_fact(end))
    assert live(scenario) == 0
    assert pool_room(scenario.decide(), "Adder")


def test_a_place_is_counted_in_the_pool_of_its_own_role() -> None:
    scenario = evolved(sized(1), task_fact(AgentTaskAssigned, "Reviewer"))
    assert live(scenario) == 0
    assert pool_room(scenario.decide(), "Adder")


def test_a_pool_is_the_tenants_own() -> None:
    scenario = Scenario().given_system(AgentPoolSized(agent_role="Adder", capacity=5))
    assert not pool_room(scenario.decide(), "Adder")


def test_what_lives_is_counted_also_before_the_pool_is_sized() -> None:
    scenario = assigned(Scenario(), 1)
    scenario.given(AgentPoolSized(agent_role="Adder", capacity=1))
    assert live(scenario) == 1


def test_a_place_given_back_twice_stops_the_decision() -> None:
    scenario = evolved(assigned(sized(1), 1), task_fact(AgentTaskCompleted))
    with pytest.raises(AssertionError, match="given back twice"):
        evolved(scenario, task_fact(AgentTaskCompleted))
