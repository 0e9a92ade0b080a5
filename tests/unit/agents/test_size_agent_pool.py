from processors.agents import pool_room
from processors.agents.state import AgentPool
from schemas.messages.agents.commands import SizeAgentPool
from schemas.messages.agents.facts import AgentPoolSized
from tests.unit.agents.tasks import assigned
from tests.unit.scenario import Scenario

SIZED = AgentPoolSized(agent_role="Adder", capacity=2)


def test_a_pool_gets_its_capacity() -> None:
    scenario = Scenario().when(SizeAgentPool(agent_role="Adder", capacity=2)).then(SIZED)
    assert scenario.tables.get(AgentPool, "Adder") == AgentPool(agent_role="Adder", capacity=2)


def test_a_capacity_below_what_lives_lets_it_live_and_admits_no_more() -> None:
    scenario = assigned(Scenario().given(SIZED), 2)
    scenario.when(SizeAgentPool(agent_role="Adder", capacity=1))
    assert scenario.tables.get(AgentPool, "Adder") == AgentPool(
        agent_role="Adder", capacity=1, live=2
    )
    assert not pool_room(scenario.decide(), "Adder")


def test_a_raised_capacity_admits_at_once() -> None:
    scenario = assigned(Scenario().given(SIZED), 2)
    assert not pool_room(scenario.decide(), "Adder")
    scenario.when(SizeAgentPool(agent_role="Adder", capacity=3))
    assert pool_room(scenario.decide(), "Adder")
