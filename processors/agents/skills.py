"""Which skill version a reference means, and whether a document fits it.

Source: domain.md §6; the boundary check is §5.3: bad output is a failed validation.
"""

from processors import assets, json_schema
from processors.agents.state import Skill, SkillVersion
from processors.decision import Decision
from processors.versions import newest


def resolve_skill(
    decision: Decision, owner_hint: str, name: str, version_range: str
) -> SkillVersion | None:
    """Give the newest published version of the skill in the range, or None.

    ``owner_hint``: ``system`` (also when empty) or the own tenant; another tenant's is never found.
    Cost: one look at the skill and one at the version; the versions are kept newest first.
    """
    tables = assets.tables_of(decision, owner_hint)
    skill = tables.get(Skill, name) if tables is not None else None
    if tables is None or skill is None:
        return None
    version = newest(skill.versions, version_range)
    return tables.get(SkillVersion, assets.record_id(name, version)) if version else None


def check_input(skill_version: SkillVersion, document: str) -> list[str]:
    """List what keeps a task's input (JSON text) from the skill's input schema, ``path: rule``."""
    return json_schema.findings(skill_version.input_schema, document)


def check_output(skill_version: SkillVersion, document: str) -> list[str]:
    """List what keeps a result (JSON text) from the skill's output schema, ``path: rule``."""
    return json_schema.findings(skill_version.output_schema, document)
