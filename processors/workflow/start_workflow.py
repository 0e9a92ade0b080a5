"""StartWorkflow — open a workflow instance from a published definition.

State     WorkflowInstance; reads definition, skills, project, quota and policies
Produces  PolicyDecisionRecorded, QuotaReserved, WorkflowInstanceStarted, then what its first steps give
Refuses   ALREADY_EXISTS, NOT_FOUND (project, definition, skill; the last two retryable), INVALID_ARGUMENT (input),
          LIMIT_EXCEEDED (input), POLICY_DENIED, APPROVAL_REQUIRED, QUOTA_EXCEEDED (also: too many steps wait)
Source    domain.md §5.2; settled.md 22, 25
"""

from processors import governance, identity, json_schema, projects, tenancy
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow import definitions
from processors.workflow.advance import advance
from processors.workflow.definition.model import Definition
from processors.workflow.definitions import Published
from processors.workflow.documents import decode, encode
from processors.workflow.fault import LIMIT, StepFaultError
from processors.workflow.limits import WAITING_STEPS_MAX
from processors.workflow.need import skills_missing
from processors.workflow.outline import outline
from processors.workflow.run import run_of
from processors.workflow.state import QUEUES, WaitingQueue, WorkflowInstance
from schemas.ids import ReservationId
from schemas.messages.workflow.commands import StartWorkflow
from schemas.messages.workflow.facts import WorkflowInstanceStarted

ACTIVE = "workflows.active"
"""Quota dimension that a running instance reserves."""


def decide(command: StartWorkflow, decision: Decision) -> Rejection | None:
    """Open the instance under the sender's rights and begin its first step."""
    instance_id = command.workflow_instance_id
    if decision.tables.get(WorkflowInstance, instance_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "an instance id is used once", "workflowInstanceId", got=instance_id
        )
    if command.project_id is not None and projects.find(decision, command.project_id) is None:
        return Rejection("NOT_FOUND", "the project exists", "projectId", got=command.project_id)
    refused = _backlog(decision)
    if refused is not None:
        return refused
    published = _published(command, decision)
    if isinstance(published, Rejection):
        return published
    definition = outline(published.text).definition
    refused = _unfit(command, decision, definition) or _gate(command, decision, published)
    if refused is not None:
        return refused
    return _open(command, decision, published, definition)


def _backlog(decision: Decision) -> Rejection | None:
    """Refuse new work while too much of the tenant's waits: an answer now in place of one much later."""
    waiting = sum(queue.waiting for _, queue in decision.tables.children(WaitingQueue, QUEUES))
    if waiting < WAITING_STEPS_MAX:
        return None
    return Rejection(
        "QUOTA_EXCEEDED",
        "too many steps wait for an agent or a quota; size the pool, or start this again later",
        "steps.waiting",
        f"fewer than {WAITING_STEPS_MAX}",
        str(waiting),
        retryable=True,
    )


def _published(command: StartWorkflow, decision: Decision) -> Published | Rejection:
    published = definitions.find(
        decision, command.definition_owner, command.definition_name, command.definition_version
    )
    if published is not None:
        return published
    version = command.definition_version or "newest"
    return Rejection(
        "NOT_FOUND",
        "the definition is published",
        "definitionName",
        got=f"{command.definition_owner or 'system'}/{command.definition_name}@{version}",
        retryable=True,
    )


def _unfit(command: StartWorkflow, decision: Decision, definition: Definition) -> Rejection | None:
    """Check the input against the definition's schema, and that every skill it calls is published."""
    findings = json_schema.findings(definition.input_schema or "true", command.input)
    if findings:
        path, _, rule = findings[0].partition(": ")
        return Rejection("INVALID_ARGUMENT", rule, f"input{path}".rstrip("/"))
    try:
        encode(decode(command.input))
    except StepFaultError as error:
        return Rejection(LIMIT, error.fault.message, "input")
    missing = skills_missing(decision, definition)
    if missing:
        return Rejection(
            "NOT_FOUND", "every skill that the definition calls is published", "definitionName",
            got=", ".join(missing), retryable=True,
        )  # fmt: skip
    return None


def _gate(command: StartWorkflow, decision: Decision, published: Published) -> Rejection | None:
    return governance.gate_command(
        decision,
        action="workflow:start",
        resource=f"{published.owner}/{published.name}@{published.version}",
        context={
            "definition": published.name,
            "definitionOwner": published.owner,
            "definitionVersion": published.version,
            "priority": command.priority,
            "projectId": command.project_id or "",
        },
        roles=identity.roles_of(decision, decision.cause.actor_id, command.project_id),
    )


def _open(
    command: StartWorkflow, decision: Decision, published: Published, definition: Definition
) -> Rejection | None:
    instance_id = command.workflow_instance_id
    decision.scope = decision.scope._replace(
        workflow_instance_id=instance_id, project_id=command.project_id
    )
    reservation_id = ReservationId(f"workflow/{instance_id}")
    refused = tenancy.reserve(decision, reservation_id, {ACTIVE: 1}, command.project_id)
    if refused is not None:
        return refused
    limit = definition.timeout_micros
    fact = WorkflowInstanceStarted(
        workflow_instance_id=instance_id,
        project_id=command.project_id,
        definition_owner=published.owner,
        definition_name=published.name,
        definition_version=published.version,
        title=definition.title,
        input=encode(decode(command.input)),
        priority=command.priority,
        started_by=decision.cause.actor_id,
        reservation_id=reservation_id,
        timeout_at=None if limit is None else decision.at + limit,
    )
    decision.record(fact)
    run = run_of(decision, instance_id)
    run.begin("do/0")
    advance(run)
    return None
