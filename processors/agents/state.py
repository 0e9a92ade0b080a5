"""State of the agents context, and what each fact does to it.

Assets (skills, agents, model policies and their versions) have one transition: absent -> published.
A published version never changes; a change is a new version. A pool's live count follows the facts
of agent tasks by the literal table PLACES.
"""

from typing import Final

from msgspec import Struct

from schemas.messages.agents.state import (
    Agent,
    AgentPool,
    AgentVersion,
    ModelPolicy,
    ModelPolicySeries,
    Skill,
    SkillVersion,
)
from schemas.messages.workflow.facts import (
    AgentTaskAssigned,
    AgentTaskCompleted,
    AgentTaskExpired,
    AgentTaskFailed,
    AgentTaskWithdrawn,
)

__all__ = [
    "PLACES",
    "Agent",
    "AgentPool",
    "AgentVersion",
    "ModelPolicy",
    "ModelPolicySeries",
    "Skill",
    "SkillVersion",
]

PLACES: Final[dict[type[Struct], int]] = {
    AgentTaskAssigned: 1,
    AgentTaskCompleted: -1,
    AgentTaskFailed: -1,
    AgentTaskExpired: -1,
    AgentTaskWithdrawn: -1,
}
"""Fact of a task -> places that it takes from the pool of its role (ADR A1: the task's lease is the
pool's lease). Every way out of an assignment gives the place back, so live never goes below 0."""
