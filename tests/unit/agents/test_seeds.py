"""The seed assets are good: published in their order they are accepted, and they fit one another."""

from collections.abc import Iterator

import pytest
import yaml
from msgspec import Struct

from processors.agents import check_models, resolve_model_policy, resolve_skill
from processors.agents.state import AgentVersion
from processors.costs import worst_case
from schemas.edge_model import model_of, to_record
from schemas.messages.workflow.commands import ModelInvocation
from tests.architecture.source import ROOT
from tests.unit.gate_answer import answered
from tests.unit.scenario import Scenario

SINGLE = {"model-policies": "PublishModelPolicy", "prices": "PublishPriceList"}
PAIRED = {
    "skills": ("RegisterSkill", "PublishSkillVersion"),
    "agents": ("RegisterAgent", "PublishAgentVersion"),
}
TASKS = {
    "Architect": ["DesignBlueprint", "PlanRelease"],
    "Engineer": ["GenerateCode", "WriteTests"],
    "Reviewer": ["ReviewCode"],
    "Adder": ["AddOne"],
}


def commands() -> Iterator[Struct]:
    def payloads(folder: str) -> Iterator[dict[str, object]]:
        for path in sorted((ROOT / "definitions" / folder).glob("*.yaml")):
            yield yaml.safe_load(path.read_text(encoding="utf-8"))

    for folder, command in SINGLE.items():
        for payload in payloads(folder):
            yield to_record(model_of(command).model_validate(payload))
    for folder, (register, publish) in PAIRED.items():
        for payload in payloads(folder):
            yield to_record(model_of(register).model_validate(payload["register"]))
            yield to_record(model_of(publish).model_validate(payload["publish"]))


@pytest.fixture(scope="module")
def seeded() -> Scenario:
    with pytest.MonkeyPatch.context() as patch:
        answered(patch)
        scenario = Scenario("system")
        for command in commands():
            scenario.when(command)
            assert scenario.rejection is None, scenario.rejection
    return scenario


@pytest.mark.parametrize(
    ("role", "skill"), [(role, skill) for role, skills in TASKS.items() for skill in skills]
)
def test_each_role_has_an_agent_for_each_of_its_skills(
    seeded: Scenario, role: str, skill: str
) -> None:
    agents = [agent for _, agent in seeded.tables.scan(AgentVersion) if role in agent.agent_roles]
    bound = {binding.skill for agent in agents for binding in agent.bindings}
    assert f"ConnectSoft.Skill.{skill}" in bound
    assert resolve_skill(seeded.decide(), "system", f"ConnectSoft.Skill.{skill}", "^1.0.0")


@pytest.mark.parametrize("policy", ["standard", "economy"])
def test_each_model_policy_can_be_priced_and_used(seeded: Scenario, policy: str) -> None:
    found = resolve_model_policy(seeded.decide(), policy)
    assert found is not None
    budget = worst_case(seeded.decide(), found, 1_000_000, 1_000_000)
    assert budget == (30_000_000 if policy == "standard" else 6_000_000)
    calls = [
        ModelInvocation(
            invocation_id=model.model,
            provider=model.provider,
            model=model.model,
            input_tokens=1,
            output_tokens=1,
        )
        for model in found.models
    ]
    assert check_models(found, calls) == []
