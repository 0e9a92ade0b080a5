"""A partition's state from the facts, where its changelog is empty or lost a part (runtime.md D5).

Facts give the tenants' state, causes named by facts, repeats and dead letters give the input positions, and the
part of the input topics that lies inside the horizon gives back which command ids were decided. What was rebuilt
is written to the changelog before anything is decided on it.
"""

import logging
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Message

from schemas.codec import decode_envelope, decode_payload, encode_state
from schemas.errors import PoisonError
from schemas.ids import SYSTEM, TenantId
from schemas.messages.runtime.messages import DeadLetter
from schemas.messages.runtime.state import CommandMemory, RememberedCommand
from streams.clients import LogEnds, Place
from streams.decode import decode_command
from streams.inputs import input_record
from streams.layout import INTERNAL, Layout
from streams.memory import AHEAD_US, KIND
from streams.records import InputRecord, OutputRecord
from streams.replay import Replay
from streams.restore import read_committed
from streams.settings import Settings
from streams.state_key import state_key
from streams.wiring import Entry, Key, Rules, Store
from topics import naming
from topics.partition import partition_of

log = logging.getLogger(__name__)

_FRAME: Final = struct.Struct(">bI")
_MEMORY_CHUNK: Final = 500
"""Command ids in one rebuilt record of the memory: far below the size limit of a record."""

Cause = tuple[str, int]
"""Topic and offset of an input record of the partition that is rebuilt."""


@dataclass(slots=True)
class _Causes:
    """Which input records of a partition have ended in what."""

    first_sequences: dict[Cause, int] = field(default_factory=dict)
    dead: set[Cause] = field(default_factory=set)
    positions: dict[str, int] = field(default_factory=dict)
    newest: int = 0

    def decided(self, topic: str, offset: int) -> None:
        self.positions[topic] = max(self.positions.get(topic, 0), offset + 1)


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

    def rebuild(self, number: int, stable: dict[str, int]) -> tuple[Store, dict[str, int]]:
        """Give a partition's state and input positions. Raises BrokenChainError, DoubtError."""
        causes = _Causes()
        replay = Replay(self._rules, copies_of_system=number != self._home)
        if number != self._home:
            self._copy_system(replay)
        self._read(self._layout.facts, number, lambda value: _take_fact(value, replay, causes))
        self._read([naming.DEAD_LETTERS], number, lambda value: _take_dead(value, causes))
        store = replay.finish()
        positions = self._positions(number, causes, stable)
        self._remember(number, store, causes, positions)
        log.warning(
            "partition %d was rebuilt from the facts: %d records", number, len(store.entries)
        )
        return store, positions

    def _read(self, topics: Iterable[str], number: int, take: TakeValue) -> None:
        places = self._places(topics, number)
        starts, ends = self._log_ends.first(places), self._log_ends.end(places)

        def each(message: Message) -> None:
            value = message.value()
            if value is not None:
                take(value)

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

    def _positions(self, number: int, causes: _Causes, stable: dict[str, int]) -> dict[str, int]:
        """Give the next offsets: after every cause of a fact, and never before what the group says.

        Causes without a record at the end of a topic are decided again if the group is lost too: as silent.
        """
        first = self._log_ends.first(self._places(self._layout.inputs, number))
        return {
            topic: max(
                causes.positions.get(topic, 0),
                stable[topic],
                first[self._layout.physical(topic), number],
            )
            for topic in self._layout.inputs
        }

    def _remember(
        self, number: int, store: Store, causes: _Causes, positions: dict[str, int]
    ) -> None:
        """Put back the memory of command ids: the input topics hold their content for longer than the horizon."""
        topics = [topic for topic in self._layout.inputs if topic not in INTERNAL]
        places = self._places(topics, number)
        since = max(0, causes.newest - self._settings.horizon_us - AHEAD_US)
        starts = self._log_ends.since(places, since // 1000)
        ends = {self._layout.physical(t): positions[t] for t in topics}
        found: dict[TenantId, dict[str, tuple[RememberedCommand, InputRecord]]] = {}

        def take(message: Message) -> None:
            record = input_record(message, self._layout)
            if record.offset < positions[record.topic]:
                self._remember_one(record, causes, found)

        marks = {place: ends[place[0]] for place in places}
        read_committed(self._settings, marks, starts, take, self._beat)
        for tenant_id, commands in found.items():
            _store_memory(store, tenant_id, list(commands.values()))

    def _remember_one(
        self,
        record: InputRecord,
        causes: _Causes,
        found: dict[TenantId, dict[str, tuple[RememberedCommand, InputRecord]]],
    ) -> None:
        place = (record.topic, record.offset)
        if place in causes.dead:
            return
        try:
            asked = decode_command(record, self._layout)
        except PoisonError:
            return
        command = RememberedCommand(
            command_id=asked.envelope.event_id,
            content_digest=asked.digest,
            sequence=causes.first_sequences.get(place, 0),
        )
        known = found.setdefault(asked.envelope.tenant_id, {})
        known.setdefault(command.command_id, (command, record))


def snapshot(number: int, store: Store) -> Iterable[OutputRecord]:
    """Give the changelog records of a whole state."""
    for key, entry in store.entries.items():
        value = encode_state(entry.value, entry.version)
        yield OutputRecord(naming.STATE, number, state_key(key), value, None)


def _take_fact(value: bytes, replay: Replay, causes: _Causes) -> None:
    envelope = decode_envelope(value)
    if envelope.cause_topic is not None and envelope.cause_offset is not None:
        causes.decided(envelope.cause_topic, envelope.cause_offset)
        if envelope.ordinal == 0 and envelope.sequence is not None:
            place = (envelope.cause_topic, envelope.cause_offset)
            causes.first_sequences[place] = envelope.sequence
            causes.newest = max(causes.newest, envelope.occurred_at)
    if envelope.sequence is not None:
        replay.take(envelope, value)


def _take_dead(value: bytes, causes: _Causes) -> None:
    schema_id = _FRAME.unpack_from(value)[1]
    letter = decode_payload(schema_id, value[_FRAME.size :])
    if isinstance(letter, DeadLetter) and letter.stage != "project":
        causes.decided(letter.source_topic, letter.source_offset)
        causes.dead.add((letter.source_topic, letter.source_offset))


def _store_memory(
    store: Store, tenant_id: TenantId, commands: list[tuple[RememberedCommand, InputRecord]]
) -> None:
    for start in range(0, len(commands), _MEMORY_CHUNK):
        chunk = commands[start : start + _MEMORY_CHUNK]
        command, record = chunk[0]
        name = f"{command.sequence:020d}-{record.topic}-{record.offset}"
        memory = CommandMemory(
            decided_at=max(record.appended_at for _, record in chunk),
            commands=tuple(command for command, _ in chunk),
        )
        store.apply({Key(tenant_id, KIND, name): Entry(memory, 0)})
