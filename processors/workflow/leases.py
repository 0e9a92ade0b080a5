"""Whether an agent's answer counts: only under the lease in force (settled.md 19, 20)."""

import hmac
from typing import Protocol

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.state import HELD, AgentTask
from schemas.ids import ExecutionId, TaskId


class Answer(Protocol):
    """What every command of an agent says of its lease."""

    @property
    def task_id(self) -> TaskId:
        """Task that it answers for."""
        ...

    @property
    def execution_id(self) -> ExecutionId:
        """Execution that answers."""
        ...

    @property
    def agent_id(self) -> str:
        """Agent that answers."""
        ...

    @property
    def attempt(self) -> int:
        """Attempt that it answers for."""
        ...

    @property
    def lease_token(self) -> str:
        """Token that the assignment carried."""
        ...


def unknown(answer: Answer) -> Rejection:
    """Give the refusal of an answer for a task that does not exist."""
    return Rejection("NOT_FOUND", "the task was assigned", "taskId", got=answer.task_id)


def stale_reason(decision: Decision, task: AgentTask, answer: Answer) -> str | None:
    """Give why an answer does not count, None where it does.

    The first claim binds agent and execution; later answers must match both.
    """
    if answer.attempt != task.attempt:
        return f"attempt {answer.attempt} is not the newest"
    if not hmac.compare_digest(decision.keys.token_hash(answer.lease_token), task.lease_token_hash):
        return "the token is not that of the lease"
    if task.status not in HELD:
        return f"the attempt is over: {task.status}"
    bound = (task.execution_id, task.agent_id)
    if task.execution_id is not None and bound != (answer.execution_id, answer.agent_id):
        return "another execution holds the task"
    return None


def stale(reason: str, task: AgentTask) -> Rejection:
    """Give the refusal of an answer that does not count."""
    return Rejection(
        "STALE_LEASE",
        "an answer counts only under the lease in force",
        "leaseToken",
        f"attempt {task.attempt}",
        reason,
    )


def unclaimed(task: AgentTask) -> Rejection:
    """Give the refusal of a sign of life for a task that nobody has claimed."""
    return Rejection("INVALID_STATE", "the task is claimed first", "taskId", "Claimed", task.status)


def is_genuine(decision: Decision, answer: Answer, task: AgentTask) -> bool:
    """Tell whether a stale answer carries the token of the attempt that it names: then its agent really had it."""
    if answer.attempt > task.attempt:
        return False
    place = decision.tenant_id, answer.task_id, answer.attempt
    return decision.keys.is_token(answer.lease_token, *place)
