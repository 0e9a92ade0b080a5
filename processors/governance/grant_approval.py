"""GrantApproval — vote for an approval; the vote that completes the quorum grants it.

State     Approval (approvalId)
Produces  ApprovalVoteRecorded, or ApprovalGranted with the last vote of the quorum
Refuses   NOT_FOUND, INVALID_STATE (answered already), EXPIRED, FORBIDDEN (role, four eyes, second vote)
Source    domain.md §7
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.voting import answerable
from schemas.messages.governance.commands import GrantApproval
from schemas.messages.governance.facts import ApprovalGranted, ApprovalVoteRecorded


def decide(command: GrantApproval, decision: Decision) -> Rejection | None:
    """Count the vote."""
    approval = answerable(decision, command.approval_id)
    if isinstance(approval, Rejection):
        return approval
    actor = decision.cause.actor_id
    voters = (*approval.voters, actor)
    if len(voters) < approval.quorum:
        decision.record(
            ApprovalVoteRecorded(
                approval_id=command.approval_id,
                principal_id=actor,
                comment=command.comment,
                votes=len(voters),
                quorum=approval.quorum,
            )
        )
    else:
        decision.record(
            ApprovalGranted(
                approval_id=command.approval_id,
                principal_id=actor,
                comment=command.comment,
                voters=voters,
            )
        )
    return None
