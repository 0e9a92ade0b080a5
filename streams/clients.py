"""Kafka clients of the worker and the one rule for calling them again (runtime.md guards 13, 15, 18)."""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final, TypeVar

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ListOffsetsResultInfo, OffsetSpec

from streams.settings import Settings
from topics.model import RECORD_BYTES_MAX
from topics.settings import client_options, producer_options

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Place = tuple[str, int]
"""A topic at the broker and a partition of it."""
OnFatal = Callable[[KafkaError], None]

READ_COMMITTED: Final = "read_committed"
RETRY_PAUSE_S: Final = 0.05
_FASTEST_GZIP: Final = 1
"""Compresses nearly as far as the default level, for a tenth of a record's cost (measured: README.md)."""
MAX_POLL_MS: Final = 600_000
"""Longest time between two polls, milliseconds; above the longest restore (guard 18)."""

SOFT: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka names its local errors so
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
"""Codes of a broker that is away for a moment: reading may wait for it, writing may not guess."""


_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_OVERDUE_S: Final = 5.0
"""How long after its own time-out a client may take to say so."""
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class DoubtError(Exception):
    """The outcome of something is not known: the process ends and restores (guard 1)."""

    is_speaking = True  # its text may be logged


def again(call: Callable[[], Result], wait_s: float, also: Iterable[int] = ()) -> Result:
    """Repeat the same call while its error says that it may be resumed, all within one deadline (guard 13)."""
    end = time.monotonic() + wait_s
    while True:
        try:
            return call()
        except KafkaException as error:
            reason = error.args[0]
            if time.monotonic() > end or not (reason.retriable() or reason.code() in also):
                raise
            log.warning("again after: %s", reason)
            time.sleep(RETRY_PAUSE_S)


def transactional_producer(
    settings: Settings, transactional_id: str, on_fatal: OnFatal
) -> Producer:
    """Give a producer whose former self is fenced and has no transaction open (guard 2)."""
    producer = Producer(
        {
            **producer_options(settings.bootstrap),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": settings.transaction_timeout_ms,
            "linger.ms": 0,
            "compression.type": settings.compression,
            "compression.level": _FASTEST_GZIP if settings.compression == "gzip" else -1,
            "message.max.bytes": RECORD_BYTES_MAX,
            "queue.buffering.max.messages": 500_000,
            "error_cb": lambda error: on_fatal(error) if error.fatal() else None,
            "log_level": 3,
        }
    )
    # Connected first: a client that looks for its coordinator before it has a broker looks again after half a second.
    again(lambda: producer.list_topics(timeout=settings.wait_s), settings.wait_s, SOFT)
    again(lambda: producer.init_transactions(settings.wait_s), settings.wait_s)
    return producer


def plain_producer(settings: Settings, on_fatal: OnFatal) -> Producer:
    """Give an idempotent producer outside transactions."""
    return Producer(
        {
            **producer_options(settings.bootstrap),
            "enable.idempotence": True,
            "linger.ms": 0,
            "message.timeout.ms": int(settings.wait_s * 1000),
            "error_cb": lambda error: on_fatal(error) if error.fatal() else None,
            "log_level": 3,
        }
    )


