"""PublishAgentVersion — publish one immutable version of a registered agent.

State     (tenant, agent name); reads the skills and the model policy that it names, policy, roles
Produces  AgentVersionPublished
Refuses   NOT_FOUND (agent, a binding's skill version, model policy), ALREADY_EXISTS (version),
          LIMIT_EXCEEDED (versions), INVALID_ARGUMENT (roles, bindings, names), POLICY_DENIED,
          APPROVAL_REQUIRED
Source    domain.md §6: every binding resolves before the version can be claimed
"""

from msgspec import convert

from processors.agents.model_policies import resolve_model_policy
from processors.agents.names import PERMISSION, ROLE, TOOL, empty, unfit
from processors.agents.skills import resolve_skill
from processors.agents.state import Agent
from processors.contract import Rejection
from processors.decision import Decision
from processors.publication import gate, unpublishable
from processors.versions import is_range
from schemas.messages.agents.commands import PublishAgentVersion, SkillBinding
from schemas.messages.agents.facts import AgentVersionPublished


def decide(command: PublishAgentVersion, decision: Decision) -> Rejection | None:
    """Publish the version if it is new, all that it names resolves, and policy lets the actor."""
    agent = decision.tables.get(Agent, command.name)
    if agent is None:
        return Rejection("NOT_FOUND", "the agent is registered", "name", got=command.name)
    refused = (
        unpublishable(command.name, agent.versions, command.version)
        or empty(command.agent_roles, "agentRoles")
        or unfit(command.agent_roles, ROLE, "agentRoles")
        or unfit(command.permission_scope, PERMISSION, "permissionScope")
        or unfit(command.tool_permissions, TOOL, "toolPermissions")
        or _unbound(command, decision)
        or _no_model_policy(command, decision)
        or gate(decision, "agent:publish", command.name, command.version)
    )
    if refused is None:
        decision.record(convert(command, AgentVersionPublished, from_attributes=True))
    return refused


def _unbound(command: PublishAgentVersion, decision: Decision) -> Rejection | None:
    """Refuse a list without bindings, and name the first binding that does not resolve."""
    for index, binding in enumerate(command.bindings):
        if not is_range(binding.version_range):
            return Rejection(
                "INVALID_ARGUMENT",
                "a binding names a range of versions",
                f"bindings/{index}/versionRange",
                "1.2.3, ^1.2.0, ~1.2.0, >=1.0.0 <2.0.0 or *",
                binding.version_range,
            )
        if resolve_skill(decision, binding.owner, binding.skill, binding.version_range) is None:
            return _unresolved(index, binding)
    return empty(command.bindings, "bindings")


def _unresolved(index: int, binding: SkillBinding) -> Rejection:
    return Rejection(
        "NOT_FOUND",
        "every binding resolves to a published skill version",
        f"bindings/{index}",
        got=f"{binding.owner}/{binding.skill} {binding.version_range}",
        retryable=True,
    )


def _no_model_policy(command: PublishAgentVersion, decision: Decision) -> Rejection | None:
    if resolve_model_policy(decision, command.model_policy) is not None:
        return None
    return Rejection(
        "NOT_FOUND",
        "the model policy is published",
        "modelPolicy",
        got=command.model_policy,
        retryable=True,
    )
