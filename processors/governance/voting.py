"""Who may answer an approval: the same rules for a grant and a rejection."""

from processors import identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.state import Approval
from schemas.ids import ApprovalId


def answerable(decision: Decision, approval_id: ApprovalId) -> Approval | Rejection:
    """Give the pending approval that the actor may answer, or the refusal.

    NOT_FOUND (unknown), INVALID_STATE (answered already), EXPIRED (too late, though the timer has not come yet),
    FORBIDDEN (not a holder of the asked role, or the requester under four eyes, or a second vote).
    """
    approval = decision.tables.get(Approval, approval_id)
    if approval is None:
        return Rejection("NOT_FOUND", "no such approval", "approvalId", got=approval_id)
    if approval.status != "Pending":
        return Rejection(
            "INVALID_STATE",
            "the approval is answered already",
            "approvalId",
            "Pending",
            approval.status,
        )
    if decision.at >= approval.expires_at:
        return Rejection(
            "EXPIRED", "the time for an answer has passed", "approvalId", got=approval_id
        )
    return _may_vote(decision, approval) or approval


def _may_vote(decision: Decision, approval: Approval) -> Rejection | None:
    actor = decision.cause.actor_id
    if approval.four_eyes and actor == approval.requested_by:
        return Rejection(
            "FORBIDDEN", "four eyes: who asks may not answer", "actorId", "another principal", actor
        )
    if not identity.has_role(decision, actor, approval.approver_role):
        return Rejection(
            "FORBIDDEN", "another role is asked", "actorId", approval.approver_role, actor
        )
    if actor in approval.voters:
        return Rejection(
            "FORBIDDEN", "one vote for each principal", "actorId", "a further voter", actor
        )
    return None
