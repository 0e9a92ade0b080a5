"""The cycle (runtime.md §1): what a worker does, over and over, and the state that it does it on.

1 poll a batch · 2-5 decode, admit, authorise, decide and evolve each record in memory · 6-7 produce facts,
refusals, dead letters, state and input positions and commit, one transaction a partition · 8 expose the new
state. Everything that can fail is handed in, so that a simulator can run this very loop; Kafka is behind
``Log``, the wall clock behind ``Clock``. State in memory is never ahead of what committed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.ids import TenantId
from streams.backlog import Backlog
from streams.breadcrumb import Breadcrumb
from streams.crashpoints import CrashPoints
from streams.decide import decide_records
from streams.figures import Board
from streams.inputs import Positions
from streams.pace import Pace
from streams.partition import Partition
from streams.records import InputRecord
from streams.work import Rulebook, Work


class Inputs(Protocol):
    """Where records come from."""

    joined: bool

    def poll(self, limit: int, timeout_s: float, gather_s: float) -> list[InputRecord]:
        """Give records of held partitions.

        Waits up to the time-out while there is none, and once there is one, ``gather_s`` for more.
        """

    def group(self) -> object:
        """Give what fences the commits of a former owner."""


class Transactions(Protocol):
    """Where a cycle's work is written."""

    def own(self, numbers: list[int]) -> None:
        """Be the only writer of exactly these partitions from now on."""

    def commit(self, works: list[Work], group: object) -> None:
        """Commit each unit of work, or raise: then nobody knows which of them committed."""


class Keeper(Protocol):
    """Where the state of a gained partition comes from."""

    def keep(
        self, held: dict[int, Partition], numbers: list[int], stable: Positions
    ) -> dict[int, Partition]:
        """Give exactly these partitions, of ``held`` where that is still their state."""


DecidedTo = Callable[[Partition, TenantId, str], int]
"""Gives the offset below which nothing of a tenant in a topic waits to be decided."""


class Timers(Protocol):
    """Who asks for decisions on deadlines."""

    def step(self, partitions: dict[int, Partition], decided_to: DecidedTo) -> None:
        """Put timers that are due on their topic, once what their tenant had sent before is decided."""

    def wait_s(self, partitions: dict[int, Partition], longest: float) -> float:
        """Give how long a poll may wait for a record without being late for a deadline."""


class Trace(Protocol):
    """Shows decisions to operators, where tracing is on."""

    def committed(self, works: list[Work], decided: float) -> None:
        """Take a cycle that has just committed; ``decided`` is the performance counter when it was decided."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a cycle is built from."""

    book: Rulebook
    transactions: Transactions
    keeper: Keeper
    timers: Timers
    crash: CrashPoints
    pace: Pace
    board: Board
    breadcrumb: Breadcrumb
    idle_s: float
    beat: Callable[[], None]
    """Called whenever progress was made, for the watchdog (guard 14)."""
    trace: Trace | None = None


