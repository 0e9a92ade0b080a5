"""The approvals view: who is asked for what until when, and what became of it (domain.md §7)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from query.projections.model import Row, View, bare, fact
from schemas.messages.envelope import Envelope
from schemas.messages.governance import facts as said


class Change(NamedTuple):
    """What one fact says; None where it says nothing of it. Columns of ``approval_changes`` after the fact's."""

    approval_id: str
    status: str
    action: str | None = None
    resource: str | None = None
    title: str | None = None
    approver_role: str | None = None
    quorum: int | None = None
    votes: int | None = None
    four_eyes: bool | None = None
    expires_at: int | None = None
    """Instant, micros."""
    on_expiry: str | None = None
    requested_by: str | None = None
    answered_by: str | None = None
    note: str | None = None


_STATUS: Final[dict[type[Struct], str]] = {
    said.ApprovalRequested: "Pending",
    said.ApprovalVoteRecorded: "Pending",
    said.ApprovalEscalated: "Escalated",
    said.ApprovalGranted: "Granted",
    said.ApprovalRejected: "Rejected",
    said.ApprovalConsumed: "Consumed",
    said.ApprovalWithdrawn: "Withdrawn",
}
_COPIED: Final = (
    "action",
    "resource",
    "title",
    "approver_role",
    "quorum",
    "votes",
    "four_eyes",
    "expires_at",
    "on_expiry",
    "requested_by",
)


def _changed(envelope: Envelope, payload: Struct) -> Iterable[Row]:
    expired = isinstance(payload, said.ApprovalRejected) and payload.reason_code == "expired"
    voters = payload.voters if isinstance(payload, said.ApprovalGranted) else ()
    values = {
        name: value for name in _COPIED if (value := getattr(payload, name, None)) is not None
    }
    if voters:
        values["votes"] = len(voters)
    change = Change(
        approval_id=getattr(payload, "approval_id"),  # noqa: B009 - every fact here has one, Struct has none
        status="Expired" if expired else _STATUS[type(payload)],
        answered_by=getattr(payload, "principal_id", None),
        note=getattr(payload, "comment", None) or getattr(payload, "reason", None),
        **values,
    )
    scope = (envelope.project_id, bare(envelope.workflow_instance_id), envelope.trace_id)
    yield (*fact(envelope), *change, *scope)


VIEW: Final = View(table="approval_changes", version=1, rules=dict.fromkeys(_STATUS, _changed))
