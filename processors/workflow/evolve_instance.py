"""How an instance's header follows from its facts."""

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.workflow.state import (
    AgentTask,
    WorkflowDocument,
    WorkflowInstance,
    WorkflowStep,
    step_id,
)
from schemas.ids import WorkflowInstanceId
from schemas.messages.workflow import facts


def header(tables: Tables, instance_id: WorkflowInstanceId) -> WorkflowInstance:
    """Give the header that a fact of the instance presupposes."""
    found = tables.get(WorkflowInstance, instance_id)
    if found is None:
        raise AssertionError(f"a fact of workflow instance {instance_id}, which never started")
    return found


def step_of(tables: Tables, instance_id: WorkflowInstanceId, path: str) -> WorkflowStep:
    """Give the step that a fact presupposes."""
    found = tables.get(WorkflowStep, step_id(instance_id, path))
    if found is None:
        raise AssertionError(f"a fact of step {path} of {instance_id}, which never began")
    return found


def no_longer_escalated(
    tables: Tables, instance_id: WorkflowInstanceId, step: WorkflowStep
) -> None:
    """Count a step out that a person was asked about."""
    if step.status == "Escalated":
        instance = header(tables, instance_id)
        count = instance.escalated_steps - 1
        tables.put(instance_id, replace(instance, escalated_steps=count))


def started(tables: Tables, fact: facts.WorkflowInstanceStarted, meta: Meta) -> None:
    """Open the header and keep the input beside it, so that no change of the header writes it again."""
    tables.put(
        fact.workflow_instance_id,
        WorkflowInstance(
            project_id=fact.project_id,
            definition_owner=fact.definition_owner,
            definition_name=fact.definition_name,
            definition_version=fact.definition_version,
            status="Running",
            started_by=fact.started_by,
            priority=fact.priority,
            trace_id=meta.scope.trace_id,
            correlation_id=meta.scope.correlation_id,
            reservation_id=fact.reservation_id,
            started_at=meta.at,
            timeout_at=fact.timeout_at,
        ),
    )
    tables.put(f"{fact.workflow_instance_id}/input", WorkflowDocument(document=fact.input))


def paused(tables: Tables, fact: facts.WorkflowInstancePaused, _: Meta) -> None:
    """Mark the header paused."""
    instance = header(tables, fact.workflow_instance_id)
    tables.put(fact.workflow_instance_id, replace(instance, status="Paused", reason=fact.reason))


def resumed(tables: Tables, fact: facts.WorkflowInstanceResumed, _: Meta) -> None:
    """Mark the header running."""
    instance = header(tables, fact.workflow_instance_id)
    tables.put(fact.workflow_instance_id, replace(instance, status="Running", reason=""))


def completed(tables: Tables, fact: facts.WorkflowInstanceCompleted, _: Meta) -> None:
    """Close the header."""
    instance = header(tables, fact.workflow_instance_id)
    tables.put(
        fact.workflow_instance_id,
        replace(instance, status="Completed", timeout_at=None, archives_at=fact.archives_at),
    )


def failed(tables: Tables, fact: facts.WorkflowInstanceFailed, _: Meta) -> None:
    """Close the header with the failure."""
    instance = header(tables, fact.workflow_instance_id)
    closed = replace(
        instance,
        status="Failed",
        reason=f"{fact.failure_class}: {fact.message}",
        timeout_at=None,
        archives_at=fact.archives_at,
    )
    tables.put(fact.workflow_instance_id, closed)


def cancelled(tables: Tables, fact: facts.WorkflowInstanceCancelled, _: Meta) -> None:
    """Close the header with the reason."""
    instance = header(tables, fact.workflow_instance_id)
    closed = replace(
        instance,
        status="Cancelled",
        reason=fact.reason,
        timeout_at=None,
        archives_at=fact.archives_at,
    )
    tables.put(fact.workflow_instance_id, closed)


def archived(tables: Tables, fact: facts.WorkflowInstanceArchived, _: Meta) -> None:
    """Forget the instance with its steps, tasks and documents."""
    instance_id = fact.workflow_instance_id
    for record_id, step in list(tables.children(WorkflowStep, instance_id)):
        if step.task_id is not None:
            tables.delete(AgentTask, step.task_id)
        tables.delete(WorkflowStep, record_id)
    former = f"{instance_id}/former/"
    for record_id, _document in list(tables.children(WorkflowDocument, instance_id)):
        tables.delete(AgentTask, record_id.removeprefix(former))
        tables.delete(WorkflowDocument, record_id)
    tables.delete(WorkflowInstance, instance_id)
