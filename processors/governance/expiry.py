"""What happens when nobody answers an approval in time (domain.md §7)."""

from typing import Final

from processors.decision import Decision
from processors.governance.gates import approver_role
from processors.governance.state import Approval
from schemas.ids import ApprovalId
from schemas.messages.governance.facts import ApprovalEscalated, ApprovalRejected

EXPIRED: Final = "expired"
"""Reason code of an approval that nobody answered (domain.md §12)."""


def deadline(approval: Approval) -> int | None:
    """Give until when an answer is waited for, microseconds UTC."""
    return approval.expires_at if approval.status == "Pending" else None


def fire(decision: Decision, approval_id: str, approval: Approval) -> None:
    """Escalate once where that was asked for, to those who answer for the tenant and for as long again; else reject."""
    identity = ApprovalId(approval_id)
    if approval.on_expiry == "escalate" and not approval.escalated:
        escalated = ApprovalEscalated(
            approval_id=identity,
            approver_role=approver_role(decision),
            expires_at=decision.at + approval.period_micros,
        )
        decision.record(escalated, by_engine=True)
        return
    rejected = ApprovalRejected(
        approval_id=identity,
        reason_code=EXPIRED,
        principal_id=None,
        comment="nobody answered in time",
    )
    decision.record(rejected, by_engine=True)
