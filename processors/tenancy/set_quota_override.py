"""SetQuotaOverride — set a limit over that of the edition, or withdraw it.

State     the ledger of the tenant, or of one of its projects, roles or agents; the subscription
Produces  QuotaOverridden (after the gate's PolicyDecisionRecorded)
Refuses   INVALID_ARGUMENT (a limit that makes no sense), NOT_FOUND (tenant, project, or no override
          to withdraw), NOT_ENTITLED (limits of a project), FORBIDDEN (the tenant widens its own limit),
          POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §2, §7; settled.md 16, 22; processors/tenancy/README.md (who may widen)
"""

from typing import Final, Literal

from processors import governance, identity, projects
from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.admission import active_subscription, has_feature, unknown_tenant
from processors.tenancy.dimensions import COMMANDS_RATE, Owner, misuse
from processors.tenancy.ledger import EMPTY, line_of
from processors.tenancy.scopes import Whom
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger, QuotaLimit, QuotaLine, Tenant
from schemas.ids import LedgerId
from schemas.messages.tenancy.commands import SetQuotaOverride
from schemas.messages.tenancy.facts import QuotaOverridden

PROJECT_QUOTAS: Final = "project-quotas"
"""Feature of an edition: limits of a project's own."""


def decide(command: SetQuotaOverride, decision: Decision) -> Rejection | None:
    """Set or withdraw the limit; it holds for admissions from now on."""
    ledger_id = _ledger_of(command)
    ledger = decision.tables.get(QuotaLedger, ledger_id) or EMPTY
    line = line_of(ledger, command.dimension, command.window)
    by_platform = identity.has_role(decision, decision.cause.actor_id, "PlatformAdmin")
    refused = (
        _refuse_limit(command)
        or _refuse_scope(command, decision)
        or _refuse_withdrawal(command, line)
        or (None if by_platform else _refuse_widening(command, decision, line))
        or _gate(command, decision, ledger_id)
    )
    if refused is None:
        decision.record(_overridden(command, decision, ledger_id, by_platform=by_platform))
    return refused


def _ledger_of(command: SetQuotaOverride) -> LedgerId:
    own = Whom(command.project_id, command.agent_role, command.agent_id).own()
    return own[0] if own else TENANT_LEDGER


def _owners(command: SetQuotaOverride) -> list[Owner]:
    named: tuple[tuple[Owner, str | None], ...] = (
        ("project", command.project_id),
        ("role", command.agent_role),
        ("agent", command.agent_id),
    )
    return [owner for owner, value in named if value is not None]


def _refuse_limit(command: SetQuotaOverride) -> Rejection | None:
    owners = _owners(command)
    if len(owners) > 1:
        fields = {"project": "projectId", "role": "agentRole", "agent": "agentId"}
        return Rejection(
            "INVALID_ARGUMENT",
            "a limit is of one project, one role or one agent",
            fields[owners[-1]],
            f"none, or no {fields[owners[0]]}",
        )
    owner = owners[0] if owners else "tenant"
    if owner == "project" and command.dimension == COMMANDS_RATE:
        wrong: tuple[str, str] | None = "projectId", f"none: {COMMANDS_RATE} is counted per tenant"
    else:
        wrong = misuse(command.dimension, command.window, owner)
    if wrong is None:
        return None
    field, expected = wrong
    got = {"dimension": command.dimension, "window": command.window}
    return Rejection(
        "INVALID_ARGUMENT",
        "the limit makes no sense",
        field,
        expected,
        got.get(field, command.project_id or ""),
    )


def _refuse_scope(command: SetQuotaOverride, decision: Decision) -> Rejection | None:
    if decision.tables.get(Tenant, decision.tenant_id) is None:
        return unknown_tenant(decision)
    if command.project_id is None:
        return None
    if projects.find(decision, command.project_id) is None:
        return Rejection("NOT_FOUND", "no such project", "projectId", got=command.project_id)
    if not has_feature(decision, PROJECT_QUOTAS):
        return Rejection(
            "NOT_ENTITLED",
            "the edition has no limits of a project's own",
            "projectId",
            f"an edition with feature {PROJECT_QUOTAS}",
        )
    return None


def _refuse_withdrawal(command: SetQuotaOverride, line: QuotaLine | None) -> Rejection | None:
    if command.limit is None and (line is None or line.source == "edition"):
        return Rejection(
            "NOT_FOUND",
            "there is no override to withdraw",
            "dimension",
            got=f"{command.dimension} per {command.window}",
        )
    return None


def _refuse_widening(
    command: SetQuotaOverride, decision: Decision, line: QuotaLine | None
) -> Rejection | None:
    """Let the tenant's own people narrow: what they bought is the edition's limit, not theirs to raise."""
    if line is not None and line.source == "platform":
        return Rejection(
            "FORBIDDEN", "the platform set this limit", "dimension", "role PlatformAdmin"
        )
    bought = _edition_limit(command, decision)
    if bought is None or command.limit is None:
        return None
    if command.limit > bought.limit or (bought.hard and not command.hard):
        return Rejection(
            "FORBIDDEN",
            "only the platform widens a limit of the edition",
            "limit",
            f"at most {bought.limit}{', hard' if bought.hard else ''}",
            f"{command.limit}{', hard' if command.hard else ', soft'}",
        )
    return None


def _gate(command: SetQuotaOverride, decision: Decision, ledger_id: LedgerId) -> Rejection | None:
    return governance.gate_command(
        decision,
        action="quota:override",
        resource=f"quota/{ledger_id}/{command.dimension}/{command.window}",
        context={
            "dimension": command.dimension,
            "window": command.window,
            "limit": -1 if command.limit is None else command.limit,
            "hard": command.hard,
        },
        roles=identity.roles_of(decision, decision.cause.actor_id, command.project_id),
    )


def _edition_limit(command: SetQuotaOverride, decision: Decision) -> QuotaLimit | None:
    """Give the limit of the subscribed edition; for a project, a role or an agent there is none."""
    subscription = None if _owners(command) else active_subscription(decision)
    for limit in subscription.limits if subscription is not None else ():
        if (limit.dimension, limit.window) == (command.dimension, command.window):
            return limit
    return None


def _overridden(
    command: SetQuotaOverride, decision: Decision, ledger_id: LedgerId, *, by_platform: bool
) -> QuotaOverridden:
    """Give the fact; a withdrawal says what holds again, so that it is enough for replay."""
    source: Literal["edition", "tenant", "platform"] = "platform" if by_platform else "tenant"
    limit, hard, warn_at_percent = command.limit, command.hard, command.warn_at_percent
    if limit is None:
        source = "edition"
        bought = _edition_limit(command, decision)
        if bought is not None:
            limit, hard, warn_at_percent = bought.limit, bought.hard, bought.warn_at_percent
    return QuotaOverridden(
        ledger_id=ledger_id,
        project_id=command.project_id,
        dimension=command.dimension,
        window=command.window,
        limit=limit,
        hard=hard,
        warn_at_percent=warn_at_percent,
        set_by=source,
        reason=command.reason,
    )
