"""ProvisionTenant: a new tenant with its owner."""

import pytest

from schemas.ids import PrincipalId
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from schemas.messages.tenancy.commands import ProvisionTenant
from schemas.messages.tenancy.facts import TenantProvisioned
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

COMMAND = ProvisionTenant(
    display_name="Acme", region="eu-west", isolation="shared", owner_principal_id=given.OWNER
)


def test_a_new_tenant_begins_with_an_owner() -> None:
    Scenario(actor=given.ADMIN).when(COMMAND).then(
        given.PROVISIONED,
        PrincipalRegistered(principal_id=given.OWNER, kind="user", display_name=given.OWNER),
        RoleGranted(principal_id=given.OWNER, role="TenantOwner"),
    )


def test_the_platform_admin_provisions_through_every_step() -> None:
    scenario = Scenario(actor=given.ADMIN).given_system(*given.PLATFORM_ADMIN)
    scenario.through_pipeline(COMMAND).then(TenantProvisioned, PrincipalRegistered, RoleGranted)


def test_nobody_else_provisions() -> None:
    Scenario(actor="user:eve").given_system(*given.PLATFORM_ADMIN).through_pipeline(
        COMMAND
    ).refused("FORBIDDEN", "actorId").recorded()


@pytest.mark.parametrize("past", [(given.PROVISIONED,), (given.PROVISIONED, given.SUSPENDED)])
def test_a_tenant_id_is_used_once(past: tuple[TenantProvisioned, ...]) -> None:
    scenario = Scenario(actor=given.ADMIN).given(*past).given_system(*given.PLATFORM_ADMIN)
    scenario.through_pipeline(COMMAND).refused("ALREADY_EXISTS", "tenantId").recorded()


def test_system_is_reserved() -> None:
    scenario = Scenario(tenant="system", actor=given.ADMIN).given(*given.PLATFORM_ADMIN)
    scenario.through_pipeline(COMMAND).refused("ALREADY_EXISTS", "tenantId")


def test_the_owner_is_shown_by_the_name_given() -> None:
    command = ProvisionTenant(
        display_name="Acme",
        region="eu-west",
        owner_principal_id=PrincipalId("user:o"),
        owner_display_name="Olga",
    )
    assert Scenario().when(command).fact(PrincipalRegistered).display_name == "Olga"
