"""Pace of cycles: commit at once when idle, larger cycles under load.

A small transaction costs the broker 3-5 ms of CPU whatever it holds, so records that wait must share one; but a
cycle that decides for long makes every answer in it late. The number of records polled follows the measured
cost of a record, so that deciding takes about the time that was set.
"""

from typing import Final

_SHARE_NEW: Final = 0.2
"""Weight of the newest cycle in the moving cost of a record."""
_LEAST: Final = 32


class Pace:
    """How many records the next cycle may take."""

    def __init__(self, cycle_ms: int, records_max: int) -> None:
        self._cycle_s = cycle_ms / 1000
        self._records_max = records_max
        self._record_s = self._cycle_s / records_max

    def limit(self) -> int:
        """Give the number of records; the poll returns earlier when there are fewer."""
        wanted = round(self._cycle_s / self._record_s)
        return max(_LEAST, min(self._records_max, wanted))

    def note(self, records: int, seconds: float) -> None:
        """Learn from a cycle that decided ``records`` in ``seconds``."""
        cost = max(seconds / records, 1e-7)
        self._record_s += _SHARE_NEW * (cost - self._record_s)
