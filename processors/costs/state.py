"""State of the costs context.

A price list has one transition: absent -> published, and its versions never change. TaskUsage grows
until its workflow instance is archived: a metered model call is never metered again.
"""

from schemas.messages.costs.state import (
    DearestPrice,
    ListedPrice,
    PriceList,
    PriceListSeries,
    TaskUsage,
)

__all__ = ["DearestPrice", "ListedPrice", "PriceList", "PriceListSeries", "TaskUsage"]
