"""The gates: policy is asked before anything sensitive, and each answer is a fact.

Source: domain.md §7; settled.md 7, 15, 16.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from processors.contract import GateResult, Rejection
from processors.decision import Decision
from processors.governance.baseline import BASELINE
from processors.governance.cedar import Request, Verdict, evaluate
from processors.governance.requests import request_approval
from processors.governance.state import BUNDLE_ID, Approval, PolicyBundle
from schemas.ids import SYSTEM, ApprovalId, DecisionId, PrincipalId
from schemas.messages.governance.facts import ApprovalConsumed, PolicyDecisionRecorded

COMMAND_APPROVER: Final = "TenantOwner"
PLATFORM_APPROVER: Final = "PlatformAdmin"
"""Who approves a command of tenant ``system``, where no other role of people can be held."""
COMMAND_APPROVAL_MICROS: Final = 24 * 3600 * 1_000_000
"""A command that needs approval waits a day for it."""

ContextValues = Mapping[str, str | int | bool]


def gate(
    decision: Decision,
    *,
    action: str,
    resource: str,
    context: ContextValues,
    principal_id: PrincipalId | None = None,
    roles: tuple[str, ...],
) -> GateResult:
    """Ask policy for an action, record its answer, give it.

    ``principal_id`` None: the cause's actor. ``tenant`` is added to the context. The caller acts on the effect.
    """
    platform = decision.system.get(PolicyBundle, BUNDLE_ID)
    own = decision.tables.get(PolicyBundle, BUNDLE_ID) if decision.tenant_id != SYSTEM else None
    policies = (BASELINE, *(platform.policies if platform else ()), *(own.policies if own else ()))
    principal = principal_id or decision.cause.actor_id
    asked = {**context, "tenant": str(decision.tenant_id)}
    request = Request(
        str(decision.tenant_id), principal, roles, action, resource, tuple(sorted(asked.items()))
    )
    verdict = evaluate(policies, request)
    decision_id = DecisionId(f"pd-{decision.derive('decision')}")
    decision.record(
        _fact(decision_id, request, verdict, platform, own), by_engine=principal_id is not None
    )
    answer = verdict.enforced
    return GateResult(answer.effect, decision_id, answer.rules, answer.obligations)


def _fact(
    decision_id: DecisionId,
    request: Request,
    verdict: Verdict,
    platform: PolicyBundle | None,
    own: PolicyBundle | None,
) -> PolicyDecisionRecorded:
    context = json.dumps(dict(request.context), sort_keys=True, separators=(",", ":"))
    answer, shadow = verdict.enforced, verdict.shadow
    return PolicyDecisionRecorded(
        decision_id=decision_id,
        effect=answer.effect,
        action=request.action,
        resource=request.resource,
        principal_id=PrincipalId(request.principal),
        roles=request.roles,
        bundle_hash=_joint_hash(platform.hash if platform else "", own.hash if own else ""),
        bundle_version=f"{platform.version if platform else 0}.{own.version if own else 0}",
        determining_rules=answer.rules,
        obligations=answer.obligations,
        errors=answer.errors,
        shadow_effect=shadow.effect if shadow else None,
        shadow_rules=shadow.rules if shadow else (),
        context_digest=hashlib.sha256(context.encode()).hexdigest(),
        context=context,
    )


def _joint_hash(platform: str, own: str) -> str:
    return hashlib.sha256(f"{BASELINE.version}|{platform}|{own}".encode()).hexdigest()


def gate_command(
    decision: Decision,
    *,
    action: str,
    resource: str,
    context: ContextValues,
    roles: tuple[str, ...],
    content: str = "",
) -> Rejection | None:
    """Gate a plain command: give POLICY_DENIED, APPROVAL_REQUIRED, or None to go on (settled.md 16).

    Where policy asks for an approval, one is requested for the digest of this very command; the command is sent again
    under a new id with ``approvalId``, and the grant is used up by it. ``content`` is what the command acts on without
    carrying it, such as a draft that it publishes: an approval holds for that content too.
    """
    result = gate(decision, action=action, resource=resource, context=context, roles=roles)
    if result.effect == "Allow":
        return None
    rules = ", ".join(result.rules) or "no rule permits it"
    if result.effect == "Deny":
        return Rejection("POLICY_DENIED", f"policy denies {action}: {rules}", got=resource)
    digest = _subject(decision.cause.digest, content)
    if _consume(decision, digest, action, resource):
        return None
    approval_id = ApprovalId(f"apr-{decision.derive('approval')}")
    request_approval(
        decision,
        approval_id=approval_id,
        subject_digest=digest,
        action=action,
        resource=resource,
        title=f"{decision.cause.actor_id} asks for {action} on {resource}",
        approver_role=approver_role(decision),
        quorum=1,
        four_eyes=True,
        expires_at=decision.at + COMMAND_APPROVAL_MICROS,
        on_expiry="reject",
        requested_by=decision.cause.actor_id,
    )
    return Rejection(
        "APPROVAL_REQUIRED",
        f"policy asks for an approval of {action}: {rules}",
        "approvalId",
        "the same command under a new id with this approvalId, once it is granted",
        approval_id,
        retryable=True,
    )


def approver_role(decision: Decision) -> str:
    """Give the role that answers for a tenant: what policy asks of it, and what nobody else answered in time."""
    return PLATFORM_APPROVER if decision.tenant_id == SYSTEM else COMMAND_APPROVER


def _subject(command: bytes, content: str) -> bytes:
    """Give what an approval is bound to: the command's digest, joined with that of the content where there is one."""
    return hashlib.sha256(command + content.encode()).digest() if content else command


def _consume(decision: Decision, digest: bytes, action: str, resource: str) -> bool:
    """Use up the granted approval that the command names, if it is for this very command.

    Anybody may request an approval, of a role of his choice and without four eyes: such a grant is worth something to
    those who asked for it, but stands in for no policy. What does is what the gate itself would have asked for.
    """
    approval_id = decision.cause.approval_id
    approval = decision.tables.get(Approval, approval_id) if approval_id else None
    if approval is None or approval_id is None or approval.status != "Granted":
        return False
    if (approval.subject_digest, approval.action, approval.resource) != (
        digest,
        action,
        resource,
    ):
        return False
    if approval.approver_role != approver_role(decision) or not approval.four_eyes:
        return False
    decision.record(ApprovalConsumed(approval_id=approval_id, command_id=decision.cause.message_id))
    return True
