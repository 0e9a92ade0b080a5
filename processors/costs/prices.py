"""Which price applies, and what a quantity costs by it.

Money is an int of micros (10^-6 of the currency's unit); there is no float and no fraction.
Rounding: a line is rounded down to the micro, a reservation up. So a task that keeps to its token
budget never costs more than was reserved for it, however many lines it is split into (ADR C2).
Source: domain.md §8; settled.md 22.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol, TypeVar

from processors import assets
from processors.contract import ReadTables
from processors.costs.state import ListedPrice, PriceList, PriceListSeries
from processors.decision import Decision
from schemas.ids import SYSTEM

PRICE_LIST: Final = "standard"
"""Name of the list that usage is priced by: the tenant's own where it has one, else the platform's
(ADR C1)."""
INPUT: Final = "tokens.input"
OUTPUT: Final = "tokens.output"
DIMENSIONS: Final = (INPUT, OUTPUT)


class UnitPrice(Protocol):
    """A price of so many tokens."""

    @property
    def unit_quantity(self) -> int:
        """How many tokens the unit price buys."""
        ...

    @property
    def unit_price(self) -> int:
        """Price of them, micros."""
        ...


Priced = TypeVar("Priced", bound=UnitPrice)


class Tariff(NamedTuple):
    """The price list that applies, and where its prices are looked up."""

    owner: str
    prices: PriceList
    tables: ReadTables

    @property
    def reference(self) -> str:
        """Owner, name and version, as a usage line states them."""
        return f"{self.owner}/{self.prices.name}@{self.prices.version}"

    def price(self, provider: str, model: str, dimension: str) -> ListedPrice | None:
        """Give the model's own price of the dimension, or None."""
        record_id = price_id(self.prices.name, self.prices.version, provider, model, dimension)
        return self.tables.get(ListedPrice, record_id)


def price_id(name: str, version: str, provider: str, model: str, dimension: str) -> str:
    """Give the id of the state record of one price."""
    return f"{name}@{version}/{provider}|{model}|{dimension}"


def tariff(decision: Decision) -> Tariff | None:
    """Give the newest published price list that applies to the tenant, or None."""
    own = (decision.tenant_id, decision.tables)
    for owner, tables in (own, (SYSTEM, decision.system)):
        series = tables.get(PriceListSeries, PRICE_LIST)
        if series is not None:
            prices = tables.get(PriceList, assets.record_id(PRICE_LIST, series.versions[0]))
            if prices is None:
                raise AssertionError(f"price list {PRICE_LIST} lists a version that is not there")
            return Tariff(owner, prices, tables)
    return None


def cost_of(quantity: int, price: UnitPrice) -> int:
    """Give what a quantity costs, micros, rounded down: what a usage line says."""
    return quantity * price.unit_price // price.unit_quantity


def cost_at_most(quantity: int, price: UnitPrice) -> int:
    """Give what a quantity costs, micros, rounded up: what a reservation holds."""
    return -(-quantity * price.unit_price // price.unit_quantity)


def dearest(prices: Iterable[Priced]) -> Priced:
    """Give the highest price per token, the first of equals; ``prices`` has at least one.

    Two fractions are compared by their cross products, so nothing is rounded.
    """
    listed = iter(prices)
    top = next(listed)
    for price in listed:
        if price.unit_price * top.unit_quantity > top.unit_price * price.unit_quantity:
            top = price
    return top
