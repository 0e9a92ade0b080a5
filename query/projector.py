"""The projector: committed facts to DuckDB, rows and offsets in one transaction, in each tenant's order.

One batch: 1 take records, 2 decode (or write a dead-letter row), 3 order per tenant, 4 project, 5 write rows, heads
and offsets as one transaction, 6 publish the heads to the readers who wait. A crash anywhere leaves the last
transaction; what was read since is read again, and known by its sequence.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from query.decode import Raw, dead_letter, letter, sequenced
from query.feed import Feed, LogChangedError
from query.order import Head, Order
from query.projections import audit, dead_letters, project
from query.projections.model import Added, Row
from query.record import Position, Sequenced
from query.settings import (
    BATCH_AGE_S,
    BATCH_AGE_WAITED_S,
    BATCH_RECORDS_MAX,
    HELD_RECORDS_MAX,
)
from query.store import RowRefusedError, Store, StoreUnavailableError
from query.visible import Visible
from schemas.errors import MalformedRecordError, PoisonError
from schemas.messages.runtime.messages import DeadLetter
from topics.naming import DEAD_LETTERS

_LOG: Final = logging.getLogger(__name__)
_RETRY_FIRST_S: Final = 0.1
_RETRY_MAX_S: Final = 5.0
_PUBLISH_EVERY_S: Final = 2.0


@dataclass
class Progress:
    """What the projector has done since it began; read by /lag and /metrics, moved by the projector alone."""

    records: int = 0
    rows: int = 0
    batches: int = 0
    dead_letters: int = 0
    held: int = 0
    repeated: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    """Tenant -> sequence that its held records wait for."""
    busy_s: float = 0.0
    """CPU time spent in the projector's thread."""
    problem: str = ""
    """Why nothing moves, as a sentence; empty while all is well."""
    has_caught_up: bool = False
    """Whether every partition was read to its end at least once."""
    moved_at: float = field(default_factory=time.monotonic)
    """When the projector took a step or tried to write, seconds of the monotonic clock."""
    has_ended: bool = False
    """Whether its loop is over."""


