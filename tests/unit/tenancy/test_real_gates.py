"""The gated commands of tenancy and identity under the seed policies, through every step of the pipeline."""

from pathlib import Path
from uuid import UUID

import pytest
import yaml

from processors import identity
from schemas.ids import ApprovalId, PrincipalId
from schemas.messages.governance.facts import (
    ApprovalConsumed,
    ApprovalGranted,
    ApprovalRequested,
    PolicyDecisionRecorded,
    PolicyPublished,
)
from schemas.messages.identity.commands import GrantRole
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from schemas.messages.tenancy.commands import PublishEdition, SetQuotaOverride
from schemas.messages.tenancy.facts import EditionPublished, QuotaOverridden
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

POLICIES = Path(__file__).parents[3] / "definitions" / "policies"
PETER = PrincipalId("user:peter")
OVERRIDE = SetQuotaOverride(
    dimension="tasks.active", window="none", limit=2, reason="a quiet month"
)


def published(name: str, number: int) -> PolicyPublished:
    """Give a seed policy as published."""
    seed = yaml.safe_load((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return PolicyPublished(
        policy_id=f"pol-{UUID(int=number)}",
        name=seed["name"],
        version=seed["version"],
        domain=seed["domain"],
        mode=seed["mode"],
        text=seed["text"],
    )


@pytest.fixture
def tenant() -> Scenario:
    """Give a tenant owned by Olga that knows Peter, under the platform's seed policies."""
    scenario = given.tenant_with(given.TASKS).given_system(
        *(published(name, number) for number, name in enumerate(("roles", "risk"), 1))
    )
    return scenario.given(
        PrincipalRegistered(principal_id=given.OWNER, kind="user", display_name="Olga"),
        RoleGranted(principal_id=given.OWNER, role="TenantOwner"),
        PrincipalRegistered(principal_id=PETER, kind="user", display_name="Peter"),
    )


def test_an_owner_narrows_a_limit_and_the_decision_is_on_the_record(tenant: Scenario) -> None:
    tenant.through_pipeline(OVERRIDE).then(PolicyDecisionRecorded, QuotaOverridden)
    decision = tenant.fact(PolicyDecisionRecorded)
    assert (decision.effect, decision.action) == ("Allow", "quota:override")


def test_the_platforms_admin_widens_it(tenant: Scenario) -> None:
    wide = SetQuotaOverride(dimension="tasks.active", window="none", limit=99, reason="a pilot")
    tenant.through_pipeline(wide).refused("FORBIDDEN", "limit").recorded()
    tenant.through_pipeline(wide, actor_id=given.ADMIN).then(
        PolicyDecisionRecorded, QuotaOverridden
    )


def test_without_a_policy_that_permits_it_nothing_sensitive_happens() -> None:
    scenario = given.tenant_with(given.TASKS).given(
        PrincipalRegistered(principal_id=given.OWNER, kind="user", display_name="Olga"),
        RoleGranted(principal_id=given.OWNER, role="TenantOwner"),
    )
    scenario.through_pipeline(OVERRIDE).refused("POLICY_DENIED")
    scenario.recorded(PolicyDecisionRecorded)


def test_a_further_owner_needs_an_approval_that_is_used_once(tenant: Scenario) -> None:
    command = GrantRole(principal_id=PETER, role="TenantOwner")
    tenant.through_pipeline(command).refused("APPROVAL_REQUIRED")
    tenant.recorded(PolicyDecisionRecorded, ApprovalRequested)
    approval_id: ApprovalId = tenant.fact(ApprovalRequested).approval_id
    tenant.given(
        ApprovalGranted(
            approval_id=approval_id, principal_id=given.ADMIN, comment="", voters=(given.ADMIN,)
        )
    )
    tenant.through_pipeline(command, approval_id=approval_id)
    tenant.then(PolicyDecisionRecorded, ApprovalConsumed, RoleGranted)
    assert identity.has_role(tenant.decide(), PETER, "TenantOwner")


def test_the_platform_publishes_an_edition() -> None:
    scenario = Scenario(tenant="system", actor=given.ADMIN).given(
        *given.PLATFORM_ADMIN, given.DEFINED
    )
    scenario.through_pipeline(PublishEdition(name="team", version="1.0.0"))
    scenario.then(PolicyDecisionRecorded, EditionPublished)
