"""Reads every topic, one Kafka partition at a time, committed records only, up to the ends at the start."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from query.decode import Raw, dead_letter
from query.feed import REQUEST_TIMEOUT_S, BrokerGoneError, Offsets, quiet_options
from query.order import Partition
from query.record import Position
from query.verify import outcomes, sequence
from query.verify.log import Entry, Letter, Log, Unreadable
from schemas.codec import decode_envelope, decode_payload
from schemas.errors import PayloadInvalidError, PoisonError
from topics.catalogue import FACT_TOPICS, INPUT_TOPICS
from topics.model import PARTITIONS, Party
from topics.naming import CATALOGUE, DEAD_LETTERS, TIMERS, client_prefix
from topics.settings import client_options

JUDGED_INPUTS: Final = tuple(topic for topic in INPUT_TOPICS if topic not in {TIMERS, CATALOGUE})
"""Input topics whose every record is owed an end; timers and catalogue copies may be silent (settled.md 2)."""
_TOPICS: Final = (*JUDGED_INPUTS, *FACT_TOPICS, DEAD_LETTERS)
_BATCH: Final = 2_000
_POLL_S: Final = 0.05
"""Longest wait for a batch to fill; a short one, because it is waited out at the end of each partition."""
_SILENT_POLLS_MAX: Final = 600
"""Polls without a record after which the broker is taken to be gone: 30 s."""
_HALF_SEEN_S: Final = 5.0
"""How long after the ends were taken what looks like a hole is looked at again. A transaction becomes visible on one
partition after another, so that the ends of a log that is being written can lie in the middle of an outcome."""
_AGAIN_S: Final = 0.2
_GROUP_S: Final = 60.0
"""How long the coordinator of the workers' group may load; after a broker's kill it reads the group's whole log."""
_LOADING: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
_DECIDED_ON: Final = (*FACT_TOPICS, DEAD_LETTERS)
Ends = dict[str, int]
"""Topic -> offset."""


class Reader:
    """Gives the log of each partition, as it stood when the reader was made."""

    def __init__(self, bootstrap: str, prefix: str = "", group: str | None = None) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._offsets = Offsets(bootstrap, prefix)
        self._offsets.wait_for(_TOPICS, 0)
        # In this order: what is decided by these positions is committed before these ends are asked for, and the
        # cause of what lies before the ends of the facts lies before those of the inputs.
        self._decided = self._positions(group or client_prefix(Party.WORKER))
        self._first = self._offsets.first(_TOPICS)
        self._end = self._offsets.end(_DECIDED_ON)
        self._end |= self._offsets.end(JUDGED_INPUTS)
        self._settled_at = time.monotonic() + _HALF_SEEN_S

    def _positions(self, group: str) -> dict[Partition, int]:
        """Give how far the workers have decided each input topic, as their group says."""
        return {
            (place.topic.removeprefix(self._prefix), place.partition): place.offset
            for place in group_offsets(AdminClient(quiet_options(self._bootstrap)), group)
            if place.offset >= 0
        }

    def logs(self, partitions: Iterator[int] | None = None) -> Iterator[Log]:
        """Give the log of each partition, one after another. Raises BrokerGoneError."""
        for partition in partitions if partitions is not None else range(PARTITIONS):
            yield self._log(partition)

    def _log(self, partition: int) -> Log:
        """Read a partition up to its ends, and on for as long as what lies before them seems to have holes."""
        building = _Building(partition, self._judged(self._decided, partition))
        read = {topic: self._first[topic, partition] for topic in _TOPICS}
        ends = {topic: self._end[topic, partition] for topic in _TOPICS}
        building.take_all(self._records(partition, read, ends))
        building.close()
        log = building.log()
        is_last = False
        while _seems_half_seen(log) and not is_last:
            # At least once more, however long the reading took: then what lay before the ends is visible.
            is_last = time.monotonic() > self._settled_at
            time.sleep(_AGAIN_S)
            later = self._offsets.end(_DECIDED_ON)
            further = {topic: later[topic, partition] for topic in _DECIDED_ON}
            building.take_all(self._records(partition, ends, further))
            ends |= further
            log = building.log()
        return replace(log, first_offsets=self._judged(self._first, partition))

    @staticmethod
    def _judged(offsets: Mapping[Partition, int], partition: int) -> Ends:
        return {topic: offsets.get((topic, partition), 0) for topic in JUDGED_INPUTS}

    def _records(self, partition: int, starts: Ends, ends: Ends) -> Iterator[Raw]:
        """Give every record of the partition from the starts up to the ends."""
        goal = {topic: end for topic, end in ends.items() if end > starts[topic]}
        if not goal:
            return
        consumer = Consumer(
            {
                **client_options(self._bootstrap),
                "group.id": f"{client_prefix(Party.OPERATOR)}-verify",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
            }
        )
        try:
            consumer.assign([
                TopicPartition(self._prefix + topic, partition, starts[topic])
                for topic in goal
            ])  # fmt: skip
            yield from self._until(consumer, goal)
        finally:
            consumer.close()

    def _until(self, consumer: Consumer, goal: dict[str, int]) -> Iterator[Raw]:
        """Read until every topic of ``goal`` has reached its offset; the last of a log may be markers."""
        silent = 0
        while goal:
            messages = consumer.consume(_BATCH, _POLL_S)
            silent = 0 if messages else silent + 1
            if silent > _SILENT_POLLS_MAX:
                raise BrokerGoneError(f"The broker stopped answering within {min(goal)}.")
            for message in messages:
                position = self._position(message)
                next_offset = position.offset
                if message.error() is None:
                    next_offset += 1
                    if position.offset < goal.get(position.topic, 0):
                        at = message.timestamp()[1] * 1000
                        yield Raw(position, at, message.key(), message.value(), list)
                if next_offset >= goal.get(position.topic, next_offset + 1):
                    del goal[position.topic]
                    place = TopicPartition(self._prefix + position.topic, position.partition)
                    consumer.pause([place])

    def _position(self, message: Message) -> Position:
        """Give where a record lies, or where a partition ends. Raises BrokerGoneError at any other event."""
        error = message.error()
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's own name
            if error.retriable():
                return Position("", 0, -1)
            raise BrokerGoneError(f"The broker refuses to be read ({error.str()}).")
        if topic is None or partition is None or offset is None:
            raise AssertionError("a consumed message has a topic, a partition and an offset")
        return Position(topic.removeprefix(self._prefix), partition, offset)


