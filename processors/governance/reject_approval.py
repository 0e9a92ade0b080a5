"""RejectApproval — reject an approval; one rejection is final.

State     Approval (approvalId)
Produces  ApprovalRejected
Refuses   NOT_FOUND, INVALID_STATE (answered already), EXPIRED, FORBIDDEN (role, four eyes, after an own vote)
Source    domain.md §7
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.voting import answerable
from schemas.messages.governance.commands import RejectApproval
from schemas.messages.governance.facts import ApprovalRejected


def decide(command: RejectApproval, decision: Decision) -> Rejection | None:
    """Close the approval without a grant."""
    approval = answerable(decision, command.approval_id)
    if isinstance(approval, Rejection):
        return approval
    decision.record(
        ApprovalRejected(
            approval_id=command.approval_id,
            reason_code=command.reason_code,
            principal_id=decision.cause.actor_id,
            comment=command.comment,
        )
    )
    return None
