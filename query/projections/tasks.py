"""The agent tasks view: attempts, leases, agents and ends of each task, as the facts say them (domain.md §5.3)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from query.projections.model import Row, View, bare, fact
from schemas.messages.envelope import Envelope
from schemas.messages.workflow import facts as said


class Change(NamedTuple):
    """What one fact says; None where it says nothing of it. Columns of ``task_changes`` after the fact's."""

    task_id: str | None
    workflow_instance_id: str | None
    project_id: str | None
    status: str | None = None
    attempt: int | None = None
    step_path: str | None = None
    step_name: str | None = None
    agent_role: str | None = None
    skill: str | None = None
    skill_version: str | None = None
    model_policy: str | None = None
    reservation_id: str | None = None
    decision_id: str | None = None
    agent_id: str | None = None
    agent_version: str | None = None
    execution_id: str | None = None
    percent: int | None = None
    reason: str | None = None
    lease_expires_at: int | None = None
    """Instant, micros; also ``deadline_at`` and ``retry_at``."""
    deadline_at: int | None = None
    retry_at: int | None = None


_STATUS: Final[dict[type[Struct], str | None]] = {
    said.AgentTaskAssigned: "Assigned",
    said.AgentTaskClaimed: "ContextLoading",
    said.AgentLeaseExtended: None,
    said.ValidationFailed: "Validating",
    said.CorrectionAttempted: "Correcting",
    said.AgentTaskCompleted: "Completed",
    said.AgentTaskFailed: "Failed",
    said.AgentTaskExpired: "Expired",
    said.AgentTaskWithdrawn: "Cancelled",
}
_COPIED: Final = tuple(
    name for name in Change._fields if name not in {"task_id", "workflow_instance_id", "project_id"}
)


def _changed(envelope: Envelope, payload: Struct) -> Iterable[Row]:
    """Copy what the fact says under the view's own names; the facts of a task name things alike."""
    return _row(envelope, payload, _STATUS[type(payload)], reason=_reason(payload))


def _progressed(envelope: Envelope, payload: said.AgentTaskProgressed) -> Iterable[Row]:
    return _row(envelope, payload, payload.phase, reason=None)


def _row(
    envelope: Envelope, payload: Struct, status: str | None, *, reason: str | None
) -> Iterable[Row]:
    values = {
        name: value for name in _COPIED if (value := getattr(payload, name, None)) is not None
    }
    values |= {"status": status, "reason": reason}
    change = Change(
        bare(getattr(payload, "task_id", envelope.task_id)),
        bare(getattr(payload, "workflow_instance_id", envelope.workflow_instance_id)),
        envelope.project_id,
        **values,
    )
    return ((*fact(envelope), *change),)


def _reason(payload: Struct) -> str | None:
    """Give why the fact came about, where it says so."""
    if isinstance(payload, said.ValidationFailed):
        return "; ".join(payload.findings)
    if isinstance(payload, said.AgentTaskExpired):
        return payload.cause
    text = getattr(payload, "message", None) or getattr(payload, "reason", None)
    return text if isinstance(text, str) else None


VIEW: Final = View(
    table="task_changes",
    version=1,
    rules={said.AgentTaskProgressed: _progressed, **dict.fromkeys(_STATUS, _changed)},
)