def group_offsets(
    admin: AdminClient, group: str, patience_s: float = _GROUP_S
) -> list[TopicPartition]:
    """Give a group's offsets, waiting for a coordinator that loads. Raises BrokerGoneError."""
    request = [ConsumerGroupTopicPartitions(group)]
    deadline = time.monotonic() + patience_s
    while True:
        asked = admin.list_consumer_group_offsets(request, request_timeout=REQUEST_TIMEOUT_S)
        try:
            answer: ConsumerGroupTopicPartitions = asked[group].result()
        except KafkaException as error:
            failed: KafkaError = error.args[0]
            if failed.code() not in _LOADING or time.monotonic() > deadline:
                raise BrokerGoneError(
                    f"The broker does not say how far group {group} is ({failed.str()})."
                ) from error
        else:
            return list(answer.topic_partitions or ())
        time.sleep(_AGAIN_S)


class _Building:
    """A log in the making."""

    def __init__(self, partition: int, decided: Mapping[str, int]) -> None:
        self._partition = partition
        self._decided = decided
        self._limits: dict[str, int] | None = None
        self._facts: list[Entry] = []
        self._commands: list[Entry] = []
        self._repeats: list[Entry] = []
        self._letters: list[Letter] = []
        self._unreadable: list[Unreadable] = []
        self._unreadable_inputs: list[Position] = []

    def take_all(self, raws: Iterable[Raw]) -> None:
        """Sort records to where they belong."""
        for raw in raws:
            self.take(raw)

    def close(self) -> None:
        """Bound each tenant by the last outcome that was begun so far: what is taken later may complete it, no more."""
        limits: dict[str, int] = {}
        for entry in self._facts:
            envelope = entry.envelope
            rest = (envelope.outcome_count or 1) - 1 - (envelope.ordinal or 0)
            newest = max(limits.get(envelope.tenant_id, 0), entry.sequence + rest)
            limits[envelope.tenant_id] = newest
        self._limits = limits

    def _is_within(self, entry: Entry) -> bool:
        limits = self._limits
        return limits is None or entry.sequence <= limits.get(entry.envelope.tenant_id, 0)

    def take(self, raw: Raw) -> None:
        """Sort a record to where it belongs."""
        if raw.position.topic == DEAD_LETTERS:
            self._take_letter(raw)
            return
        is_input = raw.position.topic in JUDGED_INPUTS
        try:
            entry = _entry(raw, payload_is_owed=not is_input)
        except PoisonError as error:
            if is_input:
                self._unreadable_inputs.append(raw.position)
            else:
                self._unreadable.append(Unreadable(raw.position, str(error)))
            return
        if is_input:
            self._commands.append(entry)
        elif entry.envelope.kind == "message":
            self._repeats.append(entry)
        else:
            self._facts.append(entry)

    def _take_letter(self, raw: Raw) -> None:
        try:
            self._letters.append((raw.position, dead_letter(raw)))
        except PoisonError as error:
            self._unreadable.append(Unreadable(raw.position, str(error)))

    def log(self) -> Log:
        """Give the log."""
        return Log(
            partition=self._partition,
            facts=tuple(filter(self._is_within, self._facts)),
            commands=tuple(self._commands),
            repeats=tuple(self._repeats),
            letters=tuple(self._letters),
            unreadable=tuple(self._unreadable),
            unreadable_inputs=tuple(self._unreadable_inputs),
            decided=self._decided,
            first_offsets=dict.fromkeys(JUDGED_INPUTS, 0),
        )


def _seems_half_seen(log: Log) -> bool:
    """Tell whether there is a hole that the rest of a transaction could fill."""
    return any(True for check in (sequence.check, outcomes.check) for _ in check(log))


def build(raws: Iterable[Raw], partition: int, decided: Mapping[str, int]) -> Log:
    """Give the log of records that were recorded elsewhere: for checks without a broker."""
    building = _Building(partition, decided)
    building.take_all(raw for raw in raws if raw.position.partition == partition)
    return building.log()


def _entry(raw: Raw, *, payload_is_owed: bool) -> Entry:
    """Decode a record; a command's payload may be bad, its envelope is enough to owe it an end. Raises PoisonError."""
    envelope = decode_envelope(raw.value)
    payload = None
    if payload_is_owed:
        try:
            payload = decode_payload(envelope.payload_schema_id, envelope.payload)
        except PayloadInvalidError as error:
            raise PoisonError(error.rule, error.field) from error
    return Entry(raw.position, raw.key, envelope, payload, raw.value or b"")
