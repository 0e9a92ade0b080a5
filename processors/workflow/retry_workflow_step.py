"""RetryWorkflowStep — answer an escalation: try the step again.

State     WorkflowStep, Escalated
Produces  WorkflowStepRetried, then what follows
Refuses   NOT_FOUND (instance, step), INVALID_STATE (ended, or the step is not escalated)
Source    domain.md §5.2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.advance import advance
from processors.workflow.instances import escalated, running
from schemas.messages.workflow.commands import RetryWorkflowStep
from schemas.messages.workflow.facts import WorkflowStepRetried


def decide(command: RetryWorkflowStep, decision: Decision) -> Rejection | None:
    """Begin the step once more; its counts of failures start anew."""
    run = running(decision, command.workflow_instance_id)
    if isinstance(run, Rejection):
        return run
    step = escalated(run, command.step_path)
    if isinstance(step, Rejection):
        return step
    fact = WorkflowStepRetried(
        workflow_instance_id=run.instance_id,
        step_path=command.step_path,
        step_name=step.step_name,
        attempt=step.attempt + 1,
        reason="person",
        note=command.reason,
    )
    decision.record(fact)
    run.begin(command.step_path)
    advance(run)
    return None
