"""Which published definition a reference means, and the outline of the one that an instance keeps.

Source: settled.md 25: own tenant or ``system``, the owner said by the reference, no shadowing.
"""

from typing import NamedTuple

from processors import assets
from processors.decision import Decision
from processors.workflow.outline import Outline, outline
from processors.workflow.state import WorkflowInstance
from schemas.ids import SYSTEM
from schemas.messages.workflow.state import WorkflowDefinition, WorkflowDefinitionVersion


class Published(NamedTuple):
    """One published version of a definition."""

    owner: str
    name: str
    version: str
    text: str


def find(decision: Decision, owner: str, name: str, version: str) -> Published | None:
    """Give the published version, the newest where ``version`` is empty; None where there is none."""
    owner = owner or SYSTEM
    tables = assets.tables_of(decision, owner)
    if tables is None:
        return None
    if not version:
        series = tables.get(WorkflowDefinition, name)
        version = series.versions[0] if series is not None and series.versions else ""
    record = tables.get(WorkflowDefinitionVersion, assets.record_id(name, version))
    return None if record is None else Published(owner, name, version, record.text)


def outline_of(decision: Decision, instance: WorkflowInstance) -> Outline:
    """Give the outline of the version that the instance keeps; published versions are for ever."""
    published = find(
        decision,
        instance.definition_owner,
        instance.definition_name,
        instance.definition_version,
    )
    if published is None:
        raise AssertionError(f"{instance.definition_name} runs and is not published")
    return outline(published.text)
