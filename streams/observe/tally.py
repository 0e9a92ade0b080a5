"""Counts that a cycle can afford: distributions in fixed bounds, and outcomes by tenant in a fixed number of places."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of durations, seconds."""
LATENESS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
"""Upper bounds of how late something is, seconds."""
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Upper bounds of counts."""
SHOWN_TENANTS: Final = 20
"""Most tenants of one worker that have figures of their own."""
WINDOW_S: Final = 60.0
"""How long tenants are compared before places go to the busiest."""
OTHERS: Final = "(others)"
"""Name of all tenants without a place; no tenant can have it."""

Outcomes = Mapping[tuple[str, str], int]
"""(tenant, code of the refusal or empty) -> how often."""


class Buckets(NamedTuple):
    """A distribution at one moment: upper bounds, values up to each bound, all values, their sum."""

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    values: int
    total: float


class Distribution:
    """Values counted by upper bounds. Whoever shares it holds a lock."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def buckets(self) -> Buckets:
        """Give the distribution as it is now."""
        reached, cumulative = 0, []
        for count in self._counts[:-1]:
            reached += count
            cumulative.append(reached)
        return Buckets(self._bounds, tuple(cumulative), reached + self._counts[-1], self._total)


class BusiestTenants:
    """Outcomes by tenant for at most ``limit`` tenants; all others are counted as one.

    A place is kept for a window at least. At its end places go to those who were busiest in it, and who was not among
    them counts with the others from then on. No counter ever falls, so that rates over them hold.
    """

    def __init__(self, limit: int = SHOWN_TENANTS, window_s: float = WINDOW_S) -> None:
        self._limit = limit
        self._window_s = window_s
        self._ends_at = 0.0
        self._recent: Counter[str] = Counter()
        self._places: dict[str, list[int]] = {}
        self._others = [0, 0]

    def note(self, outcomes: Outcomes, now: float) -> None:
        """Count a cycle's outcomes; ``now`` in seconds of a clock that never goes back."""
        if now >= self._ends_at:
            self._turn(now)
        for (tenant, code), count in outcomes.items():
            self._recent[tenant] += count
            place = self._places.get(tenant)
            if place is None:
                place = self._place_of_new(tenant)
            place[bool(code)] += count

    def _place_of_new(self, tenant: str) -> list[int]:
        if len(self._places) >= self._limit:
            return self._others
        return self._places.setdefault(tenant, [0, 0])

    def _turn(self, now: float) -> None:
        """Begin a window: who was busiest in the last one has a place."""
        busiest = [tenant for tenant, _ in self._recent.most_common(self._limit)]
        free = self._limit - len(busiest)
        kept = [tenant for tenant in self._places if tenant not in busiest][:free]
        self._places = {tenant: self._places.get(tenant, [0, 0]) for tenant in (*busiest, *kept)}
        self._recent.clear()
        self._ends_at = now + self._window_s

    def counts(self) -> dict[str, tuple[int, int]]:
        """Give tenant -> (accepted, refused); at most one more than ``limit``."""
        shown = {tenant: (place[0], place[1]) for tenant, place in self._places.items()}
        return {**shown, OTHERS: (self._others[0], self._others[1])}
