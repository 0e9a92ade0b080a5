"""The input side: one consumer of all input topics, the partitions it is given, and the positions it reads from.

Guards of runtime.md §4 that live here: 3 co-partitioning, 4 stable offsets, 6 explicit positions, 9 rebalance
inside a poll, 15 fatal errors before anything is dropped. Guards 5, 7, 8, 16 are the owner's (restore.py).
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol, cast

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.clients import SOFT, DoubtError, OnFatal, again, input_consumer, place_of
from streams.layout import Layout
from streams.records import Headers, InputRecord
from streams.settings import Settings

log = logging.getLogger(__name__)

Positions = dict[int, dict[str, int]]
"""Partition -> input topic -> next offset."""

UNKNOWN: Final = -1
"""The group has no offset for a partition: never committed, or lost (guard 16 tells)."""

_CHUNK: Final = 256
_STABLE_TRY_S: Final = 5.0
_STABLE_S: Final = 8.0
"""How long the group's offsets may stay unstable: above the session time-out, within which a transaction that is
still open belongs to a living worker."""


class Owner(Protocol):
    """Who holds the state of the partitions that the group assigns."""

    def prepare(self, numbers: list[int]) -> None:
        """End whatever former owners left open, before offsets are read (guard 2)."""

    def adopt(self, numbers: list[int], stable: Positions) -> None:
        """Hold the state of exactly these partitions; ``stable`` is what the group says of them."""

    def positions(self) -> Positions:
        """Give where each held partition is to be read from."""


class Inputs:
    """Polls the input topics for an owner."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        owner: Owner,
        on_fatal: OnFatal,
        on_member: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = settings
        self._layout = layout
        self._owner = owner
        self._on_member = on_member
        self._epoch = 0
        self.joined = False
        self.stale_records = 0
        self._consumer: Consumer = input_consumer(settings, on_fatal)

    def start(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            [self._layout.physical(topic) for topic in self._layout.inputs],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_revoke,
        )

    def group(self) -> object:
        """Give this member's place in the group, for the transactions to be fenced by."""
        return self._consumer.consumer_group_metadata()

    def poll(self, limit: int, timeout_s: float, gather_s: float) -> list[InputRecord]:
        """Give up to about ``limit`` records, each topic's in offset order.

        Waits up to the time-out while there is none, and once there is one, ``gather_s`` for more.
        """
        epoch = self._epoch
        messages: list[Message] = self._consumer.consume(1, timeout_s)
        taken = size = len(messages)
        while taken and self._epoch == epoch and len(messages) < limit:
            more = self._consumer.consume(min(_CHUNK, limit - len(messages)), gather_s)
            gather_s = 0.0
            taken = len(more)
            size += sum(len(message) for message in more)
            messages += more
            if size > self._settings.cycle_bytes_max:
                break
        for message in messages:
            _check_error(message)
        if self._epoch != epoch:
            self._reposition(len(messages))
            return []
        return [
            input_record(message, self._layout) for message in messages if message.error() is None
        ]

    def _reposition(self, dropped: int) -> None:
        """Go back: a rebalance came inside the poll, what it returned may be another owner's by now (guard 9)."""
        self.stale_records += dropped
        if dropped and self._consumer.assignment():
            self._assign()

    def _on_assign(self, _consumer: Consumer, places: list[TopicPartition]) -> None:
        self._epoch += 1
        # First of all: a start after a kill anywhere below must know that this member is its former self.
        if self._on_member is not None:
            self._on_member(self._consumer.memberid())
        numbers = sorted({place.partition for place in places})
        given = {(place.topic, place.partition) for place in places}
        wanted = {(self._layout.physical(t), n) for t in self._layout.inputs for n in numbers}
        if given != wanted:
            raise DoubtError(
                f"partitions of the input topics are not given together: {sorted(given)}"
            )
        self._owner.prepare(numbers)
        self._owner.adopt(numbers, self._stable(numbers))
        self._assign()
        self.joined = True

    def _stable(self, numbers: list[int]) -> Positions:
        """Read the group's offsets; a read_committed consumer waits out pending transactions (guard 4).

        A coordinator that was killed may come back with a part of what it had loaded and call offsets unstable for
        ever (README.md, ADR 1). Then they are unknown: the state's own positions count, and the producers' fence.
        """
        places = [
            TopicPartition(self._layout.physical(topic), number)
            for number in numbers
            for topic in self._layout.inputs
        ]
        stable: Positions = {n: dict.fromkeys(self._layout.inputs, UNKNOWN) for n in numbers}
        try:
            answered: list[TopicPartition] = again(
                lambda: self._consumer.committed(places, timeout=_STABLE_TRY_S), _STABLE_S, SOFT
            )
        except KafkaException as error:
            if error.args[0].code() not in SOFT:
                raise
            log.warning("the group's offsets stay unknown: %s", error.args[0])
            return stable
        for place in answered:
            if place.error is not None:
                raise KafkaException(place.error)
            topic = self._layout.logical(place.topic)
            stable[place.partition][topic] = max(place.offset, UNKNOWN)
        return stable

    def _assign(self) -> None:
        self._consumer.assign(
            [
                TopicPartition(self._layout.physical(topic), number, offset)
                for number, positions in self._owner.positions().items()
                for topic, offset in positions.items()
            ]
        )

    def _on_revoke(self, _consumer: Consumer, _places: list[TopicPartition]) -> None:
        # The state stays in memory: whether it may be kept is decided at the next assignment (guard 5).
        self._epoch += 1
        self.joined = False
        self._consumer.unassign()

    def close(self) -> None:
        """Stop reading. A static member stays in the group until its session ends, so a restart keeps its share."""
        self._consumer.close()


def _check_error(message: Message) -> None:
    """Raise what is no passing trouble: librdkafka delivers a fatal error once only (guard 15)."""
    error: KafkaError | None = message.error()
    if error is None:
        return
    if error.fatal() or not (error.retriable() or error.code() in SOFT):
        raise KafkaException(error)
    log.warning("while polling: %s", error)


def input_record(message: Message, layout: Layout) -> InputRecord:
    """Give a record of an input topic. Raises DoubtError where the topic does not carry the broker's time."""
    kind, milliseconds = message.timestamp()
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        raise DoubtError(f"{message.topic()} does not carry the broker's append time")
    topic, partition = place_of(message)
    return InputRecord(
        layout.logical(topic),
        partition,
        cast("int", message.offset()),
        message.key(),
        message.value(),
        cast("Headers", message.headers() or []),
        milliseconds * 1000,
    )
