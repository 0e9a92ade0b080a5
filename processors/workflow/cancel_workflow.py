"""CancelWorkflow — end an instance before its time.

State     WorkflowInstance with its steps and tasks
Produces  AgentTaskWithdrawn and ApprovalWithdrawn of what is open, WorkflowStepSkipped per open step, QuotaReleased,
          WorkflowInstanceCancelled
Refuses   NOT_FOUND (instance), INVALID_STATE (ended)
Source    domain.md §5.2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.workflow.ending import cancel
from processors.workflow.instances import running
from schemas.messages.workflow.commands import CancelWorkflow


def decide(command: CancelWorkflow, decision: Decision) -> Rejection | None:
    """Take back all that is open, then end the instance."""
    run = running(decision, command.workflow_instance_id)
    if isinstance(run, Rejection):
        return run
    cancel(run, command.reason)
    return None
