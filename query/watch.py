"""Whether the views move, and how far they are behind: for health, readiness and metrics.

Fresh means: the views hold all that the log held a while ago. The ends of the log are asked for when somebody asks,
at most every few seconds, and the oldest of them that was not reached yet says how stale the views are.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from query.order import Partition
from query.projector import Progress

HEALTHY_S: Final = 30.0
"""Longest silence of a healthy projector: one step takes a batch or waits a tenth of a second."""
FRESH_S: Final = 30.0
"""Largest staleness of views that are ready."""
ASK_S: Final = 2.0
"""How long the broker is waited for."""
KEPT_S: Final = 5.0
"""How long its answer is shown again, so that many readers cost it no more than one."""


Ends = Callable[[float], Mapping[Partition, int] | None]
"""Gives where the topics of the views end, None where the broker does not say it within so many seconds."""


class Behind(NamedTuple):
    """How far the views are behind."""

    by_topic: Mapping[str, int] | None
    """Topic -> records that are not read yet; None where the broker does not say."""
    stale_s: float
    """The views lack something that the log held so long ago; 0 where they hold all that was asked about."""


class Watch:
    """Judges a projector; any thread may ask. ``read`` gives how far each partition was read."""

    def __init__(
        self,
        progress: Progress,
        read: Callable[[], Mapping[Partition, int]],
        ends: Ends,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._progress = progress
        self._read = read
        self._ends = ends
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at = clock() - KEPT_S
        self._newest: Mapping[Partition, int] | None = None
        self._mark: tuple[float, Mapping[Partition, int]] | None = None
        """When the oldest ends that are not known to be reached were asked for, and these ends."""

    def behind(self) -> Behind:
        """Give how far the views are behind now."""
        with self._lock:
            now, read = self._clock(), self._read()
            if now - self._asked_at >= KEPT_S:
                self._newest = self._ends(ASK_S)
                self._asked_at = self._clock()
            if self._mark is None or _is_reached(self._mark[1], read):
                self._mark = (self._asked_at, self._newest) if self._newest is not None else None
            is_fresh = self._mark is None or _is_reached(self._mark[1], read)
            stale_s = 0.0 if is_fresh or self._mark is None else now - self._mark[0]
            if self._newest is None:
                return Behind(None, stale_s)
            lag: Counter[str] = Counter()
            for place, end in self._newest.items():
                lag[place[0]] += max(0, end - read.get(place, 0))
            return Behind(dict(lag), stale_s)

    def why_not_healthy(self) -> str:
        """Give why the projector makes no progress, as a sentence; empty where it does."""
        if self._progress.has_ended:
            return "The projector has ended."
        silent_s = self._clock() - self._progress.moved_at
        if silent_s > HEALTHY_S:
            return f"The projector has made no progress for {silent_s:.0f} s."
        return ""

    def why_not_ready(self) -> str:
        """Give why the views should not be asked, as a sentence; empty where they should."""
        progress = self._progress
        if reason := self.why_not_healthy() or progress.problem:
            return reason
        if not progress.has_caught_up:
            return "The views have not caught up with the log yet."
        behind = self.behind()
        if behind.by_topic is None:
            return "The broker does not say how far the log is, so nobody knows how fresh the views are."
        if behind.stale_s > FRESH_S:
            return f"The views lack what the log held {behind.stale_s:.0f} s ago."
        return ""


def _is_reached(ends: Mapping[Partition, int], read: Mapping[Partition, int]) -> bool:
    return all(read.get(place, 0) >= end for place, end in ends.items())
