"""Pasts of a tenant's policies and approvals: what the tests of governance start from."""

from typing import Any
from uuid import UUID

from schemas.ids import ApprovalId, PrincipalId
from schemas.messages.governance import commands, facts
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from tests.unit.scenario import START, Scenario

OLGA = PrincipalId("user:olga")
SAM = PrincipalId("user:sam")
TIM = PrincipalId("user:tim")
APPROVAL = ApprovalId(f"apr-{UUID(int=7)}")
DIGEST = bytes(range(32))
HOUR = 3_600_000_000

ALLOW = '@id("yes") permit (principal, action, resource);'


def tenant(actor: PrincipalId = OLGA) -> Scenario:
    """Give a tenant with Olga (TenantOwner), Sam and Tim (SolutionArchitect)."""
    scenario = Scenario(actor=actor)
    for person, role in (
        (OLGA, "TenantOwner"),
        (SAM, "SolutionArchitect"),
        (TIM, "SolutionArchitect"),
    ):
        scenario.given(
            PrincipalRegistered(principal_id=person, kind="user", display_name=person),
            RoleGranted(principal_id=person, role=role, project_id=None),
        )
    return scenario


def published(
    text: str, name: str = "own", version: str = "1.0.0", mode: Any = "enforce"
) -> facts.PolicyPublished:
    """Give the publication of a policy."""
    return facts.PolicyPublished(
        policy_id=f"{name}@{version}",
        name=name,
        version=version,
        domain="risk",
        mode=mode,
        text=text,
    )


def defined(text: str = ALLOW, name: str = "own", version: str = "1.0.0") -> facts.PolicyDefined:
    """Give the draft of a policy."""
    return facts.PolicyDefined(
        policy_id=f"{name}@{version}",
        name=name,
        version=version,
        domain="risk",
        mode="enforce",
        text=text,
    )


def requested(**changes: Any) -> facts.ApprovalRequested:
    """Give an approval that architects are asked for, open for an hour."""
    values: dict[str, Any] = {
        "approval_id": APPROVAL,
        "action": "workflow:approval",
        "resource": "wf",
        "title": "Go on?",
        "subject_digest": DIGEST,
        "approver_role": "SolutionArchitect",
        "quorum": 1,
        "four_eyes": True,
        "expires_at": START + HOUR,
        "period_micros": HOUR,
        "on_expiry": "reject",
        "requested_by": OLGA,
    }
    return facts.ApprovalRequested(**{**values, **changes})


GRANT = commands.GrantApproval(approval_id=APPROVAL, comment="sound")
REJECT = commands.RejectApproval(approval_id=APPROVAL, reason_code="too-risky", comment="no")
