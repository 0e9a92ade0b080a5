from msgspec.structs import replace

from processors.agents import check_claim
from processors.contract import Rejection
from schemas.messages.agents.facts import SkillBinding
from tests.unit.agents.assets import (
    AGENT,
    AGENT_PUBLISHED,
    AGENT_REGISTERED,
    SKILL,
    SKILL_PUBLISHED,
    SKILL_REGISTERED,
)
from tests.unit.scenario import Scenario


def platform() -> Scenario:
    return Scenario().given_system(
        SKILL_REGISTERED, SKILL_PUBLISHED, AGENT_REGISTERED, AGENT_PUBLISHED
    )


def claim(
    scenario: Scenario,
    agent: str = AGENT,
    version: str = "1.0.0",
    role: str = "Adder",
    skill_version: str = "1.0.0",
) -> Rejection | None:
    return check_claim(scenario.decide(), agent, version, role, SKILL, skill_version)


def refusal(claimed: Rejection | None) -> tuple[str, str]:
    assert claimed is not None
    return claimed.code, claimed.field


def test_an_agent_with_the_role_and_the_skill_may_take_the_task() -> None:
    assert claim(platform()) is None


def test_an_agent_that_nobody_registered_may_not() -> None:
    assert refusal(claim(platform(), "ConnectSoft.Agent.Nobody")) == ("NOT_FOUND", "agentId")


def test_a_version_that_is_not_published_may_not() -> None:
    assert refusal(claim(platform(), version="2.0.0")) == ("NOT_FOUND", "agentVersion")


def test_an_agent_of_another_role_may_not() -> None:
    assert refusal(claim(platform(), role="Reviewer")) == ("FORBIDDEN", "agentId")


def test_an_agent_bound_to_other_versions_of_the_skill_may_not() -> None:
    scenario = platform().given_system(replace(SKILL_PUBLISHED, version="2.0.0"))
    assert refusal(claim(scenario, skill_version="2.0.0")) == ("FORBIDDEN", "agentId")


def test_a_task_may_say_whose_skill_it_means() -> None:
    scenario = platform().given(SKILL_REGISTERED, SKILL_PUBLISHED)
    decision = scenario.decide()
    assert check_claim(decision, AGENT, "1.0.0", "Adder", f"system/{SKILL}", "1.0.0") is None
    claimed = check_claim(decision, AGENT, "1.0.0", "Adder", f"acme/{SKILL}", "1.0.0")
    assert refusal(claimed) == ("FORBIDDEN", "agentId")


def test_a_bare_name_is_the_platforms_skill() -> None:
    """An agent for a tenant's skill of the same name does other work."""
    own = replace(AGENT_PUBLISHED, bindings=(replace(AGENT_PUBLISHED.bindings[0], owner="acme"),))
    scenario = Scenario().given_system(SKILL_REGISTERED, SKILL_PUBLISHED)
    scenario.given(SKILL_REGISTERED, SKILL_PUBLISHED, AGENT_REGISTERED, own)
    assert refusal(claim(scenario)) == ("FORBIDDEN", "agentId")
    named = check_claim(scenario.decide(), AGENT, "1.0.0", "Adder", f"acme/{SKILL}", "1.0.0")
    assert named is None


def test_a_version_in_the_range_that_is_not_published_does_not_resolve() -> None:
    assert refusal(claim(platform(), skill_version="1.5.0")) == ("FORBIDDEN", "agentId")


def test_the_tenants_own_agent_may_take_the_task() -> None:
    scenario = Scenario().given_system(SKILL_REGISTERED, SKILL_PUBLISHED)
    assert claim(scenario.given(AGENT_REGISTERED, AGENT_PUBLISHED)) is None


def test_of_two_agents_of_one_name_either_may_fit() -> None:
    other_role = replace(AGENT_PUBLISHED, agent_roles=("Reviewer",))
    assert claim(platform().given(AGENT_REGISTERED, other_role)) is None


def test_a_binding_to_an_owner_that_is_another_tenant_is_no_binding() -> None:
    stray = SkillBinding(skill=SKILL, version_range="*", owner="globex")
    agent = replace(AGENT_PUBLISHED, bindings=(stray,))
    scenario = Scenario().given_system(SKILL_REGISTERED, SKILL_PUBLISHED)
    assert refusal(claim(scenario.given(AGENT_REGISTERED, agent))) == ("FORBIDDEN", "agentId")
