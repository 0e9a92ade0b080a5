"""Clients of a simulated broker, with those methods of confluent_kafka's that the worker calls.

They do what the broker's documentation says of theirs, and what a seed says goes wrong.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, TopicPartition

from streams.clients import Place
from streams.inputs import UNKNOWN
from streams.records import Headers, InputRecord, OutputRecord
from tests.simulation.coordinators import (
    GroupCoordinator,
    Transaction,
    TransactionCoordinator,
    refused,
)
from tests.simulation.faults import Faults
from tests.simulation.log import Log
from topics import naming


class Broker:
    """The log with its coordinators, and what goes wrong between it and its clients."""

    def __init__(self, log: Log, random: Random, faults: Faults, numbers: list[int]) -> None:
        self.log = log
        self.random = random
        self.faults = faults
        self.transactions = TransactionCoordinator(log, random)
        self.group = GroupCoordinator(numbers, random)
        self.writers = max((commit.writer for commit in log.commits), default=0)
        """How many transactional producers there were."""


class Message:
    """A record as a consumer gives it, or an error."""

    __slots__ = ("_error", "_record")

    def __init__(self, record: InputRecord, error: KafkaError | None = None) -> None:
        self._record = record
        self._error = error

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return self._record.topic

    def partition(self) -> int:
        return self._record.partition

    def offset(self) -> int:
        return self._record.offset

    def key(self) -> bytes | None:
        return self._record.key

    def value(self) -> bytes | None:
        return self._record.value

    def headers(self) -> Headers:
        return self._record.headers

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, self._record.appended_at // 1000

    def __len__(self) -> int:
        return len(self._record.value or b"")


def _failure(code: int, *, fatal: bool = False) -> Message:
    return Message(InputRecord("", 0, 0, None, None, [], 0), KafkaError(code, fatal=fatal))


class Consumer:
    """A static member of the group. ``news`` is the share that it has not heard of."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.name = name
        self.news: tuple[int, list[int]] | None = None
        self._broker = broker
        self._generation = 0
        self._positions: dict[Place, int] = {}
        self._topics: list[str] = []
        self._on_assign: Callable[..., None]
        self._on_revoke: Callable[..., None]

    def subscribe(self, topics: list[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        """Join the group."""
        self._topics, self._on_assign = topics, on_assign
        self._on_revoke, self._on_lost = on_revoke, on_lost
        self._broker.group.join(self)

    def consumer_group_metadata(self) -> tuple["Consumer", int]:
        """Give who this is, as of the last share it has heard of."""
        return self, self._generation

    def consume(self, limit: int, _timeout_s: float) -> list[Message]:
        """Give some of what is there, the topics in any mixture, each in its order."""
        if self._broker.faults.hits("rebalance"):
            self._broker.group.rebalance()
        failure = self._hear()
        if failure is not None:
            return [failure]
        random, log = self._broker.random, self._broker.log
        places = list(self._positions)
        random.shuffle(places)
        found: list[Message] = []
        for place in places:
            offset = self._positions.get(place, 0)
            if offset > log.end(*place):
                return [_failure(KafkaError.OFFSET_OUT_OF_RANGE)]
            room = limit - len(found)
            some = log.read(*place, offset)[: random.randint(min(1, room), room)] if room else []
            self._positions[place] = offset + len(some)
            found += map(Message, some)
        return found

    def _hear(self) -> Message | None:
        """Hear of a new share, of having been expelled, or of another member under the same name."""
        group = self._broker.group
        member = group.members.get(self.name)
        if member is None:
            self._on_lost(self, [])
            group.join(self)
        elif member is not self:
            return _failure(KafkaError.FENCED_INSTANCE_ID, fatal=True)
        if self.news is None:
            return None
        (self._generation, numbers), self.news = self.news, None
        if self._positions:
            self._on_revoke(self, [])
        self._on_assign(self, [TopicPartition(t, n) for t in self._topics for n in numbers])
        return None

    def assign(self, places: list[TopicPartition]) -> None:
        """Read on from these positions."""
        self._positions = {(p.topic, p.partition): p.offset for p in places}

    def unassign(self) -> None:
        """Read nothing."""
        self._positions = {}

    def assignment(self) -> list[Place]:
        """Give what is read."""
        return list(self._positions)

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """Give the group's offsets, once they are stable."""
        log = self._broker.log
        if self._broker.faults.hits("unstable"):
            for number in {place.partition for place in places}:
                log.losses.setdefault(number, set()).add("group")
            raise refused(KafkaError._TIMED_OUT)
        assert timeout > 0
        known = ((p, log.offsets.get(p.partition, {}).get(p.topic, UNKNOWN)) for p in places)
        return [TopicPartition(p.topic, p.partition, offset) for p, offset in known]


class LogReader:
    """Reads partitions that it is told to their ends; the process may end between two of its polls."""

    def __init__(self, broker: Broker, pass_place: Callable[[str], None]) -> None:
        self._broker = broker
        self._pass = pass_place
        self._positions: dict[Place, int] = {}

    def assign(self, places: list[TopicPartition]) -> None:
        # In one order, whatever order a set of places has in this process.
        self._positions = dict(sorted(((p.topic, p.partition), p.offset) for p in places))

    def consume(self, limit: int, _timeout_s: float) -> list[Message]:
        """Give what is there, and where each partition ends."""
        self._pass("restoring")
        found: list[Message] = []
        for (topic, number), offset in self._positions.items():
            there = self._broker.log.read(topic, number, offset)[:limit]
            found += map(Message, there)
            if len(there) < limit:
                end = self._broker.log.end(topic, number)
                mark = InputRecord(topic, number, end, None, None, [], 0)
                found.append(Message(mark, KafkaError(KafkaError._PARTITION_EOF)))
            self._positions[topic, number] = there[-1].offset + 1 if there else offset
        return found

    def close(self) -> None:
        self._positions = {}


class TransactionalProducer:
    """The one writer of a transactional id, until the next one is made."""

    def __init__(self, broker: Broker, name: str) -> None:
        broker.writers += 1
        self._broker = broker
        self._name = name
        self._serial = broker.writers
        self._epoch = broker.transactions.fence(name)
        self._open: Transaction | None = None
        self._told: Callable[..., None] = _unheard

    def begin_transaction(self) -> None:
        assert self._open is None
        self._open = Transaction(self._serial, -1)

    def produce(
        self,
        name: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        *,
        headers: Headers | None,
        on_delivery: Callable[..., None] | None = None,
    ) -> None:
        assert self._open is not None
        self._told = on_delivery or self._told
        self._open.outputs.append(OutputRecord(name, partition, key, value, headers))
        if name == naming.STATE:
            self._open.partition = partition

    def poll(self, _timeout_s: float) -> int:
        return 0

    def flush(self, _timeout_s: float) -> int:
        self._broker.transactions.check(self._name, self._epoch)
        return 0

    def send_offsets_to_transaction(
        self, offsets: list[TopicPartition], group: Any, _timeout_s: float
    ) -> None:
        assert self._open is not None
        self._broker.transactions.check(self._name, self._epoch)
        self._broker.group.check(group)
        if self._broker.faults.hits("hiccup"):
            raise refused(KafkaError.COORDINATOR_NOT_AVAILABLE, retriable=True)
        self._open.after = {place.topic: place.offset for place in offsets}
        self._open.partition = offsets[0].partition

    def commit_transaction(self, _timeout_s: float) -> None:
        """Commit; the answer may be lost, whatever became of the request."""
        open_, transactions, faults = self._open, self._broker.transactions, self._broker.faults
        if open_ is None:  # repeated: the first call took effect and its answer was lost
            return
        if faults.hits("doubt"):
            if self._broker.random.random() < 0.3:
                transactions.commit(self._name, self._epoch, open_)
            else:
                transactions.commit_later(self._name, self._epoch, open_)
            raise refused(KafkaError._TIMED_OUT)
        is_told = not faults.hits("hiccup")
        if is_told or self._broker.random.random() < 0.5:
            transactions.commit(self._name, self._epoch, open_)
            # Its last record is of the changelog, and the marker behind it.
            last = self._broker.log.changelog(open_.partition).end - 2
            self._told(None, _delivered(open_.partition, last))
            self._open = None
        if not is_told:
            raise refused(KafkaError.REQUEST_TIMED_OUT, retriable=True)


def _unheard(_error: object, _message: object) -> None:
    """Tell nobody."""


def _delivered(partition: int, offset: int) -> Message:
    return Message(InputRecord(naming.STATE, partition, offset, None, None, [], 0))


class PlainProducer:
    """A producer outside transactions: keeps the order of a partition, delivers when it likes."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: list[tuple[OutputRecord, Callable[..., None]]] = []

    def produce(
        self,
        name: str,
        value: bytes,
        key: bytes,
        partition: int,
        *,
        on_delivery: Callable[..., None],
        headers: Headers,
    ) -> None:
        self._waiting.append((OutputRecord(name, partition, key, value, headers), on_delivery))

    def poll(self, _timeout_s: float) -> int:
        """Deliver some."""
        count = 0
        while self._waiting and not self._broker.faults.hits("timer-late"):
            (name, partition, key, value, headers), told = self._waiting.pop(0)
            if self._broker.faults.hits("timer-lost"):
                told(KafkaError(KafkaError._MSG_TIMED_OUT), _failure(0))
            self._broker.log.append(name, partition, key, value, headers)
            told(None, _failure(0))
            count += 1
        return count

    def end(self) -> None:
        """End with the process: what was handed over a moment ago may have arrived or not."""
        while self._waiting and self._broker.random.random() < 0.5:
            (name, partition, key, value, headers), _ = self._waiting.pop(0)
            self._broker.log.append(name, partition, key, value, headers)
        self._waiting.clear()


class LogEnds:
    """Where partitions begin and end."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def first(self, places: Iterable[Place]) -> dict[Place, int]:
        return {place: self._broker.log.first(*place) for place in places}

    def end(self, places: Iterable[Place]) -> dict[Place, int]:
        return {place: self._broker.log.end(*place) for place in places}

    def since(self, places: Iterable[Place], milliseconds: int) -> dict[Place, int]:
        return {place: self._since(place, milliseconds) for place in places}

    def _since(self, place: Place, milliseconds: int) -> int:
        late = (
            r.offset for r in self._broker.log.read(*place) if r.appended_at // 1000 >= milliseconds
        )
        return next(late, self._broker.log.end(*place))

    def ask_end(self, places: Iterable[Place]) -> "Answer":
        return Answer(self._broker, self.end(places))

    def renew(self) -> None:
        """Forget nothing: there is nothing to forget."""


class Answer:
    """Ends that the broker gives at some later moment, as they were when asked for, or not at all."""

    def __init__(self, broker: Broker, ends: dict[Place, int]) -> None:
        self._broker = broker
        self._ends = ends

    def is_there(self) -> bool:
        return self._broker.random.random() < 0.5

    def result(self, _wait_s: float) -> dict[Place, int]:
        """Give them. Raises KafkaException."""
        if self._broker.faults.hits("ends-unknown"):
            raise KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH))
        return self._ends
