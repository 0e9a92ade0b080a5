"""Restoring a partition: from its state changelog, or from the facts where the changelog cannot be believed.

Order (runtime.md §4): the former owner is fenced, the group's offsets are stable, then the end of the changelog
is read uncommitted (guard 7) and the changelog is read committed up to there (guard 8). The input positions
that count are those inside the state (guard 16); the group's are a fence and a check.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import decode_state
from schemas.messages.runtime.state import InputPositions
from streams.clients import DoubtError, LogEnds, Place, log_reader, place_of
from streams.inputs import UNKNOWN
from streams.layout import Layout
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY, parse_state_key
from streams.wiring import Entry, Store
from topics import naming

log = logging.getLogger(__name__)

_BATCH = 5000


@dataclass(slots=True)
class Restored:
    """One partition as its changelog has it."""

    store: Store = field(default_factory=Store)
    newest: dict[bytes, bytes] = field(default_factory=dict)
    """Key -> newest value as it came, until all are read."""
    positions: dict[str, int] | None = None
    complete_from: int = 0
    """First offset of the changelog that the state needs; a log that starts later lost a part of it."""
    state_records: int = -1
    """How many records the state had when its positions were written, -1 if they were not counted."""
    start: int = 0
    """First offset that the changelog still has."""
    records: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether the changelog holds all of the state."""
        if self.positions is None or self.complete_from < self.start:
            return False
        return self.state_records in {-1, len(self.store.entries)}


def unwatched() -> None:
    """Tell nobody of progress: for readers that no watchdog watches."""


def read_committed(
    settings: Settings,
    ends: dict[Place, int],
    starts: dict[Place, int],
    take: Callable[[Message], None],
    beat: Callable[[], None] = unwatched,
) -> None:
    """Hand every committed record of the partitions to ``take``, each partition's in order, up to its end.

    A partition is done when its end is reported at or past the mark: only that counts markers and records of
    aborted transactions. ``beat`` is called whenever records came.
    Raises DoubtError if no record and no end comes within the deadline.
    """
    todo = {place for place, end in ends.items() if end > starts[place]}
    reader: Consumer = log_reader(settings)
    try:
        reader.assign(
            [TopicPartition(topic, number, starts[topic, number]) for topic, number in todo]
        )
        deadline = time.monotonic() + settings.wait_s
        while todo:
            messages = reader.consume(_BATCH, 0.1)
            if messages:
                deadline = time.monotonic() + settings.wait_s
                beat()
            elif time.monotonic() > deadline:
                raise DoubtError(f"no end of {sorted(todo)} in time")
            for message in messages:
                error = message.error()
                if error is None:
                    take(message)
                elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                    raise KafkaException(error)
                elif (message.offset() or 0) >= ends[place_of(message)]:
                    todo.discard(place_of(message))
    finally:
        reader.close()


class Restorer:
    """Reads the state changelog of partitions that are gained."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        log_ends: LogEnds,
        beat: Callable[[], None] = unwatched,
    ) -> None:
        self._beat = beat
        self._settings = settings
        self._layout = layout
        self._log_ends = log_ends
        self._topic = layout.physical(naming.STATE)

    def restore(self, numbers: list[int]) -> dict[int, Restored]:
        """Give what the changelog holds of each partition."""
        places = [(self._topic, number) for number in numbers]
        ends = self._log_ends.end(places)
        starts = self._log_ends.first(places)
        found = {number: Restored(start=starts[self._topic, number]) for number in numbers}
        read_committed(
            self._settings, ends, starts, lambda message: _take(message, found), self._beat
        )
        for restored in found.values():
            self._decode(restored)
        return found

    def _decode(self, restored: Restored) -> None:
        """Decode the newest value of each record: a changelog holds several of most keys, and only the last counts."""
        for number, (raw, value) in enumerate(restored.newest.items()):
            key = parse_state_key(raw)
            restored.store.apply({key: Entry(*decode_state(value))})
            if number % _BATCH == 0:
                self._beat()
        restored.newest.clear()
        restored.store.sort()


def _take(message: Message, found: dict[int, Restored]) -> None:
    restored = found[place_of(message)[1]]
    raw, value = cast("bytes", message.key()), message.value()
    restored.records += 1
    if raw == POSITIONS_KEY and value is not None:
        record, _ = decode_state(value)
        if not isinstance(record, InputPositions):
            raise DoubtError("the changelog's positions are no positions")
        restored.positions = {p.topic: p.next_offset for p in record.positions}
        restored.complete_from = record.complete_from
        restored.state_records = record.state_records
        return
    if value is None:
        restored.newest.pop(raw, None)
    else:
        restored.newest[raw] = value


def check_positions(
    number: int, state: dict[str, int], stable: dict[str, int], layout: Layout
) -> None:
    """Compare the state's positions with the group's: behind is a doubt, ahead means that the group lost some."""
    if state.keys() != frozenset(layout.inputs):
        raise DoubtError(f"the state of partition {number} was written for other input topics")
    for topic, offset in state.items():
        if offset < stable[topic]:
            raise DoubtError(f"the state of partition {number} is behind the group at {topic}")
        if stable[topic] not in {offset, UNKNOWN}:
            log.warning(
                "group is behind the state: %s-%d %d<%d", topic, number, stable[topic], offset
            )
