"""ActivateSubscription — put the tenant on a published edition.

State     the tenant, its subscriptions; the edition in the catalogue of ``system``
Produces  SubscriptionActivated, with the edition's features and limits copied into it
Refuses   NOT_FOUND (tenant; edition, retryable: its copy may still be on the way), ALREADY_EXISTS
          (subscription id), INVALID_STATE (edition not published; tenant has an active subscription)
Source    domain.md §2; settled.md 25, 29
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.admission import unknown_tenant
from processors.tenancy.editions import edition_id, fact_limits
from processors.tenancy.state import Edition, Subscription, Tenant
from schemas.messages.tenancy.commands import ActivateSubscription
from schemas.messages.tenancy.facts import SubscriptionActivated


def decide(command: ActivateSubscription, decision: Decision) -> Rejection | None:
    """Activate the tenant's one subscription; what the edition says is copied, replay needs no catalogue."""
    refused = _refuse_tenant(command, decision)
    if refused is not None:
        return refused
    wanted = edition_id(command.edition_name, command.edition_version)
    edition = decision.system.get(Edition, wanted)
    if edition is None:
        return Rejection(
            "NOT_FOUND", "no such published edition", "editionName", got=wanted, retryable=True
        )
    if edition.status != "Published":
        return Rejection(
            "INVALID_STATE",
            "only a published edition is subscribed to",
            "editionVersion",
            "Published",
            edition.status,
        )
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
    return None


def _refuse_tenant(command: ActivateSubscription, decision: Decision) -> Rejection | None:
    tenant = decision.tables.get(Tenant, decision.tenant_id)
    if tenant is None:
        return unknown_tenant(decision)
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
