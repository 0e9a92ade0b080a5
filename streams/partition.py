"""One partition as a worker holds it: committed state, input positions, memory of ids, waiting deadlines."""

from schemas.messages.runtime.state import CommandMemory, TenantHead
from streams.ahead import Ahead
from streams.deadlines import Deadlines
from streams.late import LateEntry
from streams.memory import CycleMemory, Memory
from streams.wiring import Entry, Key, Rules, Store


class Partition:
    """Committed view; only ``expose`` changes it, after a transaction has committed (guard 11).

    ``complete_from`` is the first offset of the changelog that the state needs. All below ``positions`` is decided, and
    ``ahead`` of them too.
    """

    def __init__(
        self,
        number: int,
        store: Store,
        positions: dict[str, int],
        rules: Rules,
        *,
        horizon_us: int,
        complete_from: int = 0,
        ahead: Ahead | None = None,
    ) -> None:
        self.number = number
        self.store = store
        self.positions = positions
        self.ahead: Ahead = ahead or {}
        self.complete_from = complete_from
        self.memory = Memory(horizon_us, store)
        self.deadlines = Deadlines(rules.deadline_of)
        self._unindexed: list[Key] = []
        for key, entry in store.entries.items():
            if not isinstance(entry, LateEntry):
                self.deadlines.note(key, entry.value)
            elif rules.waiting_kinds is None or key.kind in rules.waiting_kinds:
                self._unindexed.append(key)

    @property
    def is_indexed(self) -> bool:
        """Tell whether the deadlines of all records are known."""
        return not self._unindexed

    def index(self, limit: int) -> None:
        """Find the deadlines of some records that a restore left encoded; without them a timer is late, never wrong."""
        for key in self._unindexed[-limit:]:
            entry = self.store.entries.get(key)
            # One that was changed or decoded meanwhile says the same; one that is gone waits for nothing.
            if entry is not None:
                record = entry.look() if isinstance(entry, LateEntry) else entry.value
                self.deadlines.note(key, record)
        del self._unindexed[-limit:]

    def expose(
        self,
        changes: dict[Key, Entry | None],
        positions: dict[str, int],
        cycle_memory: CycleMemory,
        ahead: Ahead | None = None,
    ) -> None:
        """Take over what a committed cycle changed."""
        cycle_memory.expose()
        self.store.apply(changes)
        self.positions = positions
        self.ahead = ahead or {}
        for key, entry in changes.items():
            if entry is not None and isinstance(entry.value, TenantHead):
                self.memory.note_head(entry.value)
            elif entry is None or not isinstance(entry.value, CommandMemory):
                self.deadlines.note(key, entry.value if entry is not None else None)

    def rearm(self, rearmed: list[tuple[int, Key, int]]) -> None:
        """Bring up again deadlines whose timers came too early; each with the time by which it did."""
        for deadline, key, early in rearmed:
            self.deadlines.put_back(deadline, key, deadline + early)
