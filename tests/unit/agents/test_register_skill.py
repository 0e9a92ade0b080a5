from processors.agents.state import Skill
from schemas.messages.agents.commands import RegisterSkill
from tests.unit.agents.assets import SKILL, SKILL_REGISTERED
from tests.unit.scenario import Scenario

REGISTER = RegisterSkill(name=SKILL, description="Adds one.")


def test_a_new_skill_is_registered_without_versions() -> None:
    scenario = Scenario().when(REGISTER).then(SKILL_REGISTERED)
    assert scenario.tables.get(Skill, SKILL) == Skill(name=SKILL, description="Adds one.")


def test_a_skill_is_registered_once() -> None:
    Scenario().given(SKILL_REGISTERED).when(REGISTER).recorded().refused("ALREADY_EXISTS", "name")


def test_a_tenant_may_have_a_skill_of_the_name_of_a_platform_skill() -> None:
    Scenario().given_system(SKILL_REGISTERED).when(REGISTER).then(SKILL_REGISTERED)
