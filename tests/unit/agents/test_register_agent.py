from processors.agents.state import Agent
from schemas.messages.agents.commands import RegisterAgent
from tests.unit.agents.assets import AGENT, AGENT_REGISTERED
from tests.unit.scenario import Scenario

REGISTER = RegisterAgent(name=AGENT, cluster="Engineering", description="Adds.")


def test_a_new_agent_is_registered_without_versions() -> None:
    scenario = Scenario().when(REGISTER).then(AGENT_REGISTERED)
    agent = scenario.tables.get(Agent, AGENT)
    assert agent == Agent(name=AGENT, cluster="Engineering", description="Adds.")


def test_an_agent_is_registered_once() -> None:
    Scenario().given(AGENT_REGISTERED).when(REGISTER).recorded().refused("ALREADY_EXISTS", "name")
