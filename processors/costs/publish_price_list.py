"""PublishPriceList — publish one immutable version of a price list.

State     (tenant, list name); reads policy and the actor's roles
Produces  PriceListPublished; usage recorded from then on is priced by the newest version
Refuses   ALREADY_EXISTS (version), LIMIT_EXCEEDED (versions), INVALID_ARGUMENT (a price comes twice
          or lacks its other dimension, is negative or too high, the currency changes),
          FORBIDDEN (a tenant's list, by anybody but the platform), POLICY_DENIED,
          APPROVAL_REQUIRED
Source    domain.md §8
"""

from collections.abc import Iterator
from typing import Final

from msgspec import convert

from processors import identity
from processors.contract import Rejection
from processors.costs.prices import DIMENSIONS
from processors.costs.state import PriceListSeries
from processors.decision import Decision
from processors.identity.roles import PLATFORM_ADMIN
from processors.publication import gate, unpublishable
from schemas.ids import SYSTEM
from schemas.messages.costs.commands import Price, PublishPriceList
from schemas.messages.costs.facts import PriceListPublished

TOKEN_PRICE_MAX: Final = 10_000
"""Highest price of one token, micros: 0.01 of the currency's unit, a hundred times the dearest model
of today. With at most 1,000 calls of at most 10^9 tokens a dimension, the total of a record stays
below 2·10^16 micros, well inside decimal(18,6)."""


def decide(command: PublishPriceList, decision: Decision) -> Rejection | None:
    """Publish the version if it is new, its prices are complete, and policy lets the actor."""
    series = decision.tables.get(PriceListSeries, command.name)
    refused = (
        _not_the_platforms(decision)
        or unpublishable(command.name, series.versions if series else (), command.version)
        or next(_unfit(command), None)
        or _other_currency(command, decision)
        or gate(decision, "price-list:publish", command.name, command.version)
    )
    if refused is None:
        decision.record(convert(command, PriceListPublished, from_attributes=True))
    return refused


def _not_the_platforms(decision: Decision) -> Rejection | None:
    """Refuse a tenant that prices its own usage: at no price its budget would never run out."""
    actor = decision.cause.actor_id
    if decision.tenant_id == SYSTEM or identity.has_role(decision, actor, PLATFORM_ADMIN):
        return None
    rule = "a price list is published by the platform, for a tenant too"
    return Rejection("FORBIDDEN", rule, "actorId", PLATFORM_ADMIN, actor)


def _unfit(command: PublishPriceList) -> Iterator[Rejection]:
    priced: dict[tuple[str, str], set[str]] = {}
    for index, price in enumerate(command.prices):
        field = f"prices/{index}"
        dimensions = priced.setdefault((price.provider, price.model), set())
        if price.dimension in dimensions:
            got = f"{price.provider} {price.model} {price.dimension}"
            yield Rejection("INVALID_ARGUMENT", "each price stands once", field, got=got)
        dimensions.add(price.dimension)
        if not 0 <= price.unit_price <= TOKEN_PRICE_MAX * price.unit_quantity:
            yield _unfit_price(price, field)
    # A model with half a price would be charged the dearest of the list for its other half.
    for (provider, model), dimensions in priced.items():
        if len(dimensions) < len(DIMENSIONS):
            expected, got = " and ".join(DIMENSIONS), f"{provider} {model}: {dimensions.pop()}"
            rule = "each model has a price for every dimension"
            yield Rejection("INVALID_ARGUMENT", rule, "prices", expected, got)
    if not priced:
        yield Rejection("INVALID_ARGUMENT", "at least one is given", "prices", "1 or more", "none")


def _unfit_price(price: Price, field: str) -> Rejection:
    return Rejection(
        "INVALID_ARGUMENT",
        "a price lies between nothing and the highest allowed",
        f"{field}/unitPrice",
        f"0 … {TOKEN_PRICE_MAX * price.unit_quantity} micros",
        str(price.unit_price),
    )


def _other_currency(command: PublishPriceList, decision: Decision) -> Rejection | None:
    """Refuse a currency that differs from the list's, or from the platform's list of the name.

    Quota cost.amount is a sum over all price lists of a tenant's time: it has one currency.
    """
    for tables in (decision.tables, decision.system):
        series = tables.get(PriceListSeries, command.name)
        if series is not None and series.currency != command.currency:
            return Rejection(
                "INVALID_ARGUMENT",
                "a price list keeps its currency",
                "currency",
                series.currency,
                command.currency,
            )
    return None
