"""What an agent task needs: a skill version, a model policy, and the most that its tokens can cost."""

from functools import lru_cache
from typing import NamedTuple

from processors import agents, assets, costs, tenancy
from processors.agents.state import ModelPolicy, SkillVersion
from processors.decision import Decision
from processors.workflow.definition.model import CallAgentTask, Definition
from processors.workflow.fault import fault
from processors.workflow.state import AgentTask
from schemas.ids import SYSTEM, ProjectId

TASKS, INPUT, OUTPUT, COST = "tasks.active", "tokens.input", "tokens.output", "cost.amount"
"""Quota dimensions that a task reserves (settled.md 22)."""


_parsed = lru_cache(maxsize=4096)(assets.parse)


class Need(NamedTuple):
    """What one attempt needs; ``cost`` is micros, ``amounts`` what is reserved by dimension."""

    skill: SkillVersion
    skill_reference: str
    """How agents and records name it: the name, behind the owner where that is the tenant (``acme/Skill.Name``)."""
    policy: ModelPolicy
    policy_reference: str
    cost: int
    amounts: dict[str, int]


def need_of(
    decision: Decision, call: CallAgentTask, task: AgentTask | None, project_id: ProjectId | None
) -> Need:
    """Give what the next attempt needs. A task keeps the version of the skill that it began with.

    How many have started is part of it only where somebody limits that, so that nobody else's records grow.
    Raises StepFaultError of class ``unresolved``: no such skill, model policy or price. A person may publish what is
    missing and retry.
    """
    skill = skill_of(decision, call, task.skill_version if task is not None else call.skill_range)
    named = _parsed(call.model_policy)
    policy = agents.resolve_model_policy(decision, call.model_policy)
    if policy is None or named is None:
        raise fault("unresolved", f"no model policy {call.model_policy} is published")
    cost = costs.worst_case(decision, policy, call.input_tokens, call.output_tokens)
    if cost is None:
        raise fault("unresolved", f"a model that {call.model_policy} allows has no price")
    amounts = {TASKS: 1, INPUT: call.input_tokens, OUTPUT: call.output_tokens, COST: cost}
    if tenancy.is_limited(decision, tenancy.TASKS_STARTED, project_id, call.role):
        amounts[tenancy.TASKS_STARTED] = 1
    return Need(
        skill=skill,
        skill_reference=call.skill.removeprefix(f"{SYSTEM}/"),
        policy=policy,
        policy_reference=f"{named.owner}/{policy.name}@{policy.version}",
        cost=cost,
        amounts=amounts,
    )


def skill_of(decision: Decision, call: CallAgentTask, version_range: str) -> SkillVersion:
    """Give the newest version in the range of the skill that a step calls; raises as need_of does."""
    found = published_skill(decision, call.skill, version_range)
    if found is None:
        raise fault("unresolved", f"no skill {call.skill} {version_range} is published")
    return found


def published_skill(decision: Decision, reference: str, version_range: str) -> SkillVersion | None:
    """Give the newest version in the range of the skill ``[owner/]name``; without an owner it is the platform's."""
    named = _parsed(reference)
    return agents.resolve_skill(decision, named.owner, named.name, version_range) if named else None


def skills_missing(decision: Decision, definition: Definition) -> list[str]:
    """List the skills, with their ranges, that a definition uses and that are not published."""
    return [
        f"{name} {version_range}"
        for name, version_range in definition.skills
        if published_skill(decision, name, version_range) is None
    ]
