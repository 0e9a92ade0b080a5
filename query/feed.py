"""The Kafka side of the projector: committed records of the fact topics, from the offsets that DuckDB holds.

A plain consumer without a group's assignment: where to read on is stored with the rows, never with the group
(reliability.md R4). Topics are named as in the catalogue; ``prefix`` is put before them at the client only.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ClusterMetadata, OffsetSpec

from query.decode import Headers, Raw
from query.order import Partition
from query.record import Position
from schemas.output import OperatorError
from topics.catalogue import BY_NAME, FACT_TOPICS
from topics.ends import listed_offsets
from topics.model import Party
from topics.naming import DEAD_LETTERS, client_prefix
from topics.settings import ClientConfig, client_options

TOPICS: Final = (*FACT_TOPICS, DEAD_LETTERS)
"""What the views are made of."""
REQUEST_TIMEOUT_S: Final = 15.0
IDLE_S: Final = 0.1
"""Longest wait for a first record; bounds how late a stop is noticed."""
_SLICE_S: Final = 0.02
"""Longest wait for a batch to fill before it is asked again whether a reader waits."""
_READY_POLL_S: Final = 0.2
_MICROS: Final = 1000


def quiet_options(bootstrap: str) -> ClientConfig:
    """Give the options of a client that asks a few things and ends: it says nothing of its own ending."""
    return {**client_options(bootstrap), "log_level": 5}


class BrokerGoneError(OperatorError):
    """The broker does not answer or refuses for good; the sentence says what it said."""


class LogChangedError(Exception):
    """The log does not hold what the views were made of: other offsets, or another cluster."""

    is_speaking = True  # its text may be logged


class Offsets:
    """Where the topics begin and end at the broker, and which cluster it is."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient(quiet_options(bootstrap))
        self._prefix = prefix

    def cluster_id(self) -> str:
        """Give the id of the Kafka cluster. Raises BrokerGoneError."""
        return str(self._metadata().cluster_id)

    def missing(self, topics: Iterable[str]) -> list[str]:
        """List the topics that the broker does not have yet."""
        known = self._metadata().topics
        return [topic for topic in topics if self._prefix + topic not in known]

    def wait_for(self, topics: Iterable[str], seconds: float) -> None:
        """Wait until the broker has all the topics. Raises BrokerGoneError."""
        deadline = time.monotonic() + seconds
        while missing := self.missing(topics):
            if time.monotonic() > deadline:
                raise BrokerGoneError(
                    f"The broker has no topic {missing[0]}: run `factory topics provision` first."
                )
            time.sleep(_READY_POLL_S)

    def _metadata(self) -> ClusterMetadata:
        try:
            return self._admin.list_topics(timeout=REQUEST_TIMEOUT_S)
        except KafkaException as error:
            raise BrokerGoneError(
                f"The broker does not answer ({error.args[0].str()}): check `factory kafka status`."
            ) from error

    def first(self, topics: Iterable[str]) -> dict[Partition, int]:
        """Give the oldest offset that each partition still has."""
        return self._listed(topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def end(self, topics: Iterable[str]) -> dict[Partition, int]:
        """Give the offset after the last committed record of each partition."""
        return self._listed(topics, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def end_within(self, topics: Iterable[str], seconds: float) -> dict[Partition, int] | None:
        """Give the offset after the last committed record of each partition, None if that takes longer."""
        asked = {
            TopicPartition(self._prefix + topic, partition): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for topic in topics
            for partition in range(BY_NAME[topic].partitions)
        }
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=REQUEST_TIMEOUT_S
        )
        try:
            return {
                (place.topic.removeprefix(self._prefix), place.partition): answer.result(
                    seconds
                ).offset
                for place, answer in answers.items()
            }
        except (KafkaException, TimeoutError):
            # A client that was not answered may never be again: one that a broker's pause met was not.
            self._admin = AdminClient(quiet_options(self._bootstrap))
            return None

    def _listed(self, topics: Iterable[str], spec: OffsetSpec) -> dict[Partition, int]:
        places = [
            (self._prefix + topic, partition)
            for topic in topics
            for partition in range(BY_NAME[topic].partitions)
        ]
        try:
            offsets = listed_offsets(self._admin, places, spec, IsolationLevel.READ_COMMITTED)
            return {(t.removeprefix(self._prefix), p): at for (t, p), at in offsets.items()}
        except KafkaException as error:
            raise BrokerGoneError(
                f"The broker does not say its offsets ({error.args[0].str()})."
            ) from error


class Feed:
    """Committed records in the order of each partition; ``next_offsets`` says how far each was read.

    ``goal``: where the partitions ended when the feed was made; it has caught up once it was read up to there. The
    end itself is no goal: under load a partition is hardly ever at its end.
    """

    def __init__(
        self,
        bootstrap: str,
        starts: Mapping[Partition, int],
        goal: Mapping[Partition, int],
        *,
        topics: Iterable[str] = TOPICS,
        prefix: str = "",
    ) -> None:
        self._prefix = prefix
        self._paused: set[Partition] = set()
        self.next_offsets: dict[Partition, int] = dict(starts)
        self._goal = dict(goal)
        self._consumer = Consumer(
            {
                **client_options(bootstrap),
                "group.id": f"{client_prefix(Party.QUERY)}-projector",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # A position that the log no longer has is a doubt, not a reason to skip.
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                # Small fetches keep the topics of one tenant abreast, so that little is held back.
                "fetch.message.max.bytes": 262_144,
                "queued.max.messages.kbytes": 32_768,
                "fetch.queue.backoff.ms": 10,
            }
        )
        self._consumer.assign([
            TopicPartition(prefix + topic, partition, starts.get((topic, partition), OFFSET_BEGINNING))
            for topic in topics for partition in range(BY_NAME[topic].partitions)
        ])  # fmt: skip

    @property
    def has_caught_up(self) -> bool:
        """Whether every partition was read up to the goal."""
        read = self.next_offsets
        self._goal = {place: end for place, end in self._goal.items() if read.get(place, 0) < end}
        return not self._goal

    def take(self, records_max: int, age_s: Callable[[], float]) -> list[Raw]:
        """Give the records of one batch: at most ``records_max``, and none older than ``age_s()`` here.

        Empty where none came within IDLE_S. Raises BrokerGoneError and LogChangedError.
        """
        first = self._consumer.poll(IDLE_S)
        if first is None:
            return []
        taken: list[Raw] = []
        self._keep(first, taken)
        begun = time.monotonic()
        while len(taken) < records_max:
            left = begun + age_s() - time.monotonic()
            if left <= 0:
                break
            for message in self._consumer.consume(records_max - len(taken), min(left, _SLICE_S)):
                self._keep(message, taken)
        return taken

    def _keep(self, message: Message, taken: list[Raw]) -> None:
        error = message.error()
        if error is not None:
            self._judge(message, error)
            return
        position = self._position(message)
        place = position[:2]
        self.next_offsets[place] = position.offset + 1
        appended_at = message.timestamp()[1] * _MICROS
        headers = cast("Headers", message.headers)
        taken.append(Raw(position, appended_at, message.key(), message.value(), headers))

    def _position(self, message: Message) -> Position:
        """Give where a message lies; the client types each part as optional, a consumed message has them all."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic is None or partition is None or offset is None:
            raise AssertionError("a consumed message has a topic, a partition and an offset")
        return Position(topic.removeprefix(self._prefix), partition, offset)

    def _judge(self, message: Message, error: KafkaError) -> None:
        """Note an end, pass over what the client tries again by itself, raise the rest."""
        code = error.code()
        if code == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's own name of the event
            position = self._position(message)
            self.next_offsets[position[:2]] = position.offset
        elif code in {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}:  # noqa: SLF001
            raise LogChangedError(f"{message.topic()} no longer has the offset to read on from")
        elif error.fatal() or code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise BrokerGoneError(f"The broker refuses to be read ({error.str()}).")

    def pause_only(self, places: set[Partition]) -> None:
        """Stop fetching these partitions and go on with all others; cheap where nothing changes."""
        if places == self._paused:
            return
        self._consumer.resume(self._placed(self._paused - places))
        self._consumer.pause(self._placed(places - self._paused))
        self._paused = set(places)

    def _placed(self, places: set[Partition]) -> list[TopicPartition]:
        return [TopicPartition(self._prefix + topic, partition) for topic, partition in places]

    def publish(self, positions: Mapping[Partition, int]) -> None:
        """Tell the broker how far the views are, so that lag tools see it; nobody reads on from there."""
        if positions:
            self._consumer.commit(
                offsets=[
                    TopicPartition(self._prefix + topic, partition, offset)
                    for (topic, partition), offset in positions.items()
                ],
                asynchronous=True,
            )

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()
