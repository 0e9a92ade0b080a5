"""Deadlines that committed state records wait for, earliest first. Derived from the records, never stored."""

from collections.abc import Callable
from heapq import heappop, heappush

from msgspec import Struct

from streams.wiring import Key


class Deadlines:
    """Index of one partition: which record waits for which deadline.

    The heap keeps entries that a record no longer waits for; they are dropped when they come up. A deadline that
    was taken out stays known, so that the same record does not bring it up again until it was decided.
    """

    def __init__(self, deadline_of: Callable[[Struct], int | None]) -> None:
        self._deadline_of = deadline_of
        self._waits: dict[Key, int] = {}
        self._heap: list[tuple[int, int, Key]] = []

    def note(self, key: Key, record: Struct | None) -> None:
        """Follow a committed change of a record; None is its removal."""
        deadline = self._deadline_of(record) if record is not None else None
        if deadline is None:
            self._waits.pop(key, None)
        elif self._waits.get(key) != deadline:
            self._waits[key] = deadline
            heappush(self._heap, (deadline, deadline, key))

    def earliest(self) -> int | None:
        """Give when the next deadline is to be looked at, microseconds UTC."""
        while self._heap:
            due_at, deadline, key = self._heap[0]
            if self.still_waits(deadline, key):
                return due_at
            heappop(self._heap)
        return None

    def take_due(self, now: int, limit: int) -> list[tuple[int, Key]]:
        """Take out up to ``limit`` (deadline, key) that have passed."""
        due: list[tuple[int, Key]] = []
        while len(due) < limit and (earliest := self.earliest()) is not None and earliest <= now:
            _, deadline, key = heappop(self._heap)
            due.append((deadline, key))
        return due

    def still_waits(self, deadline: int, key: Key) -> bool:
        """Tell whether the record still waits for that deadline."""
        return self._waits.get(key) == deadline

    def put_back(self, deadline: int, key: Key, due_at: int) -> None:
        """Bring a deadline up again at ``due_at``: its timer came before the broker's clock had passed it."""
        if self.still_waits(deadline, key):
            heappush(self._heap, (due_at, deadline, key))

    def __len__(self) -> int:
        return len(self._waits)
