"""What belongs to no tenant: lag, dead letters, all tenants, and what the check of a stranger compares."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Query, Request

from query.answers import One, Page, Row
from query.filters import BulkList, DeadLetterList, Freshness, TenantList
from query.operator_answers import DeadLetter, Lag, Tenant, TenantEvent, TenantUsage
from query.problems import not_found
from query.projections.dead_letters import readable
from query.reading import Listing
from query.routes.callers import OfViews, Operator
from schemas.ids import SLUG

router = APIRouter(tags=["operators"])
_TENANTS = Listing("operator/tenant_list", ("tenant_id",), (str,))
_LETTERS = Listing(
    "operator/dead_letter_list",
    ("source_topic", "source_partition", "source_offset"),
    (str, int, int),
)
_EVENTS = Listing("operator/tenant_events", ("sequence",))
_USAGE = Listing("operator/tenant_usage", ("sequence", "model", "dimension"), (int, str, str))
TenantName = Annotated[str, Path(pattern=SLUG.replace(r"\Z", "$"))]
Source = Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,200}:[0-9]{1,6}:[0-9]{1,18}$")]


class Laggard(Protocol):
    """Says how far the views are behind; the service's own."""

    def lag(self) -> Lag:
        """Give the lag of every partition now."""
        ...


@router.get("/lag")
def show_lag(
    caller: Operator, views: OfViews, request: Request, asked: Annotated[Freshness, Query()]
) -> One[Lag]:
    """Show how far the views are behind the log, and what is held back for what."""
    laggard: Laggard = request.app.state.laggard
    lag = laggard.lag()
    with views.reading(caller, asked) as reading:
        newest = max((row["occurred_at"] for row in reading.rows("operator/heads")), default=None)
        answer = Lag(**{**lag.model_dump(by_alias=False), "newest_fact_at": newest})
        return One(data=answer, as_of=reading.as_of)


@router.get("/tenants")
def list_tenants(
    caller: Operator, views: OfViews, asked: Annotated[TenantList, Query()]
) -> Page[Tenant]:
    """List every tenant that has a fact."""
    return views.page(caller, asked, _TENANTS, Tenant)


@router.get("/tenants/{tenant_id}/events")
def list_tenant_events(
    caller: Operator,
    views: OfViews,
    tenant_id: TenantName,
    asked: Annotated[BulkList, Query()],
) -> Page[TenantEvent]:
    """List ids and places of a tenant's facts and refusals as the views hold them."""
    return views.page(caller, asked, _EVENTS, TenantEvent, of_tenant=tenant_id)


@router.get("/tenants/{tenant_id}/usage")
def list_tenant_usage(
    caller: Operator,
    views: OfViews,
    tenant_id: TenantName,
    asked: Annotated[BulkList, Query()],
) -> Page[TenantUsage]:
    """List the rollup of a tenant's usage by day, project, workflow, agent, skill, model and dimension."""
    return views.page(caller, asked, _USAGE, TenantUsage, of_tenant=tenant_id)


@router.get("/dead-letters")
def list_dead_letters(
    caller: Operator, views: OfViews, asked: Annotated[DeadLetterList, Query()]
) -> Page[DeadLetter]:
    """List dead letters by the place of the record concerned."""
    with views.reading(caller, asked) as reading:
        rows, token = reading.page(_LETTERS, asked)
        return Page(data=[_letter(row) for row in rows], next_page_token=token, as_of=reading.as_of)


@router.get("/dead-letters/{source}")
def show_dead_letter(
    caller: Operator, views: OfViews, source: Source, asked: Annotated[Freshness, Query()]
) -> One[DeadLetter]:
    """Show the dead letter of a record, named TOPIC:PARTITION:OFFSET."""
    topic, partition, offset = source.rsplit(":", 2)
    place: dict[str, Any] = {
        "source_topic": topic,
        "source_partition": int(partition),
        "source_offset": int(offset),
    }
    with views.reading(caller, asked) as reading:
        rows = reading.rows("operator/dead_letter", **place)
        if not rows:
            raise not_found()
        return One(data=_letter(rows[0]), as_of=reading.as_of)


def _letter(row: Row) -> DeadLetter:
    shown = {name: readable(row[name]) for name in ("record_key", "record_value")}
    return DeadLetter.model_validate({**row, **shown})
