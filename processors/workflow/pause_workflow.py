"""PauseWorkflow — stop an instance at its next step boundary; results are still taken in.

State     WorkflowInstance
Produces  WorkflowInstancePaused
Refuses   NOT_FOUND (instance), INVALID_STATE (ended, or paused already)
Source    domain.md §5.2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.instances import running, wrong_status
from schemas.messages.workflow.commands import PauseWorkflow
from schemas.messages.workflow.facts import WorkflowInstancePaused


def decide(command: PauseWorkflow, decision: Decision) -> Rejection | None:
    """Mark the instance; the steps that become ready are held up one by one."""
    run = running(decision, command.workflow_instance_id)
    if isinstance(run, Rejection):
        return run
    if run.instance.status == "Paused":
        return wrong_status("Running", run)
    fact = WorkflowInstancePaused(
        workflow_instance_id=command.workflow_instance_id, reason=command.reason
    )
    decision.record(fact)
    return None
