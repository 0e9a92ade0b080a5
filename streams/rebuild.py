"""A partition's state from the facts, where its changelog is empty or lost a part (runtime.md D5).

Facts give the tenants' state, causes named by facts, repeats and dead letters give the input positions, and the
part of the input topics that lies inside the horizon gives back which command ids were decided. What was rebuilt
is written to the changelog before anything is decided on it.
"""

import logging
from collections.abc import Callable, Iterable

from confluent_kafka import Message

from schemas.codec import decode_envelope, encode_state
from schemas.errors import UnknownSchemaError
from schemas.ids import SYSTEM
from streams.ahead import Ahead
from streams.causes import Causes, Recall
from streams.clients import LogEnds, Place
from streams.inputs import input_record
from streams.layout import INTERNAL, Layout
from streams.memory import AHEAD_US
from streams.newer import unknown_record
from streams.records import OutputRecord
from streams.replay import Replay
from streams.restore import read_committed
from streams.settings import Settings
from streams.state_key import state_key
from streams.wiring import Rules, Store
from topics import naming
from topics.partition import partition_of

log = logging.getLogger(__name__)

TakeValue = Callable[[bytes], None]


class Rebuilder:
    """Rebuilds partitions from the logs of facts."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        rules: Rules,
        *,
        log_ends: LogEnds,
        beat: Callable[[], None],
    ) -> None:
        self._beat = beat
        self._settings = settings
        self._layout = layout
        self._rules = rules
        self._log_ends = log_ends
        self._home = partition_of(SYSTEM, layout.partitions)

    def is_needed(self, number: int) -> bool:
        """Tell whether there is any fact that the partition's state would have to know."""
        places = {
            *self._places(self._layout.facts, number),
            *self._places(self._layout.facts, self._home),
        }
        return any(end > 0 for end in self._log_ends.end(places).values())

    def _places(self, topics: Iterable[str], number: int) -> list[Place]:
        return [(self._layout.physical(topic), number) for topic in topics]

    def rebuild(self, number: int, stable: dict[str, int]) -> tuple[Store, dict[str, int], Ahead]:
        """Give a partition's state, its input positions and what was decided ahead of them.

        Raises BrokenChainError, DoubtError, and OperatorError for a record of a newer release.
        """
        causes = Causes()
        replay = Replay(self._rules, copies_of_system=number != self._home)
        if number != self._home:
            self._copy_system(replay)
        self._read(self._layout.facts, number, lambda value: causes.take_fact(value, replay))
        self._read([naming.DEAD_LETTERS], number, causes.take_dead_letter)
        store = replay.finish()
        names = {topic: self._layout.physical(topic) for topic in self._layout.inputs}
        first = self._log_ends.first((name, number) for name in names.values())
        positions = causes.positions(stable, {t: first[n, number] for t, n in names.items()})
        ahead = causes.ahead(positions)
        self._remember(number, store, causes, positions, ahead)
        log.warning(
            "partition %d was rebuilt from the facts: %d records", number, len(store.entries)
        )
        return store, positions, ahead

    def _read(self, topics: Iterable[str], number: int, take: TakeValue) -> None:
        places = self._places(topics, number)
        starts, ends = self._log_ends.first(places), self._log_ends.end(places)

        def each(message: Message) -> None:
            value = message.value()
            if value is None:
                return
            try:
                take(value)
            except UnknownSchemaError as error:
                raise unknown_record(f"{message.topic()}, partition {number}", error) from error

        read_committed(self._settings, ends, starts, each, self._beat)

    def _copy_system(self, replay: Replay) -> None:
        """Apply what the catalogue brings to every partition, from the facts of the partition that decided it."""
        broadcast: list[tuple[int, bytes]] = []

        def keep(value: bytes) -> None:
            envelope = decode_envelope(value)
            if envelope.tenant_id == SYSTEM and self._layout.admits(
                naming.CATALOGUE, envelope.event_type
            ):
                broadcast.append((envelope.sequence or 0, value))

        self._read(self._layout.facts, self._home, keep)
        for _, value in sorted(broadcast):
            replay.take(decode_envelope(value), value)

    def _remember(
        self,
        number: int,
        store: Store,
        causes: Causes,
        positions: dict[str, int],
        ahead: Ahead,
    ) -> None:
        """Put back the memory of command ids: the input topics hold their content for longer than the horizon."""
        topics = [topic for topic in self._layout.inputs if topic not in INTERNAL]
        places = self._places(topics, number)
        since = max(0, causes.newest - self._settings.horizon_us - AHEAD_US)
        starts = self._log_ends.since(places, since // 1000)
        newest = (max((positions[t] - 1, *ahead.get(t, ()))) + 1 for t in topics)
        ends = dict(zip(places, newest, strict=True))
        recall = Recall(causes, self._layout)

        def take(message: Message) -> None:
            record = input_record(message, self._layout)
            is_ahead = record.offset in ahead.get(record.topic, ())
            if is_ahead or record.offset < positions[record.topic]:
                recall.take(record)

        read_committed(self._settings, ends, starts, take, self._beat)
        recall.store(store)


def removals(number: int, store: Store, *, kept: Store) -> Iterable[OutputRecord]:
    """Give the changelog records that remove what a state held and ``kept`` does not."""
    for key in store.entries:
        if key not in kept.entries:
            yield OutputRecord(naming.STATE, number, state_key(key), None, None)


def snapshot(number: int, store: Store) -> Iterable[OutputRecord]:
    """Give the changelog records of a whole state."""
    for key, entry in store.entries.items():
        value = encode_state(entry.value, entry.version)
        yield OutputRecord(naming.STATE, number, state_key(key), value, None)
