"""Pace of cycles: commit at once when idle, larger cycles under load.

A small transaction costs the broker 3-5 ms of CPU whatever it holds, so records that wait must share one; but a
cycle that decides for long makes every answer in it late. The number of records polled follows the measured
cost of a record, so that deciding takes about the time that was set. Where the last cycle shows that several are
under way, the next one waits a part of what its commit will take for more of them (as commit_delay and
commit_siblings do in PostgreSQL); a sender that works alone never waits.
"""

from typing import Final

_SHARE_NEW: Final = 0.2
"""Weight of the newest cycle in the moving cost of a record."""
_LEAST: Final = 32
_LEAST_SHARE: Final = 16
SHARE_MS: Final = 5
"""Time of deciding that one tenant gets of a cycle while others have work: about that of a commit, so that a flood
makes a cycle at most twice as long."""
SIBLINGS: Final = 4
"""Records of the last cycle from which on the next one gathers."""
GATHER_SHARE: Final = 0.5
"""Part of the last commit's time that is waited for more records."""


class Pace:
    """How many records the next cycle may take."""

    def __init__(
        self, cycle_ms: int, records_max: int, gather_ms: int, share_ms: int = SHARE_MS
    ) -> None:
        self._gather_s_max = gather_ms / 1000
        self._cycle_s = cycle_ms / 1000
        self._share_s = share_ms / 1000
        self._records_max = records_max
        self._record_s = self._cycle_s / records_max
        self._gather_s = 0.0

    def limit(self) -> int:
        """Give the number of records; the poll returns earlier when there are fewer."""
        wanted = round(self._cycle_s / self._record_s)
        return max(_LEAST, min(self._records_max, wanted))

    def share(self) -> int:
        """Give the number of records that one tenant may have of it while others have work too."""
        return max(_LEAST_SHARE, round(self._share_s / self._record_s))

    def gather_s(self) -> float:
        """Give how long the next cycle waits for more once it has a record."""
        return self._gather_s

    def note(self, records: int, decide_s: float, commit_s: float) -> None:
        """Learn from a cycle that decided and committed ``records`` in so many seconds."""
        if not records:
            return
        cost = max(decide_s / records, 1e-7)
        self._record_s += _SHARE_NEW * (cost - self._record_s)
        is_shared = records >= SIBLINGS
        self._gather_s = min(self._gather_s_max, GATHER_SHARE * commit_s) if is_shared else 0.0
