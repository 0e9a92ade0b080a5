"""Agent Management: which skills, agents and model policies exist, and how many may work at once.

Owns skills, agents, model policies (each with immutable published versions) and the tenant's pools.
Does not own tasks and their leases (workflow), who may command (identity), whether policy allows it
(governance), or what models cost (costs). A pool's live count follows the facts of agent tasks.
"""

from typing import Final

from processors.agents import (
    evolve,
    publish_agent_version,
    publish_model_policy,
    publish_skill_version,
    register_agent,
    register_skill,
    size_agent_pool,
)
from processors.agents.claims import check_claim
from processors.agents.model_policies import ModelCall, check_models, resolve_model_policy
from processors.agents.pools import pool_room
from processors.agents.skills import check_input, check_output, resolve_skill
from processors.rules import CommandRule, Commands, Evolvers
from schemas.messages.agents.commands import (
    PublishAgentVersion,
    PublishModelPolicy,
    PublishSkillVersion,
    RegisterAgent,
    RegisterSkill,
    SizeAgentPool,
)
from schemas.messages.agents.facts import (
    AgentPoolSized,
    AgentRegistered,
    AgentVersionPublished,
    ModelPolicyPublished,
    SkillRegistered,
    SkillVersionPublished,
)
from schemas.messages.workflow.facts import (
    AgentTaskAssigned,
    AgentTaskCompleted,
    AgentTaskExpired,
    AgentTaskFailed,
    AgentTaskWithdrawn,
)

__all__ = [
    "COMMANDS",
    "EVOLVERS",
    "ModelCall",
    "check_claim",
    "check_input",
    "check_models",
    "check_output",
    "pool_room",
    "resolve_model_policy",
    "resolve_skill",
]

COMMANDS: Final[Commands] = {
    RegisterSkill: CommandRule(register_skill.decide, "skill:register"),
    PublishSkillVersion: CommandRule(publish_skill_version.decide, "skill:publish"),
    RegisterAgent: CommandRule(register_agent.decide, "agent:register"),
    PublishAgentVersion: CommandRule(publish_agent_version.decide, "agent:publish"),
    SizeAgentPool: CommandRule(size_agent_pool.decide, "agent-pool:size"),
    PublishModelPolicy: CommandRule(publish_model_policy.decide, "model-policy:publish"),
}

EVOLVERS: Final[Evolvers] = {
    SkillRegistered: (evolve.skill_registered,),
    SkillVersionPublished: (evolve.skill_version_published,),
    AgentRegistered: (evolve.agent_registered,),
    AgentVersionPublished: (evolve.agent_version_published,),
    ModelPolicyPublished: (evolve.model_policy_published,),
    AgentPoolSized: (evolve.agent_pool_sized,),
    AgentTaskAssigned: (evolve.agent_task_moved,),
    AgentTaskCompleted: (evolve.agent_task_moved,),
    AgentTaskFailed: (evolve.agent_task_moved,),
    AgentTaskExpired: (evolve.agent_task_moved,),
    AgentTaskWithdrawn: (evolve.agent_task_moved,),
}
