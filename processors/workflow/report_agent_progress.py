"""ReportAgentProgress — an agent says how far it is; that is a sign of life too.

State     AgentTask of the task
Produces  AgentTaskProgressed
Refuses   NOT_FOUND (task), STALE_LEASE, INVALID_STATE (not claimed)
Source    domain.md §5.3
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.leases import stale, stale_reason, unclaimed, unknown
from processors.workflow.run import run_of
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import ReportAgentProgress
from schemas.messages.workflow.facts import AgentTaskProgressed


def decide(command: ReportAgentProgress, decision: Decision) -> Rejection | None:
    """Record the progress and extend the lease."""
    task = decision.tables.get(AgentTask, command.task_id)
    if task is None:
        return unknown(command)
    reason = stale_reason(decision, task, command)
    if reason is not None:
        return stale(reason, task)
    if task.status != "Claimed":
        return unclaimed(task)
    run_of(decision, task.workflow_instance_id).of_task(command.task_id)
    fact = AgentTaskProgressed(
        task_id=command.task_id,
        attempt=task.attempt,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        phase=command.phase,
        percent=command.percent,
        message=command.message,
        lease_expires_at=decision.at + task.lease_micros,
    )
    decision.record(fact)
    return None
