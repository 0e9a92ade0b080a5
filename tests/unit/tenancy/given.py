"""Pasts of a tenant: what the tests of tenancy start from."""

from schemas.ids import (
    EditionId,
    PrincipalId,
    ProjectId,
    ReservationId,
    SubscriptionId,
    TenantId,
)
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from schemas.messages.projects.facts import ProjectCreated
from schemas.messages.tenancy.facts import (
    EditionDefined,
    EditionPublished,
    QuotaLimit,
    SubscriptionActivated,
    TenantActivated,
    TenantProvisioned,
    TenantSuspended,
)
from tests.unit.scenario import Scenario

TENANT = TenantId("acme")
OWNER = PrincipalId("user:olga")
ADMIN = PrincipalId("user:root")
SUBSCRIPTION = SubscriptionId("sub-00000000-0000-0000-0000-000000000001")
PROJECT = ProjectId("proj-00000000-0000-0000-0000-000000000001")
RESERVATION = ReservationId("task-1")
SECOND = 1_000_000
DAY = 86_400 * SECOND


def limit(
    dimension: str, most: int, window: str = "none", *, hard: bool = True, warn: int = 100
) -> QuotaLimit:
    """Give a limit; it warns late, so that tests of other things meet no warning."""
    return QuotaLimit(
        dimension=dimension,
        window=window,  # type: ignore[arg-type]
        limit=most,
        hard=hard,
        warn_at_percent=warn,
    )


TASKS = limit("tasks.active", 3)
TOKENS = limit("tokens.input", 1000, "day")
COST = limit("cost.amount", 500, "month")

PROVISIONED = TenantProvisioned(
    tenant_id=TENANT,
    display_name="Acme",
    region="eu-west",
    isolation="shared",
    owner_principal_id=OWNER,
)
ACTIVATED = TenantActivated(tenant_id=TENANT)
SUSPENDED = TenantSuspended(tenant_id=TENANT, reason="unpaid")
DEFINED = EditionDefined(
    edition_id=EditionId("team/1.0.0"),
    name="team",
    version="1.0.0",
    display_name="Team",
    features=("project-quotas",),
    limits=(TASKS, TOKENS),
)
PUBLISHED = EditionPublished(
    edition_id=DEFINED.edition_id,
    name=DEFINED.name,
    version=DEFINED.version,
    display_name=DEFINED.display_name,
    features=DEFINED.features,
    limits=DEFINED.limits,
)
PLATFORM_ADMIN = (
    PrincipalRegistered(principal_id=ADMIN, kind="user", display_name="Root"),
    RoleGranted(principal_id=ADMIN, role="PlatformAdmin"),
)
CREATED = ProjectCreated(
    project_id=PROJECT, name="Shop", intent="A shop.", origin="api", owner_principal_id=OWNER
)


def subscribed(*limits: QuotaLimit, features: tuple[str, ...] = ()) -> SubscriptionActivated:
    """Give a subscription to an edition with these limits."""
    return SubscriptionActivated(
        subscription_id=SUBSCRIPTION,
        tenant_id=TENANT,
        edition_name="team",
        edition_version="1.0.0",
        features=features,
        limits=limits,
    )


def tenant_with(*limits: QuotaLimit, features: tuple[str, ...] = ()) -> Scenario:
    """Give an active tenant whose edition has these limits, in a platform with an administrator."""
    scenario = Scenario().given(PROVISIONED, subscribed(*limits, features=features), ACTIVATED)
    return scenario.given_system(*PLATFORM_ADMIN)
