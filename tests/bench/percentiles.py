"""Percentiles of what a bench measured."""

from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the value that ``share`` per cent of an ordered sequence do not exceed, 0 where there is none."""
    if not ordered:
        return 0.0
    place = min(len(ordered) - 1, int(len(ordered) * share / 100))
    return round(ordered[place], 1)
