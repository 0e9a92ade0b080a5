"""ReactivateTenant: a suspended tenant's work goes on."""

from processors import tenancy
from schemas.messages.tenancy.commands import ReactivateTenant
from schemas.messages.tenancy.facts import TenantReactivated
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

COMMAND = ReactivateTenant(reason="paid")


def test_a_suspended_tenant_is_active_again() -> None:
    scenario = given.tenant_with().given(given.SUSPENDED)
    scenario.when(COMMAND).then(TenantReactivated(tenant_id=given.TENANT, reason="paid"))
    assert tenancy.is_active(scenario.decide())


def test_an_active_tenant_is_not_reactivated() -> None:
    given.tenant_with().when(COMMAND).refused("INVALID_STATE", "tenantId")


def test_an_unknown_tenant_is_not_found() -> None:
    Scenario().when(COMMAND).refused("NOT_FOUND", "tenantId")


def test_the_platform_admin_reaches_a_suspended_tenant() -> None:
    scenario = given.tenant_with().given(given.SUSPENDED)
    scenario.through_pipeline(COMMAND, actor_id=given.ADMIN).then(TenantReactivated)


def test_its_owner_does_not_reactivate_it() -> None:
    scenario = given.tenant_with().given(given.SUSPENDED)
    scenario.through_pipeline(COMMAND).refused("FORBIDDEN", "actorId")
