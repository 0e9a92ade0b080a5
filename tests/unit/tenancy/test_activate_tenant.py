"""ActivateTenant: a provisioned tenant is taken into use."""

from schemas.messages.tenancy.commands import ActivateTenant
from schemas.messages.tenancy.facts import TenantActivated
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given


def test_a_provisioned_tenant_with_an_edition_becomes_active() -> None:
    scenario = Scenario().given(given.PROVISIONED, given.subscribed(given.TASKS))
    scenario.when(ActivateTenant()).then(TenantActivated(tenant_id=given.TENANT))


def test_a_tenant_without_an_edition_stays_provisioning() -> None:
    Scenario().given(given.PROVISIONED).when(ActivateTenant()).refused("INVALID_STATE", "tenantId")


def test_an_active_tenant_is_not_activated_again() -> None:
    given.tenant_with().when(ActivateTenant()).refused("INVALID_STATE", "tenantId")


def test_an_unknown_tenant_is_not_found() -> None:
    Scenario().when(ActivateTenant()).refused("NOT_FOUND", "tenantId")


def test_the_platform_admin_activates_a_tenant_that_is_not_active_yet() -> None:
    scenario = Scenario(actor=given.ADMIN).given_system(*given.PLATFORM_ADMIN)
    scenario.given(given.PROVISIONED, given.subscribed())
    scenario.through_pipeline(ActivateTenant()).then(TenantActivated)
