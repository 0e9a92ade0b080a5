"""What the edition commands share: ids, limits in the form of facts, and which limits make sense."""

from collections.abc import Sequence

from processors.contract import Rejection
from processors.tenancy.dimensions import misuse
from processors.tenancy.state import QuotaLimit
from schemas.ids import EditionId
from schemas.messages.tenancy import commands, facts


def edition_id(name: str, version: str) -> EditionId:
    """Give the id of a version of an edition."""
    return EditionId(f"{name}/{version}")


def fact_limits(
    limits: Sequence[commands.QuotaLimit] | Sequence[QuotaLimit],
) -> tuple[facts.QuotaLimit, ...]:
    """Give the limits as a fact carries them."""
    return tuple(
        facts.QuotaLimit(
            dimension=limit.dimension,
            window=limit.window,
            limit=limit.limit,
            hard=limit.hard,
            warn_at_percent=limit.warn_at_percent,
        )
        for limit in limits
    )


def refuse_limits(limits: Sequence[commands.QuotaLimit]) -> Rejection | None:
    """Give what is wrong with an edition's limits (INVALID_ARGUMENT), or None."""
    seen: set[tuple[str, str]] = set()
    for index, limit in enumerate(limits):
        wrong = misuse(limit.dimension, limit.window)
        if wrong is not None:
            field, expected = wrong
            return Rejection(
                "INVALID_ARGUMENT",
                "the limit makes no sense",
                f"limits[{index}].{field}",
                expected,
                limit.dimension if field == "dimension" else limit.window,
            )
        if (limit.dimension, limit.window) in seen:
            return Rejection(
                "INVALID_ARGUMENT",
                "an edition limits a dimension once a window",
                f"limits[{index}]",
                "another dimension or window",
                f"{limit.dimension} per {limit.window} again",
            )
        seen.add((limit.dimension, limit.window))
    return None
