"""What the facts about definitions change."""

from processors.contract import Meta, Tables
from processors.versions import newest_first
from schemas.messages.workflow.facts import WorkflowDefined, WorkflowDefinitionPublished
from schemas.messages.workflow.state import (
    WorkflowDefinition,
    WorkflowDefinitionDraft,
    WorkflowDefinitionVersion,
)


def workflow_defined(tables: Tables, fact: WorkflowDefined, _meta: Meta) -> None:
    """Keep the draft."""
    draft = WorkflowDefinitionDraft(
        name=fact.name, version=fact.version, definition=fact.definition
    )
    tables.put(fact.definition_id, draft)


def workflow_definition_published(
    tables: Tables, fact: WorkflowDefinitionPublished, _meta: Meta
) -> None:
    """Enter the version and drop its draft."""
    tables.put(
        fact.definition_id,
        WorkflowDefinitionVersion(
            name=fact.name,
            version=fact.version,
            text=fact.definition,
            content_hash=fact.content_hash,
        ),
    )
    series = tables.get(WorkflowDefinition, fact.name)
    versions = newest_first(series.versions if series is not None else (), fact.version)
    tables.put(fact.name, WorkflowDefinition(name=fact.name, versions=versions))
    tables.delete(WorkflowDefinitionDraft, fact.definition_id)
