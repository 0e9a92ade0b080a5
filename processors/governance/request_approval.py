"""RequestApproval — ask the holders of a role to approve an action of the sender's.

State     Approval (approvalId)
Produces  ApprovalRequested
Refuses   ALREADY_EXISTS (the id is taken), INVALID_ARGUMENT (a role that nobody can hold)
Source    domain.md §7
"""

from processors import identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.requests import request_approval
from processors.governance.state import Approval
from schemas.messages.governance.commands import RequestApproval


def decide(command: RequestApproval, decision: Decision) -> Rejection | None:
    """Open the approval."""
    if decision.tables.get(Approval, command.approval_id) is not None:
        return Rejection(
            "ALREADY_EXISTS", "the approval exists already", "approvalId", got=command.approval_id
        )
    if command.approver_role not in identity.ROLES:
        known = ", ".join(sorted(identity.ROLES))
        return Rejection(
            "INVALID_ARGUMENT",
            "no such role",
            "approverRole",
            f"one of {known}",
            command.approver_role,
        )
    request_approval(
        decision,
        approval_id=command.approval_id,
        subject_digest=command.subject_digest,
        action=command.action,
        resource=command.resource,
        title=command.title,
        approver_role=command.approver_role,
        quorum=command.quorum,
        four_eyes=command.four_eyes,
        expires_at=decision.at + command.expires_in_seconds * 1_000_000,
        on_expiry=command.on_expiry,
        requested_by=decision.cause.actor_id,
    )
    return None
