"""One Kafka transaction per partition and cycle: outputs, state and input positions commit together or not at all.

Each partition has a transactional id of its own: a takeover waits for nothing but the session time-out, and its
restore knows that the predecessor is finished (runtime.md §4). Transactions of one cycle commit in parallel.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from confluent_kafka import KafkaError, Message, Producer, TopicPartition

from streams.clients import DoubtError, OnFatal, again, transactional_producer
from streams.crashpoints import CrashPoints
from streams.layout import Layout
from streams.records import OutputRecord
from streams.settings import Settings
from streams.state_key import POSITIONS_KEY
from streams.work import Work
from topics import naming

_QUEUE_FULL_POLL_S = 0.01


class Transactions:
    """Holds the transactional producer of every partition that this worker owns."""

    def __init__(
        self, settings: Settings, layout: Layout, crash: CrashPoints, on_fatal: OnFatal
    ) -> None:
        self._settings = settings
        self._layout = layout
        self._crash = crash
        self._on_fatal = on_fatal
        self._producers: dict[int, Producer] = {}
        self._state_ends: dict[int, int] = {}
        self._pool = ThreadPoolExecutor(layout.partitions, thread_name_prefix="transaction")

    def own(self, numbers: Iterable[int]) -> None:
        """Open the producers of exactly these partitions, in parallel; those that were open are thrown away.

        When it returns, whatever a former owner left open is decided and its markers are written (guard 2). A partition
        that stays gets a new producer too: an assignment often follows the loss of a broker, and an old producer may
        wait for ever for the group coordinator that it remembers (guard 19).
        """
        wanted = list(numbers)
        self._producers = dict(zip(wanted, self._pool.map(self._open, wanted), strict=True))

    def _open(self, number: int) -> Producer:
        name = f"{self._settings.group}-p{number}"
        return transactional_producer(self._settings, name, self._on_fatal)

    def commit(self, works: list[Work], group: object) -> None:
        """Write and commit every unit of work; ``group`` is the consumer's membership, which fences a zombie.

        Returns when all have committed. Any error leaves the process in doubt: the caller ends it.
        """
        futures = [self._pool.submit(self._commit, work, group) for work in works]
        # The client does not always keep its own deadline (guard 19), and the broker aborts what takes longer.
        done = wait(futures, self._settings.transaction_timeout_s, FIRST_EXCEPTION).done
        for future in done:
            future.result()
        if len(done) < len(futures):
            raise DoubtError("a transaction did not commit before the broker would abort it")

    def _commit(self, work: Work, group: object) -> None:
        producer = self._producers[work.partition]
        producer.begin_transaction()
        self._crash.at("begun")
        self._produce(producer, work.outputs)
        # No flush here: committing flushes. Guard 17 is not needed with an id per partition, because the next
        # owner's init_transactions ends this transaction and its markers before anything is read (README.md).
        if self._crash.waits_at("produced"):
            self._flush(producer)
        self._crash.at("produced")
        # Every input topic, moved or not: that makes the group fence this commit, and a kept state sound (12).
        offsets = [
            TopicPartition(self._layout.physical(topic), work.partition, offset)
            for topic, offset in work.positions.items()
        ]
        wait_s = self._settings.wait_s
        again(lambda: producer.send_offsets_to_transaction(offsets, group, wait_s), wait_s)
        self._crash.at("offsets")
        again(lambda: producer.commit_transaction(wait_s), wait_s)

    def write(self, number: int, outputs: Iterable[OutputRecord]) -> None:
        """Commit records without input positions: a rebuilt state, before anything is decided on it."""
        producer = self._producers[number]
        producer.begin_transaction()
        self._produce(producer, outputs)
        self._flush(producer)
        wait_s = self._settings.wait_s
        again(lambda: producer.commit_transaction(wait_s), wait_s)

    def state_end(self, number: int) -> int:
        """Give where a changelog ends if this process was the last to write there; 0 if it never did."""
        return self._state_ends.get(number, 0)

    def _positions_written(self, error: KafkaError | None, message: Message) -> None:
        """Note where the last state record of a transaction is: its commit marker follows it."""
        number, offset = message.partition(), message.offset()
        if error is None and number is not None and offset is not None:
            self._state_ends[number] = offset + 2

    def _produce(self, producer: Producer, outputs: Iterable[OutputRecord]) -> None:
        physical = self._layout.physical
        for topic, partition, key, value, headers in outputs:
            name = physical(topic)
            is_last = key == POSITIONS_KEY and topic == naming.STATE
            told = self._positions_written if is_last else None
            while True:
                try:
                    producer.produce(name, value, key, partition, headers=headers, on_delivery=told)
                    break
                except BufferError:
                    producer.poll(_QUEUE_FULL_POLL_S)

    def _flush(self, producer: Producer) -> None:
        if producer.flush(self._settings.wait_s):
            raise DoubtError("the broker did not take the records in time")

    def close(self) -> None:
        """End the threads; no transaction is open between two cycles."""
        self._pool.shutdown()
