"""SuspendTenant: a tenant's new work stops."""

from processors import tenancy
from schemas.messages.tenancy.commands import SuspendTenant
from schemas.messages.tenancy.facts import TenantSuspended
from tests.unit.scenario import Scenario
from tests.unit.tenancy import given

COMMAND = SuspendTenant(reason="unpaid")


def test_an_active_tenant_is_suspended() -> None:
    scenario = given.tenant_with()
    assert tenancy.is_active(scenario.decide())
    scenario.when(COMMAND).then(TenantSuspended(tenant_id=given.TENANT, reason="unpaid"))
    assert not tenancy.is_active(scenario.decide())


def test_a_suspended_tenant_is_not_suspended_again() -> None:
    given.tenant_with().given(given.SUSPENDED).when(COMMAND).refused("INVALID_STATE", "tenantId")


def test_a_tenant_that_is_not_active_yet_is_not_suspended() -> None:
    Scenario().given(given.PROVISIONED).when(COMMAND).refused("INVALID_STATE", "tenantId")


def test_an_unknown_tenant_is_not_found() -> None:
    Scenario().when(COMMAND).refused("NOT_FOUND", "tenantId")


def test_system_has_no_life_cycle() -> None:
    Scenario(tenant="system").when(COMMAND).refused("NOT_FOUND", "tenantId")
