"""PublishSkillVersion — publish one immutable version of a registered skill.

State     (tenant, skill name); reads policy and the actor's roles
Produces  SkillVersionPublished, with both schemas as canonical JSON text
Refuses   NOT_FOUND (skill), ALREADY_EXISTS (version), LIMIT_EXCEEDED (versions),
          INVALID_ARGUMENT (a schema or a name), POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §6, §7
"""

from processors import json_schema
from processors.agents.names import PERMISSION, TOOL, unfit
from processors.agents.state import Skill
from processors.contract import Rejection
from processors.decision import Decision
from processors.publication import gate, unpublishable
from schemas.messages.agents.commands import PublishSkillVersion
from schemas.messages.agents.facts import SkillVersionPublished


def decide(command: PublishSkillVersion, decision: Decision) -> Rejection | None:
    """Publish the version if it is new, its schemas are schemas, and policy lets the actor."""
    skill = decision.tables.get(Skill, command.name)
    if skill is None:
        return Rejection("NOT_FOUND", "the skill is registered", "name", got=command.name)
    refused = (
        unpublishable(command.name, skill.versions, command.version)
        or _no_schema("inputSchema", command.input_schema)
        or _no_schema("outputSchema", command.output_schema)
        or unfit(command.tools, TOOL, "tools")
        or unfit(command.permissions, PERMISSION, "permissions")
        or gate(decision, "skill:publish", command.name, command.version)
    )
    if refused is None:
        decision.record(_published(command))
    return refused


def _no_schema(field: str, text: str) -> Rejection | None:
    findings = json_schema.schema_findings(text)
    if not findings:
        return None
    return Rejection(
        "INVALID_ARGUMENT",
        "the text is a JSON Schema within the limits",
        field,
        "JSON Schema, draft 2020-12",
        findings[0],
    )


def _published(command: PublishSkillVersion) -> SkillVersionPublished:
    return SkillVersionPublished(
        name=command.name,
        version=command.version,
        input_schema=json_schema.canonical(command.input_schema),
        output_schema=json_schema.canonical(command.output_schema),
        tools=command.tools,
        permissions=command.permissions,
        model_expectation=command.model_expectation,
        validation_rules=command.validation_rules,
    )
