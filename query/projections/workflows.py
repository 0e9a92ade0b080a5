"""The workflows view: what each fact says of an instance and of one of its steps.

The present status is folded by the question files: a terminal status stands; else an instance with a step that
still waits is Blocked (AwaitingApproval where it waits for people); else the last status said (domain.md §5.2).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from query.projections.model import Row, View, bare, fact
from schemas.messages.envelope import Envelope
from schemas.messages.workflow import facts as said


class Change(NamedTuple):
    """What one fact says; None where it says nothing of it. Columns of ``workflow_changes`` after the fact's."""

    workflow_instance_id: str | None
    status: str | None = None
    is_blocked: bool | None = None
    step_path: str = ""
    """Step concerned; empty for the instance itself."""
    step_name: str | None = None
    step_status: str | None = None
    reason: str | None = None
    project_id: str | None = None
    definition_owner: str | None = None
    definition_name: str | None = None
    definition_version: str | None = None
    title: str | None = None
    started_by: str | None = None
    priority: int | None = None
    trace_id: str | None = None
    approval_id: str | None = None
    decision_id: str | None = None
    due_at: int | None = None
    """Instant (micros) at which the step or instance moves on by itself."""
    due_for: str | None = None
    """What happens then."""


def _row(envelope: Envelope, change: Change) -> Iterable[Row]:
    return ((*fact(envelope), *change),)


def _started(envelope: Envelope, payload: said.WorkflowInstanceStarted) -> Iterable[Row]:
    return _row(
        envelope,
        Change(
            bare(payload.workflow_instance_id),
            status="Running",
            project_id=payload.project_id or envelope.project_id,
            definition_owner=payload.definition_owner,
            definition_name=payload.definition_name,
            definition_version=payload.definition_version,
            title=payload.title,
            started_by=payload.started_by,
            priority=payload.priority,
            trace_id=envelope.trace_id,
            due_at=payload.timeout_at,
            due_for=None if payload.timeout_at is None else "workflow timeout",
        ),
    )


_INSTANCE_STATUS: Final[dict[type[Struct], str]] = {
    said.WorkflowInstancePaused: "Paused",
    said.WorkflowInstanceResumed: "Running",
    said.WorkflowInstanceCancelled: "Cancelled",
    said.WorkflowInstanceCompleted: "Completed",
    said.WorkflowInstanceFailed: "Failed",
    said.WorkflowInstanceEscalated: "Escalated",
}


def _instance(
    envelope: Envelope,
    payload: said.WorkflowInstancePaused
    | said.WorkflowInstanceResumed
    | said.WorkflowInstanceCancelled
    | said.WorkflowInstanceCompleted
    | said.WorkflowInstanceFailed
    | said.WorkflowInstanceEscalated,
) -> Iterable[Row]:
    reason = getattr(payload, "message", None) or getattr(payload, "reason", None)
    return _row(
        envelope,
        Change(
            bare(payload.workflow_instance_id),
            status=_INSTANCE_STATUS[type(payload)],
            step_path=getattr(payload, "step_path", ""),
            step_name=getattr(payload, "step_name", None),
            reason=reason or None,
            decision_id=getattr(payload, "decision_id", None),
        ),
    )


def _blocked(envelope: Envelope, payload: said.WorkflowInstanceBlocked) -> Iterable[Row]:
    return _row(
        envelope,
        Change(
            bare(payload.workflow_instance_id),
            is_blocked=True,
            step_path=payload.step_path,
            step_name=payload.step_name,
            step_status="Blocked",
            reason=payload.reason,
            approval_id=payload.approval_id,
            decision_id=payload.decision_id,
            due_at=payload.timeout_at,
            due_for=None if payload.timeout_at is None else "step timeout",
        ),
    )


def _step_started(envelope: Envelope, payload: said.WorkflowStepStarted) -> Iterable[Row]:
    due_at, due_for = (
        (payload.wakes_at, "wait ends")
        if payload.wakes_at is not None
        else (payload.timeout_at, "step timeout")
    )
    waits = payload.approval_id is not None
    return _row(
        envelope,
        Change(
            bare(payload.workflow_instance_id),
            is_blocked=True if waits else None,
            step_path=payload.step_path,
            step_name=payload.step_name,
            step_status="Awaiting" if waits or payload.wakes_at is not None else "Running",
            reason="approval" if waits else None,
            approval_id=payload.approval_id,
            due_at=due_at,
            due_for=None if due_at is None else due_for,
        ),
    )


_STEP_STATUS: Final[dict[type[Struct], str]] = {
    said.WorkflowInstanceUnblocked: "Ready",
    said.WorkflowStepCompleted: "Done",
    said.WorkflowStepFailed: "Failed",
    said.WorkflowStepSkipped: "Skipped",
    said.WorkflowStepRetried: "Ready",
    said.AgentTaskAssigned: "Assigned",
    said.AgentTaskCompleted: "Done",
}


def _step(
    envelope: Envelope,
    payload: said.WorkflowInstanceUnblocked
    | said.WorkflowStepCompleted
    | said.WorkflowStepFailed
    | said.WorkflowStepSkipped
    | said.WorkflowStepRetried
    | said.AgentTaskAssigned
    | said.AgentTaskCompleted,
) -> Iterable[Row]:
    retried = isinstance(payload, said.WorkflowStepRetried)
    retry_at = payload.retry_at if isinstance(payload, said.WorkflowStepRetried) else None
    return _row(
        envelope,
        Change(
            bare(payload.workflow_instance_id),
            # A retried step takes an escalated instance up again; nothing else here changes its status.
            status="Running" if retried or _resumes(payload) else None,
            is_blocked=False,
            step_path=payload.step_path,
            step_name=payload.step_name,
            step_status=_STEP_STATUS[type(payload)],
            reason=getattr(payload, "message", None) or getattr(payload, "reason", None),
            decision_id=getattr(payload, "decision_id", None),
            due_at=retry_at,
            due_for=None if retry_at is None else "step retry",
        ),
    )


def _resumes(payload: object) -> bool:
    """Tell whether a person's skip takes an escalated instance up again."""
    return isinstance(payload, said.WorkflowStepSkipped) and payload.reason == "person"


VIEW: Final = View(
    table="workflow_changes",
    version=1,
    rules={
        said.WorkflowInstanceStarted: _started,
        said.WorkflowInstanceBlocked: _blocked,
        said.WorkflowStepStarted: _step_started,
        **dict.fromkeys(_INSTANCE_STATUS, _instance),
        **dict.fromkeys(_STEP_STATUS, _step),
    },
)
