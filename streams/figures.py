"""What a worker can say of itself: counted by the cycle, shown on its pages. Never part of a fact."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from streams.observe.tally import (
    LATENESS,
    SECONDS,
    SIZES,
    Buckets,
    BusiestTenants,
    Distribution,
    Outcomes,
)


@dataclass(slots=True)
class Figures:
    """Counters of one process; durations in seconds."""

    cycles: int = 0
    records: int = 0
    outputs: int = 0
    dead_letters: int = 0
    timers_fired: int = 0
    restored_partitions: int = 0
    restored_records: int = 0
    restore_s: float = 0.0
    rebuilt_partitions: int = 0
    decide_s: float = 0.0
    commit_s: float = 0.0
    phase: str = "starting"
    positions: dict[int, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spread:
    """Distributions and counts by name at one moment."""

    cycle_records: Buckets
    decide_s: Buckets
    commit_s: Buckets
    wait_s: Buckets
    timer_late_s: Buckets
    refusals: dict[str, int]
    """Code -> refusals."""
    tenants: dict[str, tuple[int, int]]
    """Tenant -> (accepted, refused), the busiest and all others as one."""


class Board:
    """Figures shared between the cycle's thread, which writes, and the pages, which read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures = Figures()
        self._cycle_records = Distribution(SIZES)
        self._decide_s = Distribution(SECONDS)
        self._commit_s = Distribution(SECONDS)
        self._wait_s = Distribution(LATENESS)
        self._timer_late_s = Distribution(LATENESS)
        self._refusals: Counter[str] = Counter()
        self._tenants = BusiestTenants()

    def update(self, **changes: float | str | dict[int, dict[str, int]]) -> None:
        """Set figures by name."""
        with self._lock:
            for name, value in changes.items():
                setattr(self._figures, name, value)

    def add(self, **amounts: float) -> None:
        """Add to figures by name."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self._figures, name, getattr(self._figures, name) + amount)

    def cycle(
        self,
        *,
        records: int,
        decide_s: float,
        commit_s: float,
        wait_s: float,
        outcomes: Iterable[Outcomes],
    ) -> None:
        """Take a committed cycle: ``wait_s`` is how long its oldest record lay since the broker took it."""
        now = time.monotonic()
        with self._lock:
            self._cycle_records.note(records)
            self._decide_s.note(decide_s)
            self._commit_s.note(commit_s)
            self._wait_s.note(wait_s)
            for each in outcomes:
                self._tenants.note(each, now)
                for (_, code), count in each.items():
                    if code:
                        self._refusals[code] += count

    def timers_late(self, seconds: Iterable[float]) -> None:
        """Take how long after its deadline each timer was put on its topic."""
        with self._lock:
            for late in seconds:
                self._timer_late_s.note(late)

    def spread(self) -> Spread:
        """Give distributions and counts by name."""
        with self._lock:
            return Spread(
                self._cycle_records.buckets(),
                self._decide_s.buckets(),
                self._commit_s.buckets(),
                self._wait_s.buckets(),
                self._timer_late_s.buckets(),
                dict(self._refusals),
                self._tenants.counts(),
            )

    def figures(self) -> Figures:
        """Give a copy of the counters."""
        with self._lock:
            return Figures(**asdict(self._figures))

    def document(self) -> dict[str, object]:
        """Give all figures as JSON values; ``partitions`` are those that are restored and decided for."""
        figures = asdict(self.figures())
        named = {_camel(name): value for name, value in figures.items()}
        return {"partitions": sorted(figures["positions"]), **named}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
