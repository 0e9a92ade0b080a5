"""Who gets as far as being decided: tenants that exist and may act, at the rate that they may.

Source: domain.md §2 (Suspended, Retired), settled.md 11, 32.
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.rules import CommandRule
from processors.tenancy.dimensions import COMMANDS_RATE
from processors.tenancy.ledger import EMPTY, line_of
from processors.tenancy.state import TENANT_LEDGER, QuotaLedger, Subscription, Tenant
from processors.tenancy.windows import MINUTE, start_of
from schemas.ids import SYSTEM
from schemas.messages.runtime.state import TenantHead


def admit(decision: Decision, rule: CommandRule) -> Rejection | None:
    """Give why the tenant's command is not decided at all, or None."""
    if rule.platform_only and decision.tenant_id != SYSTEM:
        return Rejection(
            "FORBIDDEN",
            f"{decision.cause.message_type} is for tenant {SYSTEM} only",
            "tenantId",
            SYSTEM,
            decision.tenant_id,
        )
    standing = _standing(decision, rule)
    return standing if standing is not None else _rate(decision, rule)


def _standing(decision: Decision, rule: CommandRule) -> Rejection | None:
    if decision.tenant_id == SYSTEM:
        return None
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    if tenant is None:
        return None if rule.creates_tenant else unknown_tenant(decision)
    if tenant.status == "Active":
        return None
    if tenant.status == "Retired":
        return Rejection("INVALID_STATE", "the tenant is retired", "tenantId", got=tenant.status)
    if rule.while_suspended:
        return None
    if tenant.status == "Suspended":
        return Rejection("TENANT_SUSPENDED", "the tenant is suspended", "tenantId", retryable=True)
    return Rejection(
        "INVALID_STATE", "the tenant is not active yet", "tenantId", "Active", tenant.status, True
    )


def _rate(decision: Decision, rule: CommandRule) -> Rejection | None:
    """Refuse a command beyond commands.rate.

    No QuotaExceeded: each refusal is on the record anyway, and a flood must not make two records of one.
    """
    if not rule.metered:
        return None
    line = line_of(
        decision.tables.get(QuotaLedger, TENANT_LEDGER) or EMPTY, COMMANDS_RATE, "minute"
    )
    head = decision.tables.get(TenantHead, "head")
    if line is None or not line.hard or head is None:
        return None
    if head.rate_window_start != start_of("minute", decision.at):
        return None
    if head.command_count < line.limit:
        return None
    return Rejection(
        "QUOTA_EXCEEDED",
        f"the limit of {COMMANDS_RATE} is {line.limit} a minute",
        COMMANDS_RATE,
        f"a command after {(head.rate_window_start + MINUTE) // 1_000_000} s since 1970",
        str(head.command_count + 1),
        retryable=line.limit > 0,
    )


def unknown_tenant(decision: Decision) -> Rejection:
    """Give the refusal of a tenant that was never provisioned."""
    return Rejection("NOT_FOUND", "no such tenant", "tenantId", got=decision.tenant_id)


def is_active(decision: Decision) -> bool:
    """Tell whether the tenant may begin new work; ``system`` always may."""
    if decision.tenant_id == SYSTEM:
        return True
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    return tenant is not None and tenant.status == "Active"


def has_feature(decision: Decision, feature: str) -> bool:
    """Tell whether the tenant's edition includes a feature; ``system`` has every one."""
    if decision.tenant_id == SYSTEM:
        return True
    subscription = active_subscription(decision)
    return subscription is not None and feature in subscription.features


def active_subscription(decision: Decision) -> Subscription | None:
    """Give the tenant's subscription in force, or None."""
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    if tenant is None or tenant.active_subscription_id is None:
        return None
    return decision.tables.get(Subscription, tenant.active_subscription_id)
