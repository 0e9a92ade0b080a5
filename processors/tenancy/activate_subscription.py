"""ActivateSubscription — put the tenant on a published edition.

State     the tenant, its subscriptions; the edition in the catalogue of ``system``
Produces  SubscriptionActivated, with the edition's features and limits copied into it
Refuses   NOT_FOUND (tenant; edition, retryable: its copy may still be on the way), ALREADY_EXISTS
          (subscription id), INVALID_STATE (edition not published; tenant has an active subscription),
          NOT_ENTITLED (a dedicated tenant, an edition for shared ones)
Source    domain.md §2; settled.md 25, 29
"""

from typing import Final

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.admission import unknown_tenant
from processors.tenancy.editions import edition_id, fact_limits
from processors.tenancy.state import Edition, Subscription, Tenant
from schemas.messages.tenancy.commands import ActivateSubscription
from schemas.messages.tenancy.facts import SubscriptionActivated

DEDICATED: Final = "dedicated-isolation"
"""Feature of an edition: its tenants may be isolated from others."""


def decide(command: ActivateSubscription, decision: Decision) -> Rejection | None:
    """Activate the tenant's one subscription with a copy of what the edition says.

    Copied, because replay of the tenant's facts sees no catalogue.
    """
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    if tenant is None:
        return unknown_tenant(decision)
    wanted = edition_id(command.edition_name, command.edition_version)
    edition = decision.system.get(Edition, wanted)
    if edition is None:
        return Rejection(
            "NOT_FOUND", "no such published edition", "editionName", got=wanted, retryable=True
        )
    refused = _refuse_twice(command, decision, tenant) or _refuse_edition(edition, tenant)
    if refused is None:
        decision.record(
            SubscriptionActivated(
                subscription_id=command.subscription_id,
                tenant_id=decision.tenant_id,
                edition_name=edition.name,
                edition_version=edition.version,
                features=edition.features,
                limits=fact_limits(edition.limits),
            )
        )
    return refused


def _refuse_edition(edition: Edition, tenant: Tenant) -> Rejection | None:
    if edition.status != "Published":
        return Rejection(
            "INVALID_STATE",
            "only a published edition is subscribed to",
            "editionVersion",
            "Published",
            edition.status,
        )
    if tenant.isolation == "dedicated" and DEDICATED not in edition.features:
        return Rejection(
            "NOT_ENTITLED",
            "the edition is for shared tenants and this one is dedicated",
            "editionName",
            f"an edition with feature {DEDICATED}",
            edition.name,
        )
    return None


def _refuse_twice(
    command: ActivateSubscription, decision: Decision, tenant: Tenant
) -> Rejection | None:
    if decision.tables.get(Subscription, command.subscription_id) is not None:
        return Rejection(
            "ALREADY_EXISTS",
            "a subscription id is used once",
            "subscriptionId",
            got=command.subscription_id,
        )
    if tenant.active_subscription_id is not None:
        return Rejection(
            "INVALID_STATE",
            "a tenant has one active subscription",
            "subscriptionId",
            "no active subscription",
            tenant.active_subscription_id,
        )
    return None
