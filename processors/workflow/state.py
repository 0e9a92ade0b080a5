"""State of the Workflow context: the records, the legal moves of a task, and what follows from the records.

The header keeps what no scan may be needed for; the finer status of an instance follows from its steps
(domain.md §5.2) and is told by ``status_of``.
"""

from typing import Final, Literal

from processors.contract import ReadTables
from schemas.ids import WorkflowInstanceId
from schemas.messages.workflow.state import (
    AgentTask,
    ApprovalWait,
    DeferredSteps,
    HeldReservation,
    TaskArtifact,
    WaitingQueue,
    WaitingStep,
    WorkflowDocument,
    WorkflowInstance,
    WorkflowStep,
)

__all__ = [
    "BETWEEN_ATTEMPTS",
    "ENDED",
    "HELD",
    "OPEN_STEPS",
    "QUEUES",
    "TASK_MOVES",
    "TERMINAL",
    "AgentTask",
    "ApprovalWait",
    "DeferredSteps",
    "HeldReservation",
    "InstanceStatus",
    "StepKind",
    "StepStatus",
    "TaskArtifact",
    "TaskStatus",
    "WaitingQueue",
    "WaitingStep",
    "WorkflowDocument",
    "WorkflowInstance",
    "WorkflowStep",
    "status_of",
    "step_id",
]

InstanceStatus = Literal[
    "Running",
    "AwaitingAgent",
    "AwaitingApproval",
    "AwaitingTimer",
    "Blocked",
    "Escalated",
    "Paused",
    "Completed",
    "Failed",
    "Cancelled",
]
TaskStatus = Literal[
    "Assigned", "Claimed", "Ready", "AwaitingRetry", "Completed", "Failed", "Withdrawn"
]

StepStatus = Literal[
    "Running",
    "AwaitingAgent",
    "AwaitingApproval",
    "AwaitingTimer",
    "Blocked",
    "Failed",
    "Escalated",
    "Completed",
    "Skipped",
]
StepKind = Literal[
    "agentTask",
    "approval",
    "set",
    "switch",
    "fork",
    "branch",
    "for",
    "iteration",
    "wait",
    "try",
    "catch",
    "raise",
]

TERMINAL: Final = frozenset({"Completed", "Failed", "Cancelled"})
ENDED: Final = frozenset({"Completed", "Skipped", "Failed"})
"""Steps that are over; Escalated is not, a person decides about it."""
OPEN_STEPS: Final = frozenset(
    {"Running", "AwaitingAgent", "AwaitingApproval", "AwaitingTimer", "Blocked", "Escalated"}
)
HELD: Final = frozenset({"Assigned", "Claimed"})
"""Tasks that an agent may be working on."""
BETWEEN_ATTEMPTS: Final = frozenset({"Ready", "AwaitingRetry"})
"""Tasks whose next attempt is to come."""

TASK_MOVES: Final[dict[str, frozenset[TaskStatus]]] = {
    "Assigned": frozenset(
        {"Claimed", "Ready", "AwaitingRetry", "Completed", "Failed", "Withdrawn"}
    ),
    "Claimed": frozenset({"Ready", "AwaitingRetry", "Completed", "Failed", "Withdrawn"}),
    "Ready": frozenset({"Assigned", "Failed", "Withdrawn"}),
    "AwaitingRetry": frozenset({"Assigned", "Failed", "Withdrawn"}),
    "Failed": frozenset({"Assigned"}),
    "Completed": frozenset(),
    "Withdrawn": frozenset(),
}
"""From -> to. A failed task is assigned again where a person answers its escalation with a retry."""

QUEUES: Final = "queues"
"""Parent of the records that name the queues with steps in them."""

_ORDER: Final[tuple[tuple[str, InstanceStatus], ...]] = (
    ("Escalated", "Escalated"),
    ("Blocked", "Blocked"),
    ("AwaitingApproval", "AwaitingApproval"),
    ("AwaitingAgent", "AwaitingAgent"),
    ("AwaitingTimer", "AwaitingTimer"),
)
"""Step status -> instance status; the first that any step has wins: what needs somebody most."""


def step_id(instance_id: WorkflowInstanceId | str, path: str) -> str:
    """Give the id of a step's record."""
    return f"{instance_id}/{path}"


def status_of(tables: ReadTables, instance_id: WorkflowInstanceId) -> InstanceStatus | None:
    """Give the status of an instance as people know it, None where there is none; O(steps of the instance)."""
    instance = tables.get(WorkflowInstance, instance_id)
    if instance is None:
        return None
    if instance.status != "Running":
        return instance.status
    present = {step.status for _, step in tables.children(WorkflowStep, instance_id)}
    return next((status for step, status in _ORDER if step in present), "Running")
