"""Tenancy: tenants, editions, subscriptions and the quota ledger.

Owns who is a tenant and may act (``admit``, ``is_active``), what an edition includes (``has_feature``)
and how much may be used: ``shortage`` looks, ``reserve`` sets aside, ``settle``, ``release`` and ``meter``
count. Does not own what work costs (costs), who acts (identity), nor the count of commands (the runtime).
"""

from processors.rules import CommandRule, Commands, Evolvers, Timers
from processors.tenancy import (
    activate_subscription,
    activate_tenant,
    define_edition,
    evolve,
    provision_tenant,
    publish_edition,
    reactivate_tenant,
    set_quota_override,
    suspend_tenant,
)
from processors.tenancy.admission import admit, has_feature, is_active
from processors.tenancy.dimensions import TASKS_STARTED
from processors.tenancy.quota import (
    Shortage,
    agent_amounts,
    is_limited,
    meter,
    release,
    reserve,
    settle,
    shortage,
)
from processors.tenancy.state import QuotaLedger
from processors.tenancy.window_edge import TIMER
from schemas.messages.tenancy import commands, facts

__all__ = [
    "COMMANDS",
    "EVOLVERS",
    "TASKS_STARTED",
    "TIMERS",
    "Shortage",
    "admit",
    "agent_amounts",
    "has_feature",
    "is_active",
    "is_limited",
    "meter",
    "release",
    "reserve",
    "settle",
    "shortage",
]


# Administration is taken in while the tenant is suspended, because that is when it is needed, and does not
# count against commands.rate, so that a flood cannot keep the operator out.
COMMANDS: Commands = {
    commands.ProvisionTenant: CommandRule(
        provision_tenant.decide,
        "tenant:provision",
        while_suspended=True,
        creates_tenant=True,
        metered=False,
    ),
    commands.ActivateTenant: CommandRule(
        activate_tenant.decide, "tenant:activate", while_suspended=True, metered=False
    ),
    commands.SuspendTenant: CommandRule(
        suspend_tenant.decide, "tenant:suspend", while_suspended=True, metered=False
    ),
    commands.ReactivateTenant: CommandRule(
        reactivate_tenant.decide, "tenant:reactivate", while_suspended=True, metered=False
    ),
    commands.ActivateSubscription: CommandRule(
        activate_subscription.decide, "subscription:activate", while_suspended=True, metered=False
    ),
    commands.SetQuotaOverride: CommandRule(
        set_quota_override.decide, "quota:override", while_suspended=True, metered=False
    ),
    commands.DefineEdition: CommandRule(
        define_edition.decide, "edition:define", platform_only=True
    ),
    commands.PublishEdition: CommandRule(
        publish_edition.decide, "edition:publish", platform_only=True
    ),
}

EVOLVERS: Evolvers = {
    facts.TenantProvisioned: (evolve.tenant_provisioned,),
    facts.TenantActivated: (evolve.tenant_activated,),
    facts.TenantSuspended: (evolve.tenant_suspended,),
    facts.TenantReactivated: (evolve.tenant_reactivated,),
    facts.EditionDefined: (evolve.edition_defined,),
    facts.EditionPublished: (evolve.edition_published,),
    facts.SubscriptionActivated: (evolve.subscription_activated,),
    facts.QuotaOverridden: (evolve.quota_overridden,),
    facts.QuotaReserved: (evolve.quota_reserved,),
    facts.QuotaSettled: (evolve.quota_settled,),
    facts.QuotaReleased: (evolve.quota_released,),
    facts.QuotaExceeded: (evolve.quota_exceeded,),
    facts.QuotaThresholdCrossed: (evolve.quota_threshold_crossed,),
    facts.QuotaReset: (evolve.quota_reset,),
}
"""QuotaOverrun changes nothing: what was used already stands in the ledger by its QuotaSettled."""

TIMERS: Timers = {QuotaLedger: TIMER}