def input_consumer(settings: Settings, on_fatal: OnFatal) -> Consumer:
    """Give the consumer of all input topics: a static member that takes no position from the group by itself."""
    return Consumer(
        {
            **client_options(settings.bootstrap),
            "group.id": settings.group,
            "group.instance.id": settings.worker_name,
            "client.id": settings.worker_name,
            "isolation.level": READ_COMMITTED,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # A position that the log does not have is a doubt, never a jump (guard 6).
            "auto.offset.reset": "error",
            # Gives partition p of every topic to one member; asserted at each assignment (guard 3).
            "partition.assignment.strategy": "range",
            "session.timeout.ms": settings.session_timeout_ms,
            "heartbeat.interval.ms": min(1000, settings.session_timeout_ms // 3),
            "max.poll.interval.ms": MAX_POLL_MS,
            "fetch.min.bytes": 1,
            "fetch.wait.max.ms": 100,
            "fetch.error.backoff.ms": 50,
            "fetch.queue.backoff.ms": 50,
            "queued.max.messages.kbytes": 65_536,
            "error_cb": lambda error: on_fatal(error) if error.fatal() else None,
            "log_level": 3,
        }
    )


def log_reader(settings: Settings) -> Consumer:
    """Give a consumer that reads committed records of partitions it is told, and says where each ends."""
    return Consumer(
        {
            **client_options(settings.bootstrap),
            # Never joined: a consumer needs a name even where it assigns partitions to itself.
            "group.id": f"{settings.group}-reader",
            "isolation.level": READ_COMMITTED,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
            "check.crcs": True,
            "log_level": 3,
        }
    )


class LogEnds:
    """Where partitions begin and end, read uncommitted: the last stable offset would hide records (guard 7)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wait_s = settings.wait_s
        self.renew()

    def renew(self) -> None:
        """Forget what is known of the brokers.

        The administration client keeps a partition's leader epoch for ever: after a restart of the broker each
        answer was FENCED_LEADER_EPOCH, until a new client asked.
        """
        options = client_options(self._settings.bootstrap)
        self._admin = AdminClient({**options, "log_level": 3})

    def first(self, places: Iterable[Place]) -> dict[Place, int]:
        """Give (topic, partition) -> first offset that the log still has."""
        return self._patiently(list(places), _EARLIEST)

    def end(self, places: Iterable[Place]) -> dict[Place, int]:
        """Give (topic, partition) -> offset after the last record, open transactions included."""
        return self._patiently(list(places), _LATEST)

    def since(self, places: Iterable[Place], milliseconds: int) -> dict[Place, int]:
        """Give (topic, partition) -> first offset appended at or after the instant; the end where there is none."""
        wanted = list(places)
        at = self._patiently(wanted, OffsetSpec.for_timestamp(milliseconds))
        end = self.end(wanted)
        return {place: offset if offset >= 0 else end[place] for place, offset in at.items()}

    def _patiently(self, places: list[Place], spec: OffsetSpec) -> dict[Place, int]:
        def ask() -> dict[Place, int]:
            try:
                return self._ask(places, spec).result(self._wait_s)
            except KafkaException:
                self.renew()
                raise

        return again(ask, self._wait_s, SOFT)

    def ask_end(self, places: Iterable[Place]) -> "Answer":
        """Ask as ``end`` does without waiting for the answer."""
        return self._ask(places, _LATEST)

    def _ask(self, places: Iterable[Place], spec: OffsetSpec) -> "Answer":
        wanted = {TopicPartition(topic, partition): spec for topic, partition in places}
        futures = (
            self._admin.list_offsets(
                wanted,
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=self._wait_s,
            )
            if wanted
            else {}
        )
        return Answer(futures, self._admin, time.monotonic() + self._wait_s + _OVERDUE_S)


class Answer:
    """Offsets that were asked for; ``admin`` must answer by ``deadline`` of the monotonic clock."""

    def __init__(
        self,
        futures: dict[TopicPartition, Future[ListOffsetsResultInfo]],
        admin: AdminClient,
        deadline: float,
    ) -> None:
        self._futures = futures
        # Kept until all is there: a client that is dropped leaves its futures without an answer for ever.
        self._admin = admin
        self._deadline = deadline

    def is_there(self) -> bool:
        """Tell whether ``result`` would not wait: all is answered, or will not be any more."""
        if all(future.done() for future in self._futures.values()):
            return True
        return time.monotonic() > self._deadline

    def result(self, wait_s: float) -> dict[Place, int]:
        """Give (topic, partition) -> offset; raises KafkaException, and TimeoutError where no answer comes."""
        return {
            (place.topic, place.partition): future.result(wait_s).offset
            for place, future in self._futures.items()
        }


def place_of(message: Message) -> Place:
    """Give where a record came from."""
    topic, partition = message.topic(), message.partition()
    if topic is None or partition is None:
        raise AssertionError("a record that was read has a place")
    return topic, partition
