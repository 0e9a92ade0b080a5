"""HeartbeatAgentTask — a sign of life extends the lease.

State     AgentTask of the task
Produces  AgentLeaseExtended
Refuses   NOT_FOUND (task), STALE_LEASE, INVALID_STATE (not claimed)
Source    domain.md §5.3; settled.md 20, 21
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.leases import stale, stale_reason, unclaimed, unknown
from processors.workflow.run import run_of
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import HeartbeatAgentTask
from schemas.messages.workflow.facts import AgentLeaseExtended


def decide(command: HeartbeatAgentTask, decision: Decision) -> Rejection | None:
    """Extend the lease by its length, from now."""
    task = decision.tables.get(AgentTask, command.task_id)
    if task is None:
        return unknown(command)
    reason = stale_reason(decision, task, command)
    if reason is not None:
        return stale(reason, task)
    if task.status != "Claimed":
        return unclaimed(task)
    run_of(decision, task.workflow_instance_id).of_task(command.task_id)
    fact = AgentLeaseExtended(
        task_id=command.task_id,
        attempt=task.attempt,
        lease_expires_at=decision.at + task.lease_micros,
    )
    decision.record(fact)
    return None
