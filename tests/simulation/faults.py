"""Which faults a seed brings, and how often each place was met by one.

Each seed switches a part of the kinds on and draws their rates, so that rare combinations come together and a
failing seed can be tried again with one kind after another left out.
"""

from collections import Counter
from collections.abc import Collection
from random import Random
from typing import Final

KINDS: Final = {
    "crash": 0.03,
    "away": 0.03,
    "doubt": 0.04,
    "hiccup": 0.04,
    "rebalance": 0.02,
    "unstable": 0.1,
    "timer-late": 0.7,
    "timer-lost": 0.01,
    "ends-unknown": 0.05,
    "send-lost": 0.2,
    "ack-lost": 0.2,
    "send-twice": 0.1,
    "group-lost": 0.02,
    "changelog-lost": 0.02,
    "compaction": 0.1,
    "clock-skew": 1.0,
    "long-wait": 0.03,
}
"""Kind -> its highest rate at the place where it can happen.

``crash``: the process ends at a named place. ``away``: it stalls there while others go on, mostly without it.
``doubt``: a commit is not answered; it took effect, takes effect later, or never does. ``hiccup``: a call must be
repeated. ``rebalance``: the group shares out anew inside a poll. ``unstable``: the group's offsets do not become
stable. ``timer-late``, ``timer-lost``: a timer waits in its producer, or is given up. ``ends-unknown``: the ends of
logs cannot be said. ``send-lost``, ``ack-lost``, ``send-twice``: what happens to a client's message. ``group-lost``,
``changelog-lost``, ``compaction``: of one partition. ``clock-skew``: of each worker. ``long-wait``: nothing happens
for minutes, so that ids are forgotten.
"""

RARE: Final = {"assigned": 6.0, "restored": 6.0, "fired": 6.0, "restoring": 0.5}
"""Places that are passed less often than others, or more often, and how much likelier a fault is there."""


class Faults:
    """What goes wrong in one history. ``without``: kinds that are left out."""

    def __init__(self, random: Random, without: Collection[str] = ()) -> None:
        self._random = random
        self.is_over = False
        self.rates: dict[str, float] = {}
        self.met: Counter[tuple[str, str]] = Counter()
        """(kind, place) -> how often it happened there."""
        for kind, highest in KINDS.items():
            is_on, rate = random.random() < 0.7, highest * random.uniform(0.3, 1)
            self.rates[kind] = rate if is_on and kind not in without else 0.0

    def hits(self, kind: str, place: str = "") -> bool:
        """Tell whether the fault happens here and now."""
        rate = self.rates[kind] * RARE.get(place, 1.0)
        if self.is_over or self._random.random() >= rate:
            return False
        self.met[kind, place] += 1
        return True
