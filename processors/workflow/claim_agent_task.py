"""ClaimAgentTask — bind an assigned task to one agent and execution.

State     AgentTask of the task
Produces  AgentTaskClaimed, after QuotaReserved where the agent is limited; AgentLeaseExtended where the same agent
          and execution hold it already
Refuses   NOT_FOUND (task, agent, version), FORBIDDEN (role or skill), STALE_LEASE, QUOTA_EXCEEDED (the agent's share)
Source    domain.md §5.3; settled.md 20
"""

from processors import agents
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow import agent_share
from processors.workflow.leases import stale, stale_reason, unknown
from processors.workflow.run import run_of
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import ClaimAgentTask
from schemas.messages.workflow.facts import AgentLeaseExtended, AgentTaskClaimed


def decide(command: ClaimAgentTask, decision: Decision) -> Rejection | None:
    """Let the first claim under the lease hold the task."""
    task = decision.tables.get(AgentTask, command.task_id)
    if task is None:
        return unknown(command)
    reason = stale_reason(decision, task, command)
    if reason is not None:
        return stale(reason, task)
    refused = agents.check_claim(
        decision,
        command.agent_id,
        command.agent_version,
        task.agent_role,
        task.skill,
        task.skill_version,
    )
    if refused is not None:
        return refused
    run_of(decision, task.workflow_instance_id).of_task(command.task_id)
    if task.status != "Claimed":
        refused = agent_share.take(decision, command)
        if refused is not None:
            return refused
    decision.record(_fact(command, task, decision.at + task.lease_micros))
    return None


def _fact(
    command: ClaimAgentTask, task: AgentTask, expires_at: int
) -> AgentTaskClaimed | AgentLeaseExtended:
    if task.status == "Claimed":
        return AgentLeaseExtended(
            task_id=command.task_id, attempt=task.attempt, lease_expires_at=expires_at
        )
    return AgentTaskClaimed(
        task_id=command.task_id,
        workflow_instance_id=task.workflow_instance_id,
        attempt=task.attempt,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        agent_version=command.agent_version,
        lease_expires_at=expires_at,
    )
