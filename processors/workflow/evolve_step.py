"""How the records of running steps follow from their facts.

A body that runs beside others (a branch, a turn of a loop) has a record under the path of its list; its holder counts
those begun and ended.
"""

from typing import Final

from msgspec.structs import replace

from processors.contract import Meta, Tables
from processors.workflow.documents import decode, encode
from processors.workflow.evolve_instance import header, no_longer_escalated, step_of
from processors.workflow.evolve_queue import leave_queue
from processors.workflow.state import (
    BETWEEN_ATTEMPTS,
    AgentTask,
    ApprovalWait,
    StepStatus,
    TaskStatus,
    WorkflowDocument,
    WorkflowStep,
    step_id,
)
from schemas.ids import TaskId, WorkflowInstanceId
from schemas.messages.workflow import facts

_STARTED_STATUS: Final[dict[str, StepStatus]] = {
    "approval": "AwaitingApproval",
    "wait": "AwaitingTimer",
}


def _holder(path: str, segment: str) -> str:
    """Give the path of the fork or loop that holds a body."""
    return path[: path.rindex(segment)]


def close(tables: Tables, instance_id: WorkflowInstanceId, path: str, closed: WorkflowStep) -> None:
    """Put a step's record in a status that waits for nothing any more."""
    record_id = step_id(instance_id, path)
    old = tables.get(WorkflowStep, record_id)
    if old is not None:
        no_longer_escalated(tables, instance_id, old)
        leave_queue(tables, old)
        if old.approval_id is not None:
            tables.delete(ApprovalWait, old.approval_id)
        if old.task_id is not None:
            _end_waiting_task(tables, old.task_id, closed.status)
        closed = replace(
            closed, attempt=old.attempt, task_id=old.task_id, index=old.index, total=old.total
        )
    tables.put(record_id, closed)


def _end_waiting_task(tables: Tables, task_id: TaskId, status: StepStatus) -> None:
    """End a task that is between two attempts with its step: no fact of its own says so."""
    task = tables.get(AgentTask, task_id)
    if task is not None and task.status in BETWEEN_ATTEMPTS:
        ended: TaskStatus = "Failed" if status == "Failed" else "Withdrawn"
        tables.put(task_id, replace(task, status=ended, retry_at=None))


def started(tables: Tables, fact: facts.WorkflowStepStarted, _: Meta) -> None:
    """Open the record of a step that holds others or waits; a loop's items stand beside it."""
    instance_id = fact.workflow_instance_id
    record_id = step_id(instance_id, fact.step_path)
    old = tables.get(WorkflowStep, record_id)
    if old is not None:
        no_longer_escalated(tables, instance_id, old)
    opened = WorkflowStep(
        step_name=fact.step_name,
        kind=fact.kind,
        status=_STARTED_STATUS.get(fact.kind, "Running"),
        attempt=old.attempt if old is not None else 1,
        total=fact.total,
        document="" if fact.kind == "for" else fact.document,
        index=fact.index,
        approval_id=fact.approval_id,
        wakes_at=fact.wakes_at,
        timeout_at=fact.timeout_at,
    )
    tables.put(record_id, opened)
    if fact.kind == "for":
        items = WorkflowDocument(document=fact.document)
        tables.put(f"{instance_id}/items/{fact.step_path}", items)
    if fact.kind == "iteration":
        _count(tables, instance_id, _holder(fact.step_path, "/for["), begun=1)
    if fact.approval_id is not None:
        wait = ApprovalWait(
            workflow_instance_id=instance_id, step_path=fact.step_path, purpose="step"
        )
        tables.put(fact.approval_id, wait)


def _count(
    tables: Tables, instance_id: WorkflowInstanceId, path: str, begun: int = 0, ended: int = 0
) -> None:
    step = step_of(tables, instance_id, path)
    counted = replace(step, begun=step.begun + begun, ended=step.ended + ended)
    tables.put(step_id(instance_id, path), counted)


def completed(tables: Tables, fact: facts.WorkflowStepCompleted, _: Meta) -> None:
    """Close the record with its output; a ``set`` puts its names, a body counts at its holder."""
    instance_id = fact.workflow_instance_id
    closed = WorkflowStep(
        step_name=fact.step_name, kind=fact.kind, status="Completed", output=fact.output
    )
    close(tables, instance_id, fact.step_path, closed)
    if fact.kind == "set":
        scope = f"{instance_id}/set/{fact.scope_path}"
        for name, value in decode(fact.output).items():
            tables.put(f"{scope}/{name}", WorkflowDocument(document=encode(value)))
    elif fact.kind == "branch":
        _count(tables, instance_id, _holder(fact.step_path, "/fork/"), ended=1)
    elif fact.kind == "iteration":
        _count(tables, instance_id, _holder(fact.step_path, "/for["), ended=1)
    elif fact.kind == "for":
        tables.delete(WorkflowDocument, f"{instance_id}/items/{fact.step_path}")


def failed(tables: Tables, fact: facts.WorkflowStepFailed, _: Meta) -> None:
    """Close the record with the failure; an escalation that follows opens it again for a person."""
    closed = WorkflowStep(
        step_name=fact.step_name,
        kind=fact.kind,
        status="Failed",
        error=f"{fact.failure_class}: {fact.message}",
    )
    close(tables, fact.workflow_instance_id, fact.step_path, closed)


def escalated(tables: Tables, fact: facts.WorkflowInstanceEscalated, _: Meta) -> None:
    """Leave the step to a person."""
    instance_id = fact.workflow_instance_id
    step = step_of(tables, instance_id, fact.step_path)
    asked = replace(step, status="Escalated")
    tables.put(step_id(instance_id, fact.step_path), asked)
    instance = header(tables, instance_id)
    tables.put(instance_id, replace(instance, escalated_steps=instance.escalated_steps + 1))


def skipped(tables: Tables, fact: facts.WorkflowStepSkipped, _: Meta) -> None:
    """Close the record with null as its output."""
    closed = WorkflowStep(
        step_name=fact.step_name,
        kind=fact.kind,
        status="Skipped",
        output="null",
    )
    close(tables, fact.workflow_instance_id, fact.step_path, closed)
    if fact.kind == "iteration":
        _stop(tables, fact.workflow_instance_id, _holder(fact.step_path, "/for["))


def _stop(tables: Tables, instance_id: WorkflowInstanceId, path: str) -> None:
    """Let a loop end with the turns that have begun."""
    step = step_of(tables, instance_id, path)
    tables.put(step_id(instance_id, path), replace(step, total=step.begun))


def retried(tables: Tables, fact: facts.WorkflowStepRetried, _: Meta) -> None:
    """Open the step's next attempt and forget what ran inside it."""
    instance_id = fact.workflow_instance_id
    record_id = step_id(instance_id, fact.step_path)
    step = step_of(tables, instance_id, fact.step_path)
    no_longer_escalated(tables, instance_id, step)
    opened = replace(
        step,
        status="AwaitingTimer" if fact.retry_at is not None else "Running",
        attempt=fact.attempt,
        begun=0,
        ended=0,
        error="",
        wakes_at=fact.retry_at,
    )
    tables.put(record_id, opened)
    inside = record_id + "/"
    for inner_id, inner in list(tables.children(WorkflowStep, instance_id)):
        if inner_id.startswith(inside):
            if inner.task_id is not None:  # a late result must still find it, and the archive
                former = WorkflowDocument(document=encode(inner.task_id))
                tables.put(f"{instance_id}/former/{inner.task_id}", former)
            tables.delete(WorkflowStep, inner_id)
