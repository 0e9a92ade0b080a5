"""PublishWorkflowDefinition — let a definition's version be started from now on; it never changes afterwards.

State     WorkflowDefinition, WorkflowDefinitionVersion, WorkflowDefinitionDraft; reads skills and policy
Produces  PolicyDecisionRecorded, WorkflowDefinitionPublished
Refuses   NOT_FOUND (no text and no draft), ALREADY_EXISTS (version), LIMIT_EXCEEDED (versions), INVALID_ARGUMENT
          (findings by line, unknown skills among them), POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §5.1
"""

import hashlib

from processors import assets
from processors.contract import Rejection
from processors.decision import Decision
from processors.publication import gate, unpublishable
from processors.workflow.definition.model import CallAgentTask, Definition, Finding
from processors.workflow.definition_text import checked, rejection
from processors.workflow.need import published_skill
from schemas.messages.workflow.commands import PublishWorkflowDefinition
from schemas.messages.workflow.facts import UsedSkill, WorkflowDefinitionPublished
from schemas.messages.workflow.state import WorkflowDefinition, WorkflowDefinitionDraft


def decide(command: PublishWorkflowDefinition, decision: Decision) -> Rejection | None:
    """Publish the text, or the draft where the command carries none."""
    draft = "" if command.definition else _draft(command, decision)
    text = command.definition or draft
    if not text:
        return Rejection(
            "NOT_FOUND", "the text is given or a draft was kept", "definition", got=command.name
        )
    series = decision.tables.get(WorkflowDefinition, command.name)
    refused = unpublishable(command.name, series.versions if series else (), command.version)
    if refused is not None:
        return refused
    definition = checked(command.name, command.version, text)
    if isinstance(definition, Rejection):
        return definition
    refused = _unknown_skills(decision, definition) or gate(
        decision, "workflow-definition:publish", command.name, command.version, content=draft
    )
    if refused is None:
        decision.record(_published(definition, text))
    return refused


def _draft(command: PublishWorkflowDefinition, decision: Decision) -> str:
    draft = decision.tables.get(
        WorkflowDefinitionDraft, assets.record_id(command.name, command.version)
    )
    return draft.definition if draft is not None else ""


def _unknown_skills(decision: Decision, definition: Definition) -> Rejection | None:
    """Refuse calls of skills that no published version answers, each with its line."""
    findings = [
        Finding(
            task.node.line,
            1,
            f"{task.node.path}/with/skill",
            "UNKNOWN_SKILL",
            f"no published version of {task.skill} is in {task.skill_range}",
        )
        for task in definition.tasks_by_path.values()
        if isinstance(task, CallAgentTask)
        and published_skill(decision, task.skill, task.skill_range) is None
    ]
    return rejection(findings) if findings else None


def _published(definition: Definition, text: str) -> WorkflowDefinitionPublished:
    return WorkflowDefinitionPublished(
        definition_id=assets.record_id(definition.name, definition.version),
        name=definition.name,
        version=definition.version,
        namespace=definition.namespace,
        title=definition.title,
        definition=text,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        skills=tuple(
            UsedSkill(skill=name, version_range=wanted) for name, wanted in definition.skills
        ),
    )
