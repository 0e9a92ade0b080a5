"""ResumeWorkflow — let a paused instance go on.

State     WorkflowInstance, and the steps that its pause held up
Produces  WorkflowInstanceResumed, WorkflowInstanceUnblocked per held step, then what follows
Refuses   NOT_FOUND (instance), INVALID_STATE (not paused)
Source    domain.md §5.2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.advance import advance
from processors.workflow.holding import release_paused
from processors.workflow.instances import running, wrong_status
from schemas.messages.workflow.commands import ResumeWorkflow
from schemas.messages.workflow.facts import WorkflowInstanceResumed


def decide(command: ResumeWorkflow, decision: Decision) -> Rejection | None:
    """Mark the instance running and begin what the pause held up."""
    run = running(decision, command.workflow_instance_id)
    if isinstance(run, Rejection):
        return run
    if run.instance.status != "Paused":
        return wrong_status("Paused", run)
    decision.record(WorkflowInstanceResumed(workflow_instance_id=command.workflow_instance_id))
    release_paused(run)
    advance(run)
    return None
