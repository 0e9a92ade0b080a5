"""``call: approval``: waits until a quorum of people with the role grants, one rejects, or it expires."""

import hashlib

from processors import governance
from processors.workflow.definition.model import CallApproval
from processors.workflow.documents import encode
from processors.workflow.fault import Fault
from processors.workflow.finishing import complete_step, timeout_of
from processors.workflow.run import Run
from processors.workflow.values import View
from schemas.ids import ApprovalId
from schemas.messages.governance.facts import ApprovalGranted
from schemas.messages.workflow.facts import WorkflowStepStarted

ACTION = "workflow-step:approve"


def start(run: Run, path: str, task: CallApproval) -> None:
    """Ask for the approval in the starter's name."""
    title = View(run, path, task.node).text(task.title)
    approval_id = ApprovalId(f"apr-{run.decision.derive('approval')}")
    resource = f"{run.instance_id}/{path}"
    fact = WorkflowStepStarted(
        workflow_instance_id=run.instance_id,
        step_path=path,
        step_name=task.node.name,
        kind="approval",
        approval_id=approval_id,
        timeout_at=timeout_of(run, task.node),
    )
    run.record(fact)
    governance.request_approval(
        run.decision,
        approval_id=approval_id,
        subject_digest=hashlib.sha256(f"{resource}\x00{title}".encode()).digest(),
        action=ACTION,
        resource=resource,
        title=title,
        approver_role=task.approver_role,
        quorum=task.quorum,
        four_eyes=task.four_eyes,
        expires_at=run.decision.at + task.expires_micros,
        on_expiry=task.on_expiry,
        requested_by=run.started_by,
    )


def granted(run: Run, path: str, task: CallApproval, fact: ApprovalGranted) -> None:
    """End the step well; its output says who granted."""
    output = {"approved": True, "approvalId": fact.approval_id, "voters": fact.voters}
    complete_step(run, path, task, encode(output))


def rejected(run: Run, path: str, reason: str) -> None:
    """Fail the step: a person's no is an answer, so nobody is asked again where nothing catches it."""
    run.failed(path, Fault("rejected", f"the approval was not given: {reason}", fatal=True))
