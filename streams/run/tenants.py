"""A tenant made ready: provisioned, subscribed to an edition, active."""

from typing import Final

from schemas.edge_model import model_of
from streams.run.seeds import Known, Seed, ask
from topics.command import uuid7
from topics.producer import CommandProducer

REGION: Final = "eu"


def tenant_seeds(tenant_id: str, owner: str, edition: str, *, name: str = "") -> tuple[Seed, ...]:
    """Give what the platform's administrator sends to make a tenant ready, in its order."""
    provisioned = {
        "displayName": name or tenant_id,
        "region": REGION,
        "ownerPrincipalId": owner,
    }
    subscribed = {
        "subscriptionId": f"sub-{uuid7()}",
        "editionName": edition,
        "editionVersion": "1.0.0",
    }
    return (
        Seed(
            f"tenant {tenant_id}",
            model_of("ProvisionTenant").model_validate(provisioned),
            ("TenantProvisioned",),
        ),
        Seed(
            f"subscription of {tenant_id}",
            model_of("ActivateSubscription").model_validate(subscribed),
            ("SubscriptionActivated",),
        ),
        Seed(
            f"activation of {tenant_id}",
            model_of("ActivateTenant").model_validate({}),
            ("TenantActivated",),
        ),
    )


def make_ready(
    admin: CommandProducer,
    tenant_id: str,
    owner: str,
    edition: str,
    *,
    name: str = "",
    known: Known = frozenset(),
) -> None:
    """Make a tenant ready; what is known to be done is passed over. Raises OperatorError on a refusal."""
    for seed in tenant_seeds(tenant_id, owner, edition, name=name):
        if seed.done not in known:
            ask(admin, seed.command, tenant_id)
