"""What the logs say of a partition's input records: which were decided, and how. Part of a rebuild; reads nothing.

Facts, refusals and repeats name their cause's position, dead letters their source's: so positions follow from what
was written, and with the input records themselves the memory of command ids.
"""

from typing import Final

from schemas.codec import decode_envelope, decode_framed
from schemas.errors import PoisonError
from schemas.ids import TenantId
from schemas.messages.runtime.messages import DeadLetter
from schemas.messages.runtime.state import CommandMemory, RememberedCommand
from streams.ahead import SPAN, Ahead, beyond
from streams.decode import decode_command
from streams.layout import Layout
from streams.memory import KIND
from streams.records import InputRecord
from streams.replay import Replay
from streams.wiring import Entry, Key, Store

_CHUNK: Final = 500
"""Command ids in one rebuilt record of the memory: far below the size limit of a record."""

Cause = tuple[str, int]
"""Topic and offset of an input record of the partition."""


class Causes:
    """Collects what became of the input records of one partition."""

    def __init__(self) -> None:
        self.newest = 0
        """Time of the newest decision, microseconds UTC."""
        self._first_sequences: dict[Cause, int] = {}
        self._dead: set[Cause] = set()
        self._next: dict[str, int] = {}
        self._causes: dict[str, set[int]] = {}
        """Topic -> the newest causes, at least SPAN of them."""

    def take_fact(self, value: bytes, replay: Replay) -> None:
        """Note the cause of a record of a fact topic, and hand what is sequenced to the replay."""
        envelope = decode_envelope(value)
        if envelope.cause_topic is not None and envelope.cause_offset is not None:
            self._decided(envelope.cause_topic, envelope.cause_offset)
            if envelope.ordinal == 0 and envelope.sequence is not None:
                place = (envelope.cause_topic, envelope.cause_offset)
                self._first_sequences[place] = envelope.sequence
                self.newest = max(self.newest, envelope.occurred_at)
        if envelope.sequence is not None:
            replay.take(envelope, value)

    def take_dead_letter(self, value: bytes) -> None:
        """Note the source of a dead letter of a worker."""
        letter = decode_framed(value)
        if isinstance(letter, DeadLetter) and letter.stage != "project":
            self._decided(letter.source_topic, letter.source_offset)
            self._dead.add((letter.source_topic, letter.source_offset))

    def _decided(self, topic: str, offset: int) -> None:
        self._next[topic] = max(self._next.get(topic, 0), offset + 1)
        newest = self._causes.setdefault(topic, set())
        newest.add(offset)
        if len(newest) > 4 * SPAN:
            low = self._next[topic] - SPAN
            self._causes[topic] = {each for each in newest if each >= low}

    def positions(self, stable: dict[str, int], first: dict[str, int]) -> dict[str, int]:
        """Give the next offsets: what the group says, and where it is lost or behind, near the newest cause.

        Nothing was decided further than SPAN ahead of what was held back, so what lies between is either a cause
        (``ahead``), or was held back, or was decided without a record: that is decided again, as silent.
        """
        return {
            topic: max(self._next.get(topic, 0) - SPAN, stable[topic], start)
            for topic, start in first.items()
        }

    def ahead(self, positions: dict[str, int]) -> Ahead:
        """Give the causes that the positions have not passed."""
        return beyond(positions, self._causes)

    def remembered(self, record: InputRecord, layout: Layout) -> RememberedCommand | None:
        """Give what is to be remembered of an input record that was decided; a dead letter is not."""
        place = (record.topic, record.offset)
        if place in self._dead:
            return None
        try:
            asked = decode_command(record, layout)
        except PoisonError:
            return None
        return RememberedCommand(
            command_id=asked.envelope.event_id,
            content_digest=asked.digest,
            sequence=self._first_sequences.get(place, 0),
        )


class Recall:
    """Builds the memory of command ids from the input records of a partition, given in their order."""

    def __init__(self, causes: Causes, layout: Layout) -> None:
        self._causes = causes
        self._layout = layout
        self._found: dict[TenantId, dict[str, tuple[RememberedCommand, InputRecord]]] = {}

    def take(self, record: InputRecord) -> None:
        """Remember a record that was decided; of two with one id the first is the command."""
        command = self._causes.remembered(record, self._layout)
        if command is not None and record.key is not None:
            known = self._found.setdefault(TenantId(record.key.decode()), {})
            known.setdefault(command.command_id, (command, record))

    def store(self, store: Store) -> None:
        """Put the memory into a state."""
        for tenant_id, commands in self._found.items():
            ordered = list(commands.values())
            for start in range(0, len(ordered), _CHUNK):
                chunk = ordered[start : start + _CHUNK]
                command, record = chunk[0]
                name = f"{command.sequence:020d}-{record.topic}-{record.offset}"
                memory = CommandMemory(
                    decided_at=max(record.appended_at for _, record in chunk),
                    commands=tuple(command for command, _ in chunk),
                )
                store.apply({Key(tenant_id, KIND, name): Entry(memory, 0)})
