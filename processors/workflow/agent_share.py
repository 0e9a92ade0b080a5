"""How much of the work one agent may hold at once, and claim in a time: charged at its claim, given back at the end.

Costs nothing where the tenant limits no agent. A result without a claim is taken in whatever the limit says: the work
is done and paid for.
Source: domain.md §5.3 (rate and concurrency limits by agent).
"""

from processors import tenancy
from processors.contract import Meta, Rejection
from processors.decision import Decision
from schemas.ids import ReservationId, TaskId
from schemas.messages.workflow.commands import ClaimAgentTask
from schemas.messages.workflow.facts import (
    AgentTaskCompleted,
    AgentTaskExpired,
    AgentTaskFailed,
    AgentTaskWithdrawn,
)

Ended = AgentTaskCompleted | AgentTaskFailed | AgentTaskExpired | AgentTaskWithdrawn


def take(decision: Decision, command: ClaimAgentTask) -> Rejection | None:
    """Charge a claim to its agent; QUOTA_EXCEEDED, retryable, where the agent has its share already."""
    amounts = tenancy.agent_amounts(decision, command.agent_id)
    if not amounts:
        return None
    reservation_id = _claim(command.task_id, command.attempt)
    return tenancy.reserve(decision, reservation_id, amounts, None, agent_id=command.agent_id)


def give_back(decision: Decision, fact: Ended, _meta: Meta) -> None:
    """Let the agent take something else on; nothing where its claim was not charged."""
    tenancy.settle(decision, _claim(fact.task_id, fact.attempt), {})


def _claim(task_id: TaskId, attempt: int) -> ReservationId:
    return ReservationId(f"claim/{task_id}/{attempt}")
