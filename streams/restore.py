"""Restoring a partition: from its state changelog, or from the facts where the changelog cannot be believed.

Order (runtime.md §4): the former owner is fenced, the group's offsets are stable, then the end of the changelog
is read uncommitted (guard 7) and the changelog is read committed up to there (guard 8). The input positions
that count are those inside the state (guard 16); the group's are a fence and a check.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import decode_state
from schemas.errors import PayloadInvalidError, PoisonError
from schemas.messages.runtime.state import InputPositions
from streams.ahead import Ahead, offsets_of
from streams.clients import DoubtError, LogEnds, Place, log_reader, place_of
from streams.inputs import UNKNOWN
from streams.late import late_entries
from streams.layout import Layout
from streams.newer import other_state
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY
from streams.wiring import Store
from topics import naming
from topics.collecting import uncollected

log = logging.getLogger(__name__)

_BATCH: Final = 10_000
_WAIT_S: Final = 0.01
"""Time that a batch is gathered for; a reader at the end of a log waits it out, and a takeover for it."""


@dataclass(slots=True)
class Restored:
    """One partition as its changelog has it."""

    store: Store = field(default_factory=Store)
    newest: dict[bytes, bytes | None] = field(default_factory=dict)
    """Key -> newest value as it came, None for a removal, until the store takes them."""
    positions: dict[str, int] | None = None
    ahead: Ahead = field(default_factory=dict)
    complete_from: int = 0
    """First offset of the changelog that the state needs; a log that starts later lost a part of it."""
    state_records: int = -1
    """How many records the state had when its positions were written, -1 if they were not counted."""
    is_rebuilt: bool = False
    """Whether a rebuild wrote the positions, and nothing was decided since."""
    start: int = 0
    """First offset that the changelog still has."""
    following: int = 0
    """Offset up to which the changelog was read."""
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
    *,
    reader: Consumer | None = None,
) -> None:
    """Hand every committed record of the partitions to ``take``, each partition's in order, up to its end.

    A partition is done when its end is reported at or past the mark: only that counts markers and records of
    aborted transactions. ``beat`` is called whenever records came; a ``reader`` that is given stays open.
    Raises DoubtError if no record and no end comes within the deadline.
    """
    todo = {place for place, end in ends.items() if end > starts[place]}
    if not todo:
        return
    own = log_reader(settings) if reader is None else reader
    try:
        own.assign([TopicPartition(topic, number, starts[topic, number]) for topic, number in todo])
        deadline = time.monotonic() + settings.wait_s
        while todo:
            messages = own.consume(_BATCH, _WAIT_S)
            if messages:
                deadline = time.monotonic() + settings.wait_s
                beat()
            elif time.monotonic() > deadline:
                raise DoubtError(f"no end of {sorted(todo)} in time")
            todo -= {place for place, end in _hand_over(messages, take) if end >= ends[place]}
    finally:
        if reader is None:
            own.close()


def _hand_over(
    messages: list[Message], take: Callable[[Message], None]
) -> Iterator[tuple[Place, int]]:
    """Hand records to ``take``; give where partitions were said to end."""
    for message in messages:
        error = message.error()
        if error is None:
            take(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            yield place_of(message), message.offset() or 0
        else:
            raise KafkaException(error)


class Restorer:
    """Reads the state changelog of partitions that are gained, or that a predecessor is about to hand over."""

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
        self._followed: dict[int, Restored] = {}
        self._reader: Consumer | None = None
        self.progress: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """Gives (offsets read, offsets to read) of what is being read or was last; any thread may ask."""

    def follow(self, numbers: list[int]) -> None:
        """Read ahead what the changelog holds by now, so that ``restore`` finds little left to read.

        Another process still writes: what was read counts only once a restore has read the rest.
        """
        if self._reader is None:
            self._reader = log_reader(self._settings)
        self._followed = self._advance(numbers)

    def restore(self, numbers: list[int]) -> dict[int, Restored]:
        """Give what the changelog holds of each partition. Nobody else may write there any more."""
        found = self._advance(numbers)
        self._followed = {}
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        return found

    def _advance(self, numbers: list[int]) -> dict[int, Restored]:
        """Read each partition up to its end, from where it was followed to or else from its start."""
        places = [(self._topic, number) for number in numbers]
        ends = self._log_ends.end(places)
        firsts = self._log_ends.first(places)
        found = {
            number: self._begin(number, firsts[self._topic, number], ends[self._topic, number])
            for number in numbers
        }
        starts = {(self._topic, number): r.following for number, r in found.items()}
        begun, total = sum(starts.values()), sum(ends.values())
        self.progress = lambda: (sum(r.following for r in found.values()) - begun, total - begun)
        try:
            with uncollected():
                read_committed(
                    self._settings,
                    ends,
                    starts,
                    lambda message: _take(message, found),
                    self._beat,
                    reader=self._reader,
                )
                for number, restored in found.items():
                    restored.following = max(restored.following, ends[self._topic, number])
                    _settle(number, restored, self._beat)
        finally:
            last = self.progress()
            self.progress = lambda: last  # lets go of what was read
        return found

    def _begin(self, number: int, first: int, end: int) -> Restored:
        """Give a partition as it was followed, if the log still is the one that was read."""
        followed = self._followed.get(number)
        if followed is None or not first <= followed.following <= end:
            followed = Restored(following=first)
        followed.start = first
        return followed


def _take(message: Message, found: dict[int, Restored]) -> None:
    restored = found[cast("int", message.partition())]
    restored.records += 1
    restored.following = cast("int", message.offset()) + 1
    restored.newest[cast("bytes", message.key())] = message.value()


def _settle(number: int, restored: Restored, beat: Callable[[], None]) -> None:
    """Put what was read into the store. Raises OperatorError for a record of another release."""
    positions = restored.newest.pop(POSITIONS_KEY, None)
    if positions is not None:
        _note_positions(number, restored, positions)

    def unreadable(raw: bytes, error: PoisonError | PayloadInvalidError) -> Exception:
        return other_state(number, raw, error)

    restored.store.take(late_entries(restored.newest, unreadable, beat))


def _note_positions(number: int, restored: Restored, value: bytes) -> None:
    try:
        record, _ = decode_state(value)
    except (PoisonError, PayloadInvalidError) as error:
        raise other_state(number, POSITIONS_KEY, error) from error
    if not isinstance(record, InputPositions):
        raise DoubtError("the changelog's positions are no positions")
    restored.positions = {p.topic: p.next_offset for p in record.positions}
    restored.ahead = {
        p.topic: offsets_of(p.decided_ahead) for p in record.positions if p.decided_ahead
    }
    restored.complete_from = record.complete_from
    restored.state_records = record.state_records
    restored.is_rebuilt = record.rebuilt


def check_positions(
    number: int, restored: Restored, stable: dict[str, int], layout: Layout
) -> None:
    """Compare the state's positions with the group's: behind is a doubt, ahead means that the group lost some.

    A rebuild that did not know the group's offsets may be behind them: what it is behind by was decided without a
    record, and is decided again, as silent.
    """
    state = restored.positions or {}
    if state.keys() != frozenset(layout.inputs):
        raise DoubtError(f"the state of partition {number} was written for other input topics")
    for topic, offset in state.items():
        if offset < stable[topic] and not restored.is_rebuilt:
            raise DoubtError(f"the state of partition {number} is behind the group at {topic}")
        if stable[topic] not in {offset, UNKNOWN}:
            log.warning(
                "the state's position counts, not the group's: %s-%d %d, not %d",
                topic, number, offset, stable[topic],
            )  # fmt: skip
