"""RegisterSkill — enter a skill in the catalogue of the command's tenant.

State     (tenant, skill name)
Produces  SkillRegistered
Refuses   ALREADY_EXISTS (the tenant has a skill of that name)
Source    domain.md §6
"""

from processors.agents.state import Skill
from processors.contract import Rejection
from processors.decision import Decision
from schemas.messages.agents.commands import RegisterSkill
from schemas.messages.agents.facts import SkillRegistered


def decide(command: RegisterSkill, decision: Decision) -> Rejection | None:
    """Register the skill under its name."""
    if decision.tables.get(Skill, command.name) is not None:
        return Rejection("ALREADY_EXISTS", "a skill is registered once", "name", got=command.name)
    decision.record(SkillRegistered(name=command.name, description=command.description))
    return None
