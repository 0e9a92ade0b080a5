"""Assets that the tests of the agents context are given."""

from typing import Any, Final

from msgspec.structs import replace

from schemas.messages.agents import commands, facts

SKILL: Final = "ConnectSoft.Skill.AddOne"
AGENT: Final = "ConnectSoft.Agent.Adder"
NUMBER: Final = '{"properties":{"value":{"type":"integer"}},"required":["value"],"type":"object"}'

SKILL_REGISTERED: Final = facts.SkillRegistered(name=SKILL, description="Adds one.")
SKILL_PUBLISHED: Final = facts.SkillVersionPublished(
    name=SKILL, version="1.0.0", input_schema=NUMBER, output_schema=NUMBER
)
MODEL_POLICY_PUBLISHED: Final = facts.ModelPolicyPublished(
    name="standard",
    version="1.0.0",
    models=(
        facts.AllowedModel(provider="reference", model="large", capability_class="reasoning"),
        facts.AllowedModel(provider="reference", model="small", capability_class="reasoning"),
    ),
    call_input_tokens_max=1_000,
    call_output_tokens_max=100,
    task_input_tokens_max=5_000,
    task_output_tokens_max=300,
    classification_ceiling="Internal",
)
AGENT_REGISTERED: Final = facts.AgentRegistered(
    name=AGENT, cluster="Engineering", description="Adds."
)
AGENT_PUBLISHED: Final = facts.AgentVersionPublished(
    name=AGENT,
    version="1.0.0",
    agent_roles=("Adder",),
    prompt_strategy="none",
    corrections_max=1,
    bindings=(facts.SkillBinding(skill=SKILL, version_range="^1.0.0"),),
    model_policy="standard",
)
PUBLISH_AGENT: Final = commands.PublishAgentVersion(
    name=AGENT,
    version="1.0.0",
    agent_roles=("Adder",),
    prompt_strategy="none",
    corrections_max=1,
    bindings=(commands.SkillBinding(skill=SKILL, version_range="^1.0.0"),),
    model_policy="standard",
    permission_scope=("artifact:create",),
    tool_permissions=("calculator",),
)


def skill_version(version: str, **changed: Any) -> facts.SkillVersionPublished:
    """Give the fact that a version of SKILL was published."""
    return replace(SKILL_PUBLISHED, version=version, **changed)