class Projector:
    """Moves a store forward by what a feed brings."""

    def __init__(self, store: Store, feed: Feed, visible: Visible) -> None:
        self._store = store
        self._feed = feed
        self._visible = visible
        self._order = Order({t: head.sequence for t, head in store.heads().items()})
        self._stop = threading.Event()
        self._published_at = 0.0
        self.progress = Progress()

    def stop(self) -> None:
        """Ask the loop to end after its batch."""
        self._stop.set()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Project until stopped, or until ``until()`` holds after a batch."""
        try:
            while not self._stop.is_set():
                self.step()
                if until():
                    return
        except LogChangedError as error:
            self.progress.problem = f"The log has changed under the views: {error}."
            raise
        finally:
            self.progress.has_ended = True
            self._feed.close()

    def step(self) -> int:
        """Take and write one batch; give the number of records taken."""
        self.progress.moved_at = time.monotonic()
        raws = self._feed.take(BATCH_RECORDS_MAX, self._age_s)
        begun = time.thread_time()
        if raws:
            self._write(raws)
        self._after(len(raws))
        self.progress.busy_s += time.thread_time() - begun
        return len(raws)

    def _age_s(self) -> float:
        return BATCH_AGE_WAITED_S if self._visible.is_waited_for else BATCH_AGE_S

    def _write(self, raws: Sequence[Raw]) -> None:
        added: list[Added] = []
        letters: dict[Position, Row] = {}
        for raw in raws:
            if raw.position.topic == DEAD_LETTERS:
                self._keep(letters, *_letter_of(raw))
                continue
            record, unreadable = sequenced(raw)
            if unreadable is not None:
                self._keep(letters, unreadable, None)
            if record is None:
                self._order.passed(*raw.position[:2], raw.position.offset + 1)
            else:
                added += [project(visible) for visible in self._order.offer(record)]
        heads = _heads(added)
        self._persist(lambda: self._write_batch(added, list(letters.values()), heads))
        self._visible.publish(heads)
        self.progress.rows += sum(len(one.rows) for one in added)

    def _keep(self, letters: dict[Position, Row], dead: DeadLetter, at: Position | None) -> None:
        source = Position(dead.source_topic, dead.source_partition, dead.source_offset)
        letters[source] = dead_letters.row(dead, at)
        if at is not None:
            self._order.passed(at.topic, at.partition, at.offset + 1)
        self.progress.dead_letters += 1

    # -- writing -------------------------------------------------------------------------------------
    def _persist(self, write: Callable[[], None]) -> None:
        """Try until the database takes it: a full disk pauses the views and loses nothing (reliability.md F17)."""
        pause_s = _RETRY_FIRST_S
        while not self._stop.is_set():
            self.progress.moved_at = time.monotonic()
            try:
                write()
            except StoreUnavailableError as error:
                self.progress.problem = f"The views cannot be written: {error}."
                _LOG.warning("%s Next try in %.1f s.", self.progress.problem, pause_s)
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, _RETRY_MAX_S)
            else:
                self.progress.problem = ""
                return

    def _write_batch(self, added: list[Added], letters: list[Row], heads: list[Head]) -> None:
        try:
            self._store.write(_by_table(added, letters), self._order.safe(), heads)
        except RowRefusedError:
            for one in added:
                self._write_alone(one)
            self._store.write({dead_letters.TABLE: letters}, self._order.safe(), heads)

    def _write_alone(self, one: Added) -> None:
        """Write one record of a refused batch; the one that is refused again keeps its place without its content."""
        heads = _heads([one])
        try:
            self._store.write(_by_table([one], []), {}, heads)
        except RowRefusedError as error:
            # The reason stays in the dead letter: the database quotes the value in it.
            _LOG.error("%s is refused by the views", one.record.position)
            bare = Sequenced(one.record.position, one.record.envelope, None)
            raw = Raw(one.record.position, one.record.envelope.occurred_at, None, None, list)
            refused = letter(raw, MalformedRecordError(f"the views refuse it: {error}"))
            rows = {
                audit.TABLE: [audit.row(bare)],
                dead_letters.TABLE: [dead_letters.row(refused, None)],
            }
            self._store.write(rows, {}, heads)

    def _after(self, count: int) -> None:
        """Keep the books that readers of /lag see, and keep partitions that ran far ahead waiting."""
        order, progress = self._order, self.progress
        progress.records += count
        progress.batches += 1 if count else 0
        progress.held = order.held_count
        progress.repeated = order.repeated_count
        progress.missing = order.waiting()
        progress.has_caught_up = progress.has_caught_up or self._feed.has_caught_up
        self._feed.pause_only(order.ahead() if order.held_count > HELD_RECORDS_MAX else set())
        now = time.monotonic()
        if count and now - self._published_at > _PUBLISH_EVERY_S:
            self._published_at = now
            self._feed.publish(order.safe())


def _letter_of(raw: Raw) -> tuple[DeadLetter, Position | None]:
    try:
        return dead_letter(raw), raw.position
    except PoisonError as error:
        return letter(raw, error), raw.position


def _heads(added: Sequence[Added]) -> list[Head]:
    newest = {one.record.envelope.tenant_id: one.record for one in added}
    return [
        Head(
            tenant_id,
            record.sequence,
            record.position.partition,
            record.envelope.occurred_at,
            record.envelope.hash,
        )
        for tenant_id, record in newest.items()
    ]


def _by_table(added: Sequence[Added], letters: list[Row]) -> dict[str, list[Any]]:
    tables: dict[str, list[Row]] = {dead_letters.TABLE: letters}
    for one in added:
        for table, row in one.rows:
            rows = tables.get(table)
            if rows is None:
                tables[table] = [row]
            else:
                rows.append(row)
    return tables
