"""What governance facts change: policies, the bundle, approvals."""

import msgspec

from processors.contract import Meta, Tables
from processors.governance.bundle import bundle_hash, with_policy
from processors.governance.state import BUNDLE_ID, Approval, BundledPolicy, Policy, PolicyBundle
from schemas.messages.governance import facts


def policy_defined(tables: Tables, fact: facts.PolicyDefined, _meta: Meta) -> None:
    """Keep the draft."""
    tables.put(fact.policy_id, _policy(fact, "Draft"))


def policy_published(tables: Tables, fact: facts.PolicyPublished, _meta: Meta) -> None:
    """Freeze the version and put it into the bundle, in place of the version before."""
    tables.put(fact.policy_id, _policy(fact, "Published"))
    bundle = tables.get(PolicyBundle, BUNDLE_ID)
    new = BundledPolicy(name=fact.name, version=fact.version, mode=fact.mode, text=fact.text)
    policies = with_policy(bundle.policies if bundle else (), new)
    version = (bundle.version if bundle else 0) + 1
    tables.put(
        BUNDLE_ID, PolicyBundle(hash=bundle_hash(policies), version=version, policies=policies)
    )


def _policy(fact: facts.PolicyDefined | facts.PolicyPublished, status: str) -> Policy:
    return Policy(
        name=fact.name,
        version=fact.version,
        domain=fact.domain,
        mode=fact.mode,
        text=fact.text,
        status="Published" if status == "Published" else "Draft",
    )


def approval_requested(tables: Tables, fact: facts.ApprovalRequested, _meta: Meta) -> None:
    """Open the approval."""
    tables.put(
        fact.approval_id,
        Approval(
            status="Pending",
            action=fact.action,
            resource=fact.resource,
            subject_digest=fact.subject_digest,
            approver_role=fact.approver_role,
            quorum=fact.quorum,
            four_eyes=fact.four_eyes,
            requested_by=fact.requested_by,
            voters=(),
            expires_at=fact.expires_at,
            period_micros=fact.period_micros,
            on_expiry=fact.on_expiry,
            escalated=False,
        ),
    )


def _change(tables: Tables, approval_id: str, **changes: object) -> None:
    approval = tables.get(Approval, approval_id)
    if approval is not None:
        tables.put(approval_id, msgspec.structs.replace(approval, **changes))


def approval_vote_recorded(tables: Tables, fact: facts.ApprovalVoteRecorded, _meta: Meta) -> None:
    """Count the vote."""
    approval = tables.get(Approval, fact.approval_id)
    if approval is not None:
        _change(tables, fact.approval_id, voters=(*approval.voters, fact.principal_id))


def approval_granted(tables: Tables, fact: facts.ApprovalGranted, _meta: Meta) -> None:
    """Grant."""
    _change(tables, fact.approval_id, status="Granted", voters=fact.voters)


def approval_rejected(tables: Tables, fact: facts.ApprovalRejected, _meta: Meta) -> None:
    """Close without a grant."""
    status = "Expired" if fact.principal_id is None else "Rejected"
    _change(tables, fact.approval_id, status=status)


def approval_escalated(tables: Tables, fact: facts.ApprovalEscalated, _meta: Meta) -> None:
    """Ask another role, for as long again; votes so far are void, their role was not enough."""
    _change(
        tables,
        fact.approval_id,
        approver_role=fact.approver_role,
        expires_at=fact.expires_at,
        escalated=True,
        voters=(),
    )


def approval_consumed(tables: Tables, fact: facts.ApprovalConsumed, _meta: Meta) -> None:
    """Use the grant up."""
    _change(tables, fact.approval_id, status="Consumed")


def approval_withdrawn(tables: Tables, fact: facts.ApprovalWithdrawn, _meta: Meta) -> None:
    """Close without an answer."""
    _change(tables, fact.approval_id, status="Withdrawn")
