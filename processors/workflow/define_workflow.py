"""DefineWorkflow — keep a draft of a definition's version; it may be written again until it is published.

State     WorkflowDefinitionDraft, WorkflowDefinitionVersion (name@version)
Produces  WorkflowDefined
Refuses   ALREADY_EXISTS (the version is published), INVALID_ARGUMENT (findings, each with its line)
Source    domain.md §5.1
"""

from processors import assets
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.definition_text import checked
from schemas.messages.workflow.commands import DefineWorkflow
from schemas.messages.workflow.facts import WorkflowDefined
from schemas.messages.workflow.state import WorkflowDefinitionVersion


def decide(command: DefineWorkflow, decision: Decision) -> Rejection | None:
    """Check the text and keep it."""
    definition_id = assets.record_id(command.name, command.version)
    if decision.tables.get(WorkflowDefinitionVersion, definition_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "a published version never changes", "version", got=definition_id
        )
    definition = checked(command.name, command.version, command.definition)
    if isinstance(definition, Rejection):
        return definition
    decision.record(
        WorkflowDefined(
            definition_id=definition_id,
            name=command.name,
            version=command.version,
            definition=command.definition,
        )
    )
    return None
