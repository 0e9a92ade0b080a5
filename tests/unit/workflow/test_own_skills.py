"""A skill that the tenant published itself: named with its owner, never in place of the platform's."""

import pytest
from msgspec.structs import replace

from schemas.messages.agents import facts as agents
from schemas.messages.workflow.commands import PublishWorkflowDefinition
from schemas.messages.workflow.facts import AgentTaskAssigned, AgentTaskClaimed
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, published, steps, text
from tests.unit.workflow.world import (
    OWNER,
    ROLE,
    SKILL,
    act,
    assignment_of,
    catalogue,
    claim,
    start,
    world,
)

OWN_AGENT = "ConnectSoft.Agent.Own"


def with_own_skill() -> Scenario:
    """Give a tenant that published a skill of the platform's name, and an agent bound to its own."""
    scenario = world()
    for fact in catalogue():
        if isinstance(fact, agents.SkillRegistered):
            scenario.given(fact)
        if isinstance(fact, agents.SkillVersionPublished):
            scenario.given(replace(fact, version="1.5.0"))
        if isinstance(fact, agents.AgentRegistered):
            scenario.given(replace(fact, name=OWN_AGENT))
        if isinstance(fact, agents.AgentVersionPublished):
            binding = agents.SkillBinding(owner="acme", skill=SKILL, version_range="*")
            scenario.given(replace(fact, name=OWN_AGENT, bindings=(binding,)))
    return scenario


def started(skill: str) -> Scenario:
    scenario = with_own_skill()
    scenario.given_system(published(text(steps(first=agent_task(skill=skill)))))
    return act(scenario, start(NAME))


@pytest.mark.parametrize(
    ("skill", "named", "version"),
    [
        (SKILL, SKILL, "1.0.0"),
        (f"system/{SKILL}", SKILL, "1.0.0"),
        (f"acme/{SKILL}", f"acme/{SKILL}", "1.5.0"),
    ],
)
def test_the_owner_decides_which_skill_is_meant(skill: str, named: str, version: str) -> None:
    scenario = started(skill)
    assert scenario.rejection is None
    fact = scenario.fact(AgentTaskAssigned)
    assert (fact.skill, fact.skill_version) == (named, version)
    message = next(m for m in scenario.sent if isinstance(m, AgentTaskAssignment))
    assert message.requested_skill == named


def test_an_agent_bound_to_the_tenants_own_skill_takes_its_task() -> None:
    scenario = started(f"acme/{SKILL}")
    act(scenario, claim(assignment_of(scenario), agent_id=OWN_AGENT))
    assert scenario.rejection is None
    scenario.fact(AgentTaskClaimed)


def test_an_agent_bound_to_the_platforms_skill_does_not() -> None:
    scenario = started(f"acme/{SKILL}")
    act(scenario, claim(assignment_of(scenario))).refused("FORBIDDEN", "agentId")


@pytest.mark.parametrize("owner", ["globex", "acme"])
def test_a_definition_that_calls_a_skill_nobody_published_is_refused_by_line(owner: str) -> None:
    scenario = world()
    scenario.actor = OWNER
    command = PublishWorkflowDefinition(
        name=NAME,
        version="1.0.0",
        definition=text(steps(first=agent_task(skill=f"{owner}/{SKILL}", role=ROLE))),
    )
    scenario.through_pipeline(command).refused("INVALID_ARGUMENT", "definition")
    assert scenario.rejection is not None
    assert "UNKNOWN_SKILL" in str(scenario.rejection.got)
