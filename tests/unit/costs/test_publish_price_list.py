from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from processors.contract import Rejection
from processors.costs.publish_price_list import TOKEN_PRICE_MAX
from processors.costs.state import DearestPrice, ListedPrice, PriceList, PriceListSeries
from schemas.ids import PrincipalId
from schemas.messages.costs.commands import PublishPriceList
from schemas.messages.identity.facts import PrincipalRegistered, RoleGranted
from tests.unit.costs.given import STANDARD, prices
from tests.unit.gate_answer import GATE_REFUSALS, GateAnswer
from tests.unit.scenario import Scenario

PUBLISH = convert(STANDARD, PublishPriceList, from_attributes=True)


def with_prices(*listed: Any) -> PublishPriceList:
    return convert(replace(STANDARD, prices=listed), PublishPriceList, from_attributes=True)


def acme_under_the_platform() -> Scenario:
    admin = PrincipalId("user:admin")
    return Scenario("acme", actor=admin).given_system(
        PrincipalRegistered(principal_id=admin, kind="user", display_name="Admin"),
        RoleGranted(principal_id=admin, role="PlatformAdmin"),
    )


def test_a_version_is_published_with_each_price_and_the_dearest() -> None:
    scenario = Scenario("system").when(PUBLISH).then(STANDARD)
    assert scenario.tables.get(PriceListSeries, "standard") == PriceListSeries(
        name="standard", currency="USD", versions=("1.0.0",)
    )
    price = scenario.tables.get(ListedPrice, "standard@1.0.0/reference|small|tokens.output")
    assert price == ListedPrice(unit_quantity=1_000, unit_price=11)
    listed = scenario.tables.get(PriceList, "standard/1.0.0")
    assert listed is not None
    assert listed.dearest == (
        DearestPrice(dimension="tokens.input", unit_quantity=1_000, unit_price=5_000),
        DearestPrice(dimension="tokens.output", unit_quantity=1_000, unit_price=25_000),
    )


def test_the_dearest_is_that_of_a_token_not_of_a_unit() -> None:
    listed = (*prices("bulk", 9_000, 9_000, unit=10_000), *prices("piece", 2, 2, unit=1))
    scenario = Scenario("system").when(with_prices(*listed))
    record = scenario.tables.get(PriceList, "standard/1.0.0")
    assert record is not None
    assert [price.unit_price for price in record.dearest] == [2, 2]


def test_a_published_version_is_immutable() -> None:
    scenario = Scenario("system").given(STANDARD).when(PUBLISH)
    scenario.recorded().refused("ALREADY_EXISTS", "version")


def test_a_list_has_a_limited_number_of_versions() -> None:
    one = prices("small", 1, 1)
    many = (replace(STANDARD, version=f"1.0.{patch}", prices=one) for patch in range(1000))
    scenario = Scenario("system").given(*many).when(replace(PUBLISH, version="2.0.0"))
    scenario.refused("LIMIT_EXCEEDED", "version")


@pytest.mark.parametrize(
    ("listed", "field"),
    [
        ((), "prices"),
        (prices("small", 1, 1) + prices("small", 2, 2), "prices/2"),
        (prices("small", 1, 1)[:1], "prices"),
        (prices("small", -1, 1), "prices/0/unitPrice"),
        (prices("small", 1, TOKEN_PRICE_MAX * 1_000 + 1), "prices/1/unitPrice"),
    ],
)
def test_prices_are_complete_unique_and_within_bounds(listed: Any, field: str) -> None:
    scenario = Scenario("system").when(with_prices(*listed))
    scenario.recorded().refused("INVALID_ARGUMENT", field)


def test_the_highest_price_and_no_price_are_allowed() -> None:
    scenario = Scenario("system").when(with_prices(*prices("small", 0, TOKEN_PRICE_MAX * 1_000)))
    assert scenario.rejection is None


def test_the_platform_publishes_a_tenants_own_list() -> None:
    acme_under_the_platform().when(PUBLISH).then(STANDARD)


def test_a_tenant_does_not_price_its_own_usage() -> None:
    owner = PrincipalId("user:olga")
    scenario = Scenario("acme", actor=owner).given(
        PrincipalRegistered(principal_id=owner, kind="user", display_name="Olga"),
        RoleGranted(principal_id=owner, role="TenantOwner"),
    )
    scenario.when(PUBLISH).recorded().refused("FORBIDDEN", "actorId")


def test_a_list_keeps_its_currency() -> None:
    scenario = Scenario("system").given(STANDARD)
    scenario.when(replace(PUBLISH, version="2.0.0", currency="EUR"))
    scenario.refused("INVALID_ARGUMENT", "currency")


def test_a_tenants_list_has_the_currency_of_the_platforms() -> None:
    scenario = acme_under_the_platform().given_system(STANDARD)
    scenario.when(replace(PUBLISH, currency="EUR"))
    scenario.refused("INVALID_ARGUMENT", "currency")


@pytest.mark.parametrize("answer", GATE_REFUSALS)
def test_what_policy_refuses_is_not_published(gate: GateAnswer, answer: Rejection) -> None:
    gate.answer = answer
    Scenario("system").when(PUBLISH).recorded().refused(answer.code)
    assert gate.asked[0]["action"] == "price-list:publish"