class Cycle:
    """Holds the partitions of this worker and runs their cycles. One thread calls it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._partitions: dict[int, Partition] = {}
        self._backlog = Backlog(parts.book.layout.inputs)
        self._rank = {topic: rank for rank, topic in enumerate(parts.book.layout.inputs)}

    def run_once(self, inputs: Inputs) -> int:
        """Run one cycle; give the number of records decided."""
        parts = self._parts
        if inputs.joined:
            parts.beat()
        self._fetch(inputs)  # 1
        suspect = parts.breadcrumb.suspect
        records = self._backlog.take(parts.pace.limit(), parts.pace.share(), fair=suspect is None)
        moved = self._backlog.moved()
        if not records and not moved:
            parts.timers.step(self._partitions, self._backlog.decided_to)
            return 0
        parts.crash.at("polled")
        batches, done = self._batches(records), 0
        for index, batch in enumerate(batches):
            pending = [record for later in batches[index + 1 :] for record in later]
            done += self._unit(batch, pending, moved, inputs)
        parts.timers.step(self._partitions, self._backlog.decided_to)
        return done

    def _fetch(self, inputs: Inputs) -> None:
        """Poll for as much as may be held; without waiting where something is held already."""
        parts, backlog = self._parts, self._backlog
        if backlog.count:
            records = inputs.poll(backlog.room(), 0.0, 0.0)
        else:
            wait_s = parts.timers.wait_s(self._partitions, parts.idle_s)
            # A flood needs no company: what waits for it is the others' answers.
            gather_s = 0.0 if backlog.has_flood else parts.pace.gather_s()
            records = inputs.poll(backlog.room(), wait_s, gather_s)
        if not inputs.joined:
            backlog.clear()  # what it holds may be another owner's by now (guard 9)
        else:
            backlog.offer(records, self._partitions)

    def _batches(self, records: list[InputRecord]) -> list[list[InputRecord]]:
        """Give the records as one batch, or in three if one of them once ended the process: that one alone.

        It comes first, but for those before it in its own log: another one that ends the process would be noted in
        its place, and two of them could take turns for ever.
        """
        breadcrumb = self._parts.breadcrumb
        for index, record in enumerate(records) if breadcrumb.suspect is not None else ():
            if breadcrumb.is_suspect(record):
                before = [r for r in records[:index] if r[:2] == record[:2]]
                others = [r for r in records[:index] if r[:2] != record[:2]]
                cut = [before, [record], others + records[index + 1 :]]
                return [batch for batch in cut if batch]
        return [records]

    def _unit(
        self,
        records: list[InputRecord],
        pending: list[InputRecord],
        moved: list[int],
        inputs: Inputs,
    ) -> int:
        """Decide and commit some records; ``pending`` are taken and not yet decided."""
        parts = self._parts
        started = time.perf_counter()
        works = self._decide(records, pending, moved)  # 2-5
        parts.breadcrumb.clear()
        parts.crash.at("decided")
        decided = time.perf_counter()
        if not works:
            return 0
        parts.transactions.commit(works, inputs.group())  # 6-7
        parts.crash.at("committed")
        self._expose(works)  # 8
        parts.crash.at("exposed")
        if parts.trace is not None:
            parts.trace.committed(works, decided)
        if not records:
            return 0
        if parts.breadcrumb.is_suspect(records[0]):
            parts.breadcrumb.suspect = None
        oldest = min(record.appended_at for record in records)
        self._note(works, decided - started, time.perf_counter() - decided, oldest)
        return sum(work.records for work in works)

    def _decide(
        self, records: list[InputRecord], pending: list[InputRecord], moved: list[int]
    ) -> list[Work]:
        by_partition: dict[int, list[InputRecord]] = {number: [] for number in moved}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        works = []
        for number, group in by_partition.items():
            # Stable: across topics the class order, inside one topic the offset order (settled.md 6).
            group.sort(key=lambda record: self._rank[record.topic])
            partition, reach = self._partitions[number], self._backlog.reach(number, pending)
            works.append(decide_records(partition, group, self._parts.book, reach))
        return [work for work in works if work.records or work.has_moved]

    def _expose(self, works: list[Work]) -> None:
        for work in works:
            partition = self._partitions[work.partition]
            partition.expose(work.changes, work.positions, work.memory, work.ahead)
            partition.rearm(work.rearmed)

    def _note(self, works: list[Work], decide_s: float, commit_s: float, oldest: int) -> None:
        count = sum(work.records for work in works)
        parts = self._parts
        parts.pace.note(count, decide_s, commit_s)
        parts.board.add(
            cycles=1,
            records=count,
            outputs=sum(len(work.outputs) for work in works),
            dead_letters=sum(work.dead for work in works),
            decide_s=decide_s,
            commit_s=commit_s,
        )
        parts.board.update(positions=self.positions())
        parts.board.cycle(
            records=count,
            decide_s=decide_s,
            commit_s=commit_s,
            wait_s=max(0.0, time.time() - oldest / 1e6),
            outcomes=[work.outcomes for work in works],
        )

    def prepare(self, numbers: list[int]) -> None:
        """Fence the former owners of these partitions."""
        self._parts.board.update(phase="restoring")
        self._parts.transactions.own(numbers)
        self._parts.crash.at("assigned")

    def adopt(self, numbers: list[int], stable: Positions) -> None:
        """Hold exactly these partitions; what was fetched is fetched again from their positions."""
        self._backlog.clear()
        self._partitions = self._parts.keeper.keep(self._partitions, numbers, stable)
        self._parts.crash.at("restored")
        self._parts.board.update(phase="running", positions=self.positions())

    def pending_timers(self) -> int:
        """Give how many deadlines the held partitions wait for; any thread may ask."""
        return sum(len(partition.deadlines) for partition in tuple(self._partitions.values()))

    def positions(self) -> Positions:
        """Give where each held partition is to be read from."""
        return {number: p.positions for number, p in self._partitions.items()}
