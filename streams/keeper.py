"""Where the state of an assigned partition comes from: memory, its changelog, the facts, or nothing yet."""

import logging
import time
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Protocol

from streams.ahead import Ahead, positions_record
from streams.clients import LogEnds
from streams.figures import Board
from streams.inputs import UNKNOWN, Positions
from streams.known_facts import KnownFacts
from streams.layout import Layout
from streams.partition import Partition
from streams.rebuild import Rebuilder, removals, snapshot
from streams.records import OutputRecord
from streams.restore import Restored, Restorer, check_positions
from streams.settings import Settings
from streams.wiring import Rules, Store
from topics import naming
from topics.collecting import uncollected

log = logging.getLogger(__name__)


_CHUNK = 20_000
"""State records of one transaction of a rebuild."""


class StateWriter(Protocol):
    """Writes state outside a cycle."""

    def write(self, number: int, outputs: Iterable[OutputRecord]) -> None:
        """Commit records of one partition."""

    def state_end(self, number: int) -> int:
        """Give where a changelog ends if this process was the last to write there; 0 if it never did."""


class Keeper:
    """Decides for each assigned partition where its state comes from, and brings it."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        rules: Rules,
        *,
        log_ends: LogEnds,
        restorer: Restorer,
        writer: StateWriter,
        board: Board,
        beat: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._layout = layout
        self._rules = rules
        self._log_ends = log_ends
        self._known_facts = KnownFacts(settings, layout)
        self._restorer = restorer
        self._rebuilder = Rebuilder(settings, layout, rules, log_ends=log_ends, beat=beat)
        self._beat = beat
        self._writer = writer
        self._board = board
        self._restored_to: dict[int, int] = {}
        """Partition -> where its changelog ended when it was restored."""

    def keep(
        self, held: dict[int, Partition], numbers: list[int], stable: Positions
    ) -> dict[int, Partition]:
        """Give exactly these partitions.

        State in memory survives a rebalance only if the group's stable offsets equal its positions for every
        input topic, and the changelog ends where this process left it: then nobody else has decided anything since,
        nor rebuilt the state (guard 5).
        Raises OperatorError where the broker has lost the facts.
        """
        started = time.monotonic()
        self._known_facts.check()
        kept = self._unchanged({n: p for n, p in held.items() if n in numbers}, stable)
        gained = [n for n in numbers if n not in kept]
        with uncollected():
            restored = self._restorer.restore(gained)
            self._restored_to.update((n, r.following) for n, r in restored.items())
            fresh = {n: self._bring(n, restored[n], stable[n]) for n in gained}
        seconds = time.monotonic() - started
        log.info(
            "partitions %s: kept %s, restored %s in %.2f s", numbers, sorted(kept), gained, seconds
        )
        self._board.add(
            restored_partitions=len(gained),
            restored_records=sum(r.records for r in restored.values()),
            restore_s=seconds,
        )
        return {**kept, **fresh}

    def _unchanged(self, held: dict[int, Partition], stable: Positions) -> dict[int, Partition]:
        """Give those partitions whose state in memory nobody else has gone on from."""
        same = {n: p for n, p in held.items() if p.positions == stable[n]}
        state = self._layout.physical(naming.STATE)
        ends = self._log_ends.end((state, n) for n in same) if same else {}
        return {
            n: p
            for n, p in same.items()
            if ends[state, n] == max(self._restored_to.get(n, 0), self._writer.state_end(n))
        }

    def _bring(self, number: int, restored: Restored, stable: dict[str, int]) -> Partition:
        if restored.is_whole and restored.positions is not None:
            check_positions(number, restored, stable, self._layout)
            return self._partition(
                number,
                restored.store,
                restored.positions,
                restored.complete_from,
                restored.ahead,
            )
        if max(stable.values()) > UNKNOWN or self._rebuilder.is_needed(number):
            return self._rebuild(number, restored, stable)
        return self._partition(number, Store(), self._beginnings(number, stable), restored.start)

    def _rebuild(self, number: int, restored: Restored, stable: dict[str, int]) -> Partition:
        """Take the state from the facts and write it to the changelog, its positions last: they make it count.

        What the changelog still holds besides is removed: counted with the rest, it would call for a rebuild each time.
        """
        store, positions, ahead = self._rebuilder.rebuild(number, stable)
        start = restored.start
        records = chain(removals(number, restored.store, kept=store), snapshot(number, store))
        while chunk := list(islice(records, _CHUNK)):
            self._writer.write(number, chunk)
            self._beat()
        mark = positions_record(
            number,
            positions,
            ahead=ahead,
            complete_from=start,
            state_records=len(store.entries),
            is_rebuilt=True,
        )
        self._writer.write(number, [mark])
        self._board.add(rebuilt_partitions=1)
        return self._partition(number, store, positions, start, ahead)

    def _beginnings(self, number: int, stable: dict[str, int]) -> dict[str, int]:
        """Give the positions of a partition that has decided nothing: the start of what its topics still hold."""
        names = {topic: self._layout.physical(topic) for topic in self._layout.inputs}
        first = self._log_ends.first((name, number) for name in names.values())
        return {topic: max(first[names[topic], number], stable[topic], 0) for topic in names}

    def _partition(
        self,
        number: int,
        store: Store,
        positions: dict[str, int],
        complete_from: int,
        ahead: Ahead | None = None,
    ) -> Partition:
        return Partition(
            number,
            store,
            positions,
            self._rules,
            horizon_us=self._settings.horizon_us,
            complete_from=complete_from,
            ahead=ahead,
        )
