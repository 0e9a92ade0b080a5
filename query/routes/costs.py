"""Usage and cost."""

from typing import Annotated

from fastapi import APIRouter, Query

from query.answers import One, Page
from query.asset_answers import CostOfDay, UsageLine
from query.filters import CostReport, UsageList
from query.problems import invalid
from query.reading import Listing
from query.routes.callers import OfViews, Reader

router = APIRouter(tags=["costs"])
_USAGE = Listing("usage_list", ("sequence", "line"), (int, int))
_ROWS_MAX = 10_000


@router.get("/usage")
def list_usage(
    caller: Reader, views: OfViews, asked: Annotated[UsageList, Query()]
) -> Page[UsageLine]:
    """List priced usage, newest first."""
    return views.page(caller, asked, _USAGE, UsageLine)


@router.get("/costs")
def report_costs(
    caller: Reader, views: OfViews, asked: Annotated[CostReport, Query()]
) -> One[list[CostOfDay]]:
    """Sum tokens and cost by UTC day and project, workflow, agent, skill or model."""
    asked.check()
    with views.reading(caller, asked) as reading:
        rows = reading.rows("cost_by_day", row_limit=_ROWS_MAX + 1, **asked.parameters())
        if len(rows) > _ROWS_MAX:
            raise invalid("to", f"a range of at most {_ROWS_MAX} rows; ask for fewer days")
        return One(data=[CostOfDay.model_validate(row) for row in rows], as_of=reading.as_of)
