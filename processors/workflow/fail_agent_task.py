"""FailAgentTask — an attempt failed: by its class it is tried again after a pause, or the step fails.

State     AgentTask of the task, and its instance
Produces  AgentTaskFailed, UsageRecorded, QuotaSettled, then what follows of the step's failure where no
          attempt is left; StaleResultRecorded where the lease is not in force
Refuses   NOT_FOUND (task, agent, version), FORBIDDEN (role or skill), STALE_LEASE
Source    domain.md §5.2 (failure classes); settled.md 20, 22
"""

from processors import agents
from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.advance import advance
from processors.workflow.backoff import retry_at
from processors.workflow.fault import Fault
from processors.workflow.leases import stale_reason, unknown
from processors.workflow.run import Run, run_of
from processors.workflow.settlement import settle_result
from processors.workflow.stale_results import refuse
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import FailAgentTask
from schemas.messages.workflow.facts import AgentTaskFailed


def decide(command: FailAgentTask, decision: Decision) -> Rejection | None:
    """Settle what was spent, then wait for the next attempt or fail the step."""
    task = decision.tables.get(AgentTask, command.task_id)
    if task is None:
        return unknown(command)
    reason = stale_reason(decision, task, command)
    if reason is not None:
        return refuse(decision, command, task, reason)
    if task.status != "Claimed":
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
    run = run_of(decision, task.workflow_instance_id)
    _take_in(run, command, task)
    advance(run)
    return None


def _take_in(run: Run, command: FailAgentTask, task: AgentTask) -> None:
    run.of_task(command.task_id)
    again_at = _again_at(run, command, task)
    fact = AgentTaskFailed(
        task_id=command.task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        step_name=run.outline.task(task.step_path).node.name,
        agent_role=task.agent_role,
        attempt=task.attempt,
        failure_class=command.failure_class,
        message=command.message,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        retry_at=again_at,
    )
    source = run.decision.record(fact)
    settle_result(run.decision, command, task, source)
    if again_at is None:
        fault = Fault(command.failure_class, command.message, task_id=command.task_id)
        run.failed(task.step_path, fault)
    run.of_task(None)


def _again_at(run: Run, command: FailAgentTask, task: AgentTask) -> int | None:
    """Give when the next attempt begins; None where the class or the count forbids one."""
    call = run.outline.agent_task(task.step_path)
    failures = task.failures + 1
    if command.failure_class == "validation" or command.failure_class not in call.retry.classes:
        return None
    if failures >= call.retry.attempts_max:
        return None
    return retry_at(
        call.retry, command.task_id, failures, run.decision.at, command.retry_after_micros or 0
    )
