"""A running account: each event as a sentence that says what was decided and why."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from topics.events import Event

Tell = Callable[[Any], str]


def _micros(amount: int, currency: str = "USD") -> str:
    return f"{Decimal(amount).scaleb(-6).normalize():f} {currency}"


def _amounts(amounts: Any) -> str:
    return ", ".join(
        f"{a.dimension} {_micros(a.amount) if a.dimension == 'cost.amount' else a.amount}"
        for a in amounts
    )


def _assigned(fact: Any) -> str:
    attempt = "" if fact.attempt == 1 else f", attempt {fact.attempt}"
    return f"'{fact.step_name}' goes to role {fact.agent_role} for {fact.skill}{attempt}"


def _decided(fact: Any) -> str:
    rules = ", ".join(fact.determining_rules) or "no rule allows it"
    return f"policy says {fact.effect} to {fact.action} on {fact.resource} ({rules})"


def _refused(fact: Any) -> str:
    where = f" [{fact.field}]" if fact.field else ""
    return f"{fact.command_type} refused, {fact.code}{where}: {fact.rule}"


def _blocked(fact: Any) -> str:
    why = fact.dimension or fact.agent_role
    return f"'{fact.step_name}' waits: {fact.reason} {why}"


TELLERS: Final[dict[str, Tell]] = {
    "TenantProvisioned": lambda f: f"tenant {f.display_name} in {f.region}",
    "TenantActivated": lambda f: f"tenant {f.tenant_id} is active",
    "SubscriptionActivated": lambda f: f"edition {f.edition_name} {f.edition_version}",
    "RoleGranted": lambda f: f"{f.principal_id} is {f.role}",
    "ProjectCreated": lambda f: f"project '{f.name}': {f.intent}",
    "ProjectInitialized": lambda _f: "project initialized",
    "AgentPoolSized": lambda f: f"pool {f.agent_role} holds {f.capacity}",
    "WorkflowInstanceStarted": lambda f: f"{f.definition_name} {f.definition_version} begins",
    "WorkflowInstanceBlocked": _blocked,
    "WorkflowInstanceEscalated": lambda f: (
        f"'{f.step_name}' needs a person: {f.cause}, {f.message}"
    ),
    "WorkflowInstanceCompleted": lambda _f: "workflow completed",
    "WorkflowInstanceFailed": lambda f: f"workflow failed, {f.failure_class}: {f.message}",
    "WorkflowInstanceCancelled": lambda f: f"workflow cancelled: {f.reason}",
    "PolicyDecisionRecorded": _decided,
    "QuotaReserved": lambda f: f"reserved {_amounts(f.amounts)}",
    "QuotaSettled": lambda f: f"settled {_amounts(f.actual)}",
    "QuotaReleased": lambda f: f"released {_amounts(f.amounts)}: {f.reason}",
    "QuotaExceeded": lambda f: (
        f"{f.dimension}: {f.used} used, {f.reserved} reserved, limit {f.limit}"
    ),
    "AgentTaskAssigned": _assigned,
    "AgentTaskCompleted": lambda f: f"'{f.step_name}' done by {f.agent_id} {f.agent_version}",
    "AgentTaskFailed": lambda f: f"'{f.step_name}' failed, {f.failure_class}: {f.message}",
    "AgentTaskExpired": lambda f: f"'{f.step_name}' lost its lease ({f.cause})",
    "ValidationFailed": lambda f: f"result of {f.agent_id} is not valid: {'; '.join(f.findings)}",
    "CorrectionAttempted": lambda f: f"correction {f.correction} is asked for",
    "StaleResultRecorded": lambda f: f"stale result of {f.agent_id}: {f.reason}",
    "ApprovalRequested": lambda f: f"{f.approver_role} is asked: {f.title}",
    "ApprovalGranted": lambda _f: "approval granted",
    "ApprovalRejected": lambda f: f"approval rejected: {f.reason_code}",
    "UsageRecorded": lambda f: f"usage of {f.agent_id} costs {_micros(f.total_cost, f.currency)}",
    "ArtifactCreated": lambda f: f"artifact {f.name} {f.version} ({f.artifact_type})",
    "CommandRejected": _refused,
}


def sentence(event: Event) -> str | None:
    """Give the line of an event, or None for one that the account leaves out."""
    tell = TELLERS.get(event.envelope.event_type)
    if tell is None:
        return None
    envelope = event.envelope
    number = envelope.sequence or 0
    return f"{envelope.tenant_id:<12} {number:>5}  {envelope.event_type:<26} {tell(event.payload)}"
