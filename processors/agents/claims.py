"""Whether an agent may take a task: registered, its version published, role played, skill bound.

Source: domain.md §5.3 "any registered agent with role and skill may take it", §6. A claim names an
agent and a version and no owner: it stands if the platform's or the tenant's own agent of that name
fits (ADR A3).
"""

from collections.abc import Iterator

from processors import assets
from processors.agents.state import Agent, AgentVersion, SkillVersion
from processors.contract import Rejection
from processors.decision import Decision
from processors.versions import satisfies
from schemas.ids import SYSTEM


def check_claim(  # noqa: PLR0917 - the six values that a claim is matched by
    decision: Decision, agent_id: str, agent_version: str, role: str, skill: str, skill_version: str
) -> Rejection | None:
    """Give None if the agent may take a task of the role and skill version, else the refusal.

    ``skill``: ``owner/name``, or the name of a platform's skill; only a binding to that owner's skill fits.
    NOT_FOUND: no such agent or version. FORBIDDEN: the version lacks the role or the skill.
    """
    published = list(_published(decision, agent_id, agent_version))
    if not published:
        return _unknown(decision, agent_id, agent_version)
    if not any(role in version.agent_roles for version in published):
        roles = ", ".join(sorted({name for version in published for name in version.agent_roles}))
        return Rejection("FORBIDDEN", "an agent takes tasks of its roles", "agentId", role, roles)
    for version in published:
        if role in version.agent_roles and _is_bound(decision, version, skill, skill_version):
            return None
    return Rejection(
        "FORBIDDEN",
        "an agent takes tasks of the skills that its version is bound to",
        "agentId",
        f"a binding to {skill} {skill_version}",
        f"{agent_id} {agent_version}",
    )


def _published(decision: Decision, agent_id: str, agent_version: str) -> Iterator[AgentVersion]:
    record_id = assets.record_id(agent_id, agent_version)
    for tables in (decision.system, decision.tables):
        version = tables.get(AgentVersion, record_id)
        if version is not None:
            yield version


def _unknown(decision: Decision, agent_id: str, agent_version: str) -> Rejection:
    agent = decision.system.get(Agent, agent_id) or decision.tables.get(Agent, agent_id)
    if agent is None:
        return Rejection("NOT_FOUND", "the agent is registered", "agentId", got=agent_id)
    return Rejection(
        "NOT_FOUND", "the agent's version is published", "agentVersion", got=agent_version
    )


def _is_bound(decision: Decision, version: AgentVersion, skill: str, skill_version: str) -> bool:
    owner, _, name = skill.rpartition("/")
    return any(
        binding.skill == name
        and binding.owner == (owner or SYSTEM)
        and satisfies(skill_version, binding.version_range)
        and _is_published(decision, binding.owner, name, skill_version)
        for binding in version.bindings
    )


def _is_published(decision: Decision, owner: str, skill: str, skill_version: str) -> bool:
    tables = assets.tables_of(decision, owner)
    record_id = assets.record_id(skill, skill_version)
    return tables is not None and tables.get(SkillVersion, record_id) is not None
