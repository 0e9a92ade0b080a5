"""Restoring a partition: from its state changelog, or from the facts where the changelog cannot be believed.

Order (runtime.md §4): the former owner is fenced, the group's offsets are stable, then the end of the changelog
is read uncommitted (guard 7) and the changelog is read committed up to there (guard 8). The input positions
that count are those inside the state (guard 16); the group's are a fence and a check.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import decode_state
from schemas.ids import TenantId
from schemas.messages.runtime.state import InputPositions
from streams.clients import DoubtError, LogEnds, log_reader
from streams.decide import POSITIONS_KEY
from streams.inputs import UNKNOWN
from streams.layout import Layout
from streams.settings import Settings
from streams.wiring import Entry, Key, Store
from topics import naming

log = logging.getLogger(__name__)

_BATCH = 5000


@dataclass(slots=True)
class Restored:
    """One partition as its changelog has it."""

    store: Store = field(default_factory=Store)
    positions: dict[str, int] | None = None
    complete_from: int = 0
    """First offset of the changelog that the state needs; a log that starts later lost a part of it."""
    records: int = 0


def key_of(raw: bytes) -> Key:
    """Give the state key of a changelog record's key."""
    tenant_id, kind, record_id = raw.decode().split("|", 2)
    return Key(TenantId(tenant_id), kind, record_id)


def read_committed(
    settings: Settings,
    ends: dict[tuple[str, int], int],
    starts: dict[tuple[str, int], int],
    take: Callable[[Message], None],
) -> None:
    """Hand every committed record of the partitions to ``take``, each partition's in order, up to its end.

    A partition is done when its end is reported at or past the mark: only that counts markers and records of
    aborted transactions. Raises DoubtError if no record and no end comes within the deadline.
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
            elif time.monotonic() > deadline:
                raise DoubtError(f"no end of {sorted(todo)} in time")
            for message in messages:
                error = message.error()
                if error is None:
                    take(message)
                elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                    raise KafkaException(error)
                elif message.offset() >= ends[message.topic(), message.partition()]:
                    todo.discard((message.topic(), message.partition()))
    finally:
        reader.close()


class Restorer:
    """Reads the state changelog of partitions that are gained."""

    def __init__(self, settings: Settings, layout: Layout, log_ends: LogEnds) -> None:
        self._settings = settings
        self._layout = layout
        self._log_ends = log_ends
        self._topic = layout.physical(naming.STATE)

    def restore(self, numbers: list[int]) -> dict[int, Restored | None]:
        """Give each partition's state, or None where the changelog does not hold all of it."""
        places = [(self._topic, number) for number in numbers]
        ends = self._log_ends.end(places)
        starts = self._log_ends.first(places)
        found = {number: Restored() for number in numbers}
        read_committed(self._settings, ends, starts, lambda message: _take(message, found))
        for restored in found.values():
            restored.store.sort()
        return {
            number: restored if self._is_whole(restored, starts[self._topic, number]) else None
            for number, restored in found.items()
        }

    def _is_whole(self, restored: Restored, start: int) -> bool:
        return restored.positions is not None and restored.complete_from >= start


def _take(message: Message, found: dict[int, Restored]) -> None:
    restored = found[message.partition()]
    raw, value = message.key(), message.value()
    restored.records += 1
    if raw == POSITIONS_KEY:
        record, _ = decode_state(value)
        if not isinstance(record, InputPositions):
            raise DoubtError("the changelog's positions are no positions")
        restored.positions = {p.topic: p.next_offset for p in record.positions}
        restored.complete_from = record.complete_from
        return
    key = key_of(raw)
    restored.store.apply({key: None if value is None else Entry(*decode_state(value))})


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
