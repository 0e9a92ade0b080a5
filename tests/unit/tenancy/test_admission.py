"""Which commands get as far as being decided."""

import pytest

from processors import tenancy
from processors.contract import Rejection
from processors.rules import CommandRule
from processors.tenancy.state import Tenant
from schemas.messages.runtime.state import TenantHead
from schemas.messages.tenancy.facts import TenantReactivated
from tests.unit.scenario import START, Scenario
from tests.unit.tenancy import given

PLAIN = CommandRule(lambda *_: None, "workflow:start")


def admit(scenario: Scenario, rule: CommandRule = PLAIN) -> Rejection | None:
    return tenancy.admit(scenario.decide(), rule)


def code(rejection: Rejection | None) -> str | None:
    return None if rejection is None else rejection.code


def counted(scenario: Scenario, count: int, window_start: int = START) -> Scenario:
    head = TenantHead(
        sequence=1,
        hash=bytes(32),
        decided_at=START,
        context_sequences=(),
        rate_window_start=window_start,
        command_count=count,
    )
    scenario.tables.put("head", head)
    return scenario


RATE = given.limit("commands.rate", 2, "minute")


def test_an_active_tenant_is_admitted() -> None:
    assert admit(given.tenant_with()) is None


def test_an_unknown_tenant_is_not_found() -> None:
    assert code(admit(Scenario())) == "NOT_FOUND"


def test_a_command_that_creates_tenants_may_name_a_new_one() -> None:
    assert admit(Scenario(), PLAIN._replace(creates_tenant=True)) is None


def test_a_tenant_that_is_not_active_yet_waits() -> None:
    assert code(admit(Scenario().given(given.PROVISIONED))) == "INVALID_STATE"


def test_a_suspended_tenant_begins_nothing_and_finishes_everything() -> None:
    scenario = given.tenant_with().given(given.SUSPENDED)
    refused = admit(scenario)
    assert code(refused) == "TENANT_SUSPENDED"
    assert refused is not None
    assert refused.retryable
    assert admit(scenario, PLAIN._replace(while_suspended=True)) is None
    scenario.given(TenantReactivated(tenant_id=given.TENANT, reason="paid"))
    assert admit(scenario) is None


def test_a_retired_tenant_is_refused_everything() -> None:
    scenario = Scenario()
    retired = Tenant(
        display_name="Acme",
        region="eu-west",
        isolation="shared",
        status="Retired",
        owner_principal_id=given.OWNER,
    )
    scenario.tables.put(given.TENANT, retired)
    assert code(admit(scenario, PLAIN._replace(while_suspended=True))) == "INVALID_STATE"


def test_system_needs_no_provisioning_and_has_every_feature() -> None:
    scenario = Scenario(tenant="system")
    assert admit(scenario, PLAIN._replace(platform_only=True)) is None
    assert tenancy.is_active(scenario.decide())
    assert tenancy.has_feature(scenario.decide(), "any")


def test_an_unknown_tenant_has_no_feature_and_is_not_active() -> None:
    assert not tenancy.is_active(Scenario().decide())
    assert not tenancy.has_feature(Scenario().decide(), "any")


def test_what_is_the_platforms_is_refused_to_tenants() -> None:
    assert code(admit(given.tenant_with(), PLAIN._replace(platform_only=True))) == "FORBIDDEN"


@pytest.mark.parametrize(("count", "expected"), [(0, None), (1, None), (2, "QUOTA_EXCEEDED")])
def test_commands_beyond_the_rate_are_refused(count: int, expected: str | None) -> None:
    assert code(admit(counted(given.tenant_with(RATE), count))) == expected


def test_the_rate_is_that_of_the_minute() -> None:
    scenario = counted(given.tenant_with(RATE), 2)
    scenario.at = START + 60 * given.SECOND
    assert admit(scenario) is None


def test_results_do_not_count_against_the_rate() -> None:
    scenario = counted(given.tenant_with(RATE), 2)
    assert admit(scenario, PLAIN._replace(metered=False)) is None


def test_without_a_hard_limit_nothing_is_refused() -> None:
    soft = given.limit("commands.rate", 2, "minute", hard=False)
    assert admit(counted(given.tenant_with(soft), 9)) is None
    assert admit(counted(given.tenant_with(), 9)) is None
    assert admit(given.tenant_with(RATE)) is None


def test_the_count_of_commands_is_no_window_of_the_ledger() -> None:
    scenario = given.tenant_with(RATE)
    scenario.at = START + 3600 * given.SECOND
    decision = scenario.decide()
    assert tenancy.reserve(decision, given.RESERVATION, {"tasks.active": 1}, None) is None
    assert len(decision.recorded) == 1
