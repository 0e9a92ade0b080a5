from typing import Any

import pytest
from msgspec.structs import replace

from processors.agents.state import Agent, AgentVersion
from processors.contract import Rejection
from schemas.messages.agents.commands import SkillBinding
from schemas.messages.agents.facts import AgentVersionPublished
from tests.unit.agents.assets import (
    AGENT,
    AGENT_PUBLISHED,
    AGENT_REGISTERED,
    MODEL_POLICY_PUBLISHED,
    PUBLISH_AGENT,
    SKILL,
    SKILL_PUBLISHED,
    SKILL_REGISTERED,
)
from tests.unit.gate_answer import GATE_REFUSALS, GateAnswer
from tests.unit.scenario import Scenario


def ready() -> Scenario:
    scenario = Scenario().given_system(SKILL_REGISTERED, SKILL_PUBLISHED, MODEL_POLICY_PUBLISHED)
    return scenario.given(AGENT_REGISTERED)


def bound_to(*bindings: tuple[str, str, str]) -> Any:
    named = tuple(
        SkillBinding(skill=skill, version_range=version_range, owner=owner)
        for skill, version_range, owner in bindings
    )
    return replace(PUBLISH_AGENT, bindings=named)


def test_a_version_whose_bindings_resolve_is_published() -> None:
    scenario = ready().when(PUBLISH_AGENT).then(AgentVersionPublished)
    published = scenario.fact(AgentVersionPublished)
    assert published.bindings[0].skill == SKILL
    assert published.permission_scope == ("artifact:create",)
    version = scenario.tables.get(AgentVersion, f"{AGENT}/1.0.0")
    assert version is not None
    assert version.bindings[0].version_range == "^1.0.0"
    agent = scenario.tables.get(Agent, AGENT)
    assert agent is not None
    assert agent.versions == ("1.0.0",)


def test_a_binding_may_name_a_skill_of_the_own_tenant() -> None:
    scenario = ready().given(SKILL_REGISTERED, replace(SKILL_PUBLISHED, version="3.0.0"))
    scenario.when(bound_to((SKILL, "^3.0.0", "acme"))).then(AgentVersionPublished)


def test_an_own_skill_does_not_shadow_the_platforms() -> None:
    scenario = ready().given(SKILL_REGISTERED, replace(SKILL_PUBLISHED, version="3.0.0"))
    scenario.when(bound_to((SKILL, "^3.0.0", "system"))).refused("NOT_FOUND", "bindings/0")


def test_the_binding_that_does_not_resolve_is_named() -> None:
    scenario = ready().when(bound_to((SKILL, "^1.0.0", "system"), (SKILL, "^2.0.0", "system")))
    scenario.recorded().refused("NOT_FOUND", "bindings/1")
    assert scenario.rejection is not None
    assert scenario.rejection.got == f"system/{SKILL} ^2.0.0"
    assert scenario.rejection.retryable


def test_a_skill_of_another_tenant_is_not_found() -> None:
    ready().when(bound_to((SKILL, "^1.0.0", "globex"))).refused("NOT_FOUND", "bindings/0")


def test_a_range_that_is_none_is_refused() -> None:
    scenario = ready().when(bound_to((SKILL, "latest", "system")))
    scenario.refused("INVALID_ARGUMENT", "bindings/0/versionRange")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"bindings": ()}, "bindings"),
        ({"agent_roles": ()}, "agentRoles"),
        ({"agent_roles": ("adder",)}, "agentRoles/0"),
        ({"agent_roles": ("Adder", "Adder")}, "agentRoles/1"),
        ({"permission_scope": ("all",)}, "permissionScope/0"),
        ({"tool_permissions": ("a tool",)}, "toolPermissions/0"),
    ],
)
def test_lists_obey_their_rules(changed: dict[str, tuple[str, ...]], field: str) -> None:
    ready().when(replace(PUBLISH_AGENT, **changed)).refused("INVALID_ARGUMENT", field)


def test_a_model_policy_that_is_not_published_is_refused() -> None:
    scenario = ready().when(replace(PUBLISH_AGENT, model_policy="standard@2.0.0"))
    scenario.recorded().refused("NOT_FOUND", "modelPolicy")


def test_a_version_of_an_unknown_agent_is_refused() -> None:
    Scenario().when(PUBLISH_AGENT).recorded().refused("NOT_FOUND", "name")


def test_a_published_version_is_immutable() -> None:
    scenario = ready().given(AGENT_PUBLISHED).when(PUBLISH_AGENT)
    scenario.recorded().refused("ALREADY_EXISTS", "version")


def test_an_agent_has_a_limited_number_of_versions() -> None:
    many = (replace(AGENT_PUBLISHED, version=f"1.0.{patch}") for patch in range(1000))
    scenario = ready().given(*many).when(replace(PUBLISH_AGENT, version="2.0.0"))
    scenario.refused("LIMIT_EXCEEDED", "version")


@pytest.mark.parametrize("answer", GATE_REFUSALS)
def test_what_policy_refuses_is_not_published(gate: GateAnswer, answer: Rejection) -> None:
    gate.answer = answer
    ready().when(PUBLISH_AGENT).recorded().refused(answer.code)
    assert gate.asked[0]["action"] == "agent:publish"
