"""What the answer to an approval means for the step that waits for it.

An approval that nobody answers in time is governance's to escalate to another role: the step waits on.
"""

from processors.contract import Meta
from processors.decision import Decision
from processors.workflow.advance import advance
from processors.workflow.definition.model import CallApproval
from processors.workflow.fault import Fault, StepFaultError
from processors.workflow.run import Run, run_of
from processors.workflow.state import ApprovalWait
from processors.workflow.steps import approval
from schemas.ids import ApprovalId
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRejected
from schemas.messages.workflow.facts import WorkflowInstanceUnblocked


def granted(decision: Decision, fact: ApprovalGranted, _meta: Meta) -> None:
    """Let the step go on: an approval step ends, an assignment is admitted."""
    scope = decision.scope
    found = _waiting(decision, fact.approval_id)
    if found is None:
        return
    run, path = found
    task = run.outline.task(path)
    if isinstance(task, CallApproval):
        try:
            approval.granted(run, path, task, fact)
        except StepFaultError as error:
            run.failed(path, error.fault)
    else:
        unblocked = WorkflowInstanceUnblocked(
            workflow_instance_id=run.instance_id,
            step_path=path,
            step_name=task.node.name,
            approval_id=fact.approval_id,
        )
        run.record(unblocked)
        run.begin(path)
    advance(run)
    decision.scope = scope


def rejected(decision: Decision, fact: ApprovalRejected, _meta: Meta) -> None:
    """Fail the step; the no of a person ends an approval step, and leaves an assignment to another person."""
    scope = decision.scope
    found = _waiting(decision, fact.approval_id)
    if found is None:
        return
    run, path = found
    if isinstance(run.outline.task(path), CallApproval):
        approval.rejected(run, path, fact.reason_code)
    else:
        message = f"the approval of the assignment was not given: {fact.reason_code}"
        run.failed(path, Fault("policy", message))
    advance(run)
    decision.scope = scope


def _waiting(decision: Decision, approval_id: ApprovalId) -> tuple[Run, str] | None:
    """Give (run, running path) of the step that waits for the approval, None where none does."""
    wait = decision.tables.get(ApprovalWait, approval_id)
    if wait is None:
        return None
    return run_of(decision, wait.workflow_instance_id), wait.step_path
