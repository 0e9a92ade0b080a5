"""Asking for approvals, and taking the question back: what other contexts use."""

from processors.decision import Decision
from processors.governance.state import Approval
from schemas.ids import ApprovalId, PrincipalId
from schemas.messages.governance.facts import ApprovalRequested, ApprovalWithdrawn


def request_approval(
    decision: Decision,
    *,
    approval_id: ApprovalId,
    subject_digest: bytes,
    action: str,
    resource: str,
    title: str,
    approver_role: str,
    quorum: int,
    four_eyes: bool,
    expires_at: int,
    on_expiry: str,
    requested_by: PrincipalId,
) -> None:
    """Ask the holders of a role; ``expires_at`` in microseconds UTC. A grant holds for ``subject_digest`` alone."""
    decision.record(
        ApprovalRequested(
            approval_id=approval_id,
            action=action,
            resource=resource,
            title=title[:1000],
            subject_digest=subject_digest,
            approver_role=approver_role,
            quorum=quorum,
            four_eyes=four_eyes,
            expires_at=expires_at,
            period_micros=expires_at - decision.at,
            on_expiry="escalate" if on_expiry == "escalate" else "reject",
            requested_by=requested_by,
        )
    )


def withdraw_approval(decision: Decision, approval_id: ApprovalId, reason: str) -> None:
    """Take the question back; silent where it is answered already or unknown."""
    approval = decision.tables.get(Approval, approval_id)
    if approval is not None and approval.status == "Pending":
        decision.record(ApprovalWithdrawn(approval_id=approval_id, reason=reason))
