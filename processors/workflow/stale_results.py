"""A result that comes too late, or under another's lease: recorded, metered, and without any other effect."""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.leases import is_genuine, stale
from processors.workflow.run import run_of
from processors.workflow.settlement import settle_stale
from processors.workflow.state import AgentTask
from schemas.messages.workflow.commands import CompleteAgentTask, FailAgentTask
from schemas.messages.workflow.facts import StaleResultRecorded


def refuse(
    decision: Decision,
    command: CompleteAgentTask | FailAgentTask,
    task: AgentTask,
    reason: str,
) -> Rejection:
    """Record a stale result and refuse it. What it spent counts only where it really had the attempt's lease."""
    run_of(decision, task.workflow_instance_id).of_task(command.task_id)
    calls = command.model_invocations
    fact = StaleResultRecorded(
        task_id=command.task_id,
        workflow_instance_id=task.workflow_instance_id,
        attempt=command.attempt,
        current_attempt=task.attempt,
        execution_id=command.execution_id,
        agent_id=command.agent_id,
        command_type=type(command).__name__,
        reason=reason,
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
    )
    source = decision.record(fact)
    if is_genuine(decision, command, task):
        settle_stale(decision, command, task, source)
    return stale(reason, task)
