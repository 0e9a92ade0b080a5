"""How facts change the state of the costs context.

The catalogue of ``system`` is replayed in every partition, at each start anew, so applying a
publication twice changes nothing.
"""

from msgspec.structs import replace

from processors import assets
from processors.contract import Meta, Tables
from processors.costs.prices import DIMENSIONS, dearest, price_id
from processors.costs.state import (
    DearestPrice,
    ListedPrice,
    PriceList,
    PriceListSeries,
    TaskUsage,
)
from processors.costs.usage import invocation_digest, task_usage_id
from processors.versions import newest_first
from schemas.messages.costs.facts import PriceListPublished, UsageRecorded
from schemas.messages.workflow.facts import WorkflowInstanceArchived


def price_list_published(tables: Tables, fact: PriceListPublished, _meta: Meta) -> None:
    """Keep the list, one record a price, and list the version in its series."""
    for price in fact.prices:
        tables.put(
            price_id(fact.name, fact.version, price.provider, price.model, price.dimension),
            ListedPrice(unit_quantity=price.unit_quantity, unit_price=price.unit_price),
        )
    tables.put(
        assets.record_id(fact.name, fact.version),
        PriceList(
            name=fact.name,
            version=fact.version,
            currency=fact.currency,
            dearest=tuple(_dearest_of(fact, dimension) for dimension in DIMENSIONS),
        ),
    )
    series = tables.get(PriceListSeries, fact.name) or PriceListSeries(
        name=fact.name, currency=fact.currency
    )
    tables.put(fact.name, replace(series, versions=newest_first(series.versions, fact.version)))


def _dearest_of(fact: PriceListPublished, dimension: str) -> DearestPrice:
    top = dearest(price for price in fact.prices if price.dimension == dimension)
    return DearestPrice(
        dimension=dimension, unit_quantity=top.unit_quantity, unit_price=top.unit_price
    )


def usage_recorded(tables: Tables, fact: UsageRecorded, _meta: Meta) -> None:
    """Remember which calls of the task are metered."""
    record_id = task_usage_id(fact.workflow_instance_id, fact.task_id)
    metered = tables.get(TaskUsage, record_id)
    known = metered.invocation_digests if metered is not None else ()
    # Two lines of a call have one id: dict keys drop the second and keep the order.
    ids = dict.fromkeys(line.invocation_id for line in fact.lines)
    added = tuple(invocation_digest(invocation_id) for invocation_id in ids)
    tables.put(record_id, TaskUsage(invocation_digests=known + added))


def workflow_instance_archived(tables: Tables, fact: WorkflowInstanceArchived, _meta: Meta) -> None:
    """Forget the instance's metered calls: no result of it is taken in any more."""
    for record_id, _ in tuple(tables.children(TaskUsage, fact.workflow_instance_id)):
        tables.delete(TaskUsage, record_id)
