"""Follow canonical events: read committed, each once, in order, with holes named.

``EventConsumer`` reads partitions directly, without a group: it begins where the caller says (the beginning, now, a
position, a time) and the caller keeps its own place (``Event.position``). Order holds per tenant and topic. A reader of
all contexts sees every ``sequence`` of a tenant, a reader of one sees every ``contextSequence``.
"""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import decode_envelope, decode_payload
from schemas.errors import PoisonError
from schemas.messages.envelope import Envelope
from schemas.output import OperatorError
from topics.catalogue import BY_NAME, FACT_TOPICS
from topics.ends import end_offsets
from topics.events import Contiguity, Event, Gap, Repeats
from topics.naming import events_topic
from topics.partition import partition_of
from topics.polling import batch
from topics.settings import bootstrap_servers, client_options

BATCH: Final = 1000
TIMEOUT_SECONDS: Final = 15


class PositionError(OperatorError):
    """A place to begin that does not exist; the sentence says what is accepted."""


def parse_position(text: str) -> tuple[str, int, int]:
    """Give (topic, partition, offset) of TOPIC:P:N. Raises PositionError."""
    topic, _, rest = text.rpartition(":")
    topic, _, partition = topic.rpartition(":")
    if topic not in BY_NAME or not partition.isdigit() or not rest.isdigit():
        raise PositionError(f"{text!r} is no position: write TOPIC:PARTITION:OFFSET.")
    return topic, int(partition), int(rest)


class EventConsumer:
    """An iterator over events.

    ``contexts`` None: all of them and the refusals. ``tenant_id``: only that tenant's (its partition alone is read).
    ``workflow_instance_id``: only that instance's. ``gaps`` collects the holes met so far.
    """

    def __init__(
        self,
        *,
        bootstrap: str | None = None,
        contexts: Iterable[str] | None = None,
        tenant_id: str | None = None,
        workflow_instance_id: str | None = None,
    ) -> None:
        self._bootstrap = bootstrap or bootstrap_servers()
        self._topics = _topics(contexts)
        self._tenant_id = tenant_id
        self._workflow_instance_id = workflow_instance_id
        self._partitions = (
            [partition_of(tenant_id)]
            if tenant_id
            else list(range(BY_NAME[self._topics[0]].partitions))
        )
        self._repeats = Repeats()
        self._order = Contiguity()
        self._ended: set[tuple[str, int]] = set()
        self.gaps: list[Gap] = []
        self._consumer = Consumer(
            {
                **client_options(self._bootstrap),
                "group.id": "cp.operator-events",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
            }
        )

    # -- where to begin ------------------------------------------------------------------------------
    def from_beginning(self) -> Self:
        """Begin at the first record there is."""
        return self._assign({})

    def from_now(self) -> Self:
        """Begin behind the newest record there is."""
        places = [(place.topic, place.partition) for place in self._places()]
        return self._assign(end_offsets(self._bootstrap, places))

    def from_position(self, position: str) -> Self:
        """Begin at TOPIC:P:N; the other topics and partitions begin at the time of that record."""
        topic, partition, offset = parse_position(position)
        at = self._time_of(topic, partition, offset)
        starts = self._at_time(at)
        starts[topic, partition] = offset
        return self._assign(starts)

    def from_time(self, at: int) -> Self:
        """Begin at the first record appended at or after ``at`` (microseconds UTC)."""
        return self._assign(self._at_time(at // 1000))

    def _places(self) -> list[TopicPartition]:
        return [TopicPartition(t, p) for t in self._topics for p in self._partitions]

    def _at_time(self, millis: int) -> dict[tuple[str, int], int]:
        asked = [TopicPartition(p.topic, p.partition, millis) for p in self._places()]
        found = self._consumer.offsets_for_times(asked, timeout=TIMEOUT_SECONDS)
        return {(p.topic, p.partition): p.offset for p in found}

    def _time_of(self, topic: str, partition: int, offset: int) -> int:
        self._consumer.assign([TopicPartition(topic, partition, offset)])
        message = self._consumer.poll(TIMEOUT_SECONDS)
        if message is None or message.error() is not None:
            raise PositionError(f"{topic}:{partition}:{offset} holds no committed record.")
        return int(message.timestamp()[1])

    def _assign(self, starts: dict[tuple[str, int], int]) -> Self:
        try:
            self._consumer.assign(
                [
                    TopicPartition(p.topic, p.partition, starts.get((p.topic, p.partition), 0))
                    for p in self._places()
                ]
            )
        except KafkaException as error:
            raise PositionError(f"The topics cannot be read: {error}.") from error
        self._ended.clear()
        return self

    # -- reading -------------------------------------------------------------------------------------
    def __iter__(self) -> Iterator[Event]:
        """Give events for ever; ends only with the caller's loop."""
        while True:
            yield from self.poll(1.0)

    def until_end(self) -> Iterator[Event]:
        """Give the events up to the present end of every partition, then stop."""
        while len(self._ended) < len(self._places()):
            yield from self.poll(1.0)

    def poll(self, seconds: float) -> list[Event]:
        """Give the events that come within ``seconds``, at most a batch; empty where none came."""
        events = []
        for message in batch(self._consumer, BATCH, seconds):
            event = self._event(message)
            if event is not None:
                events.append(event)
        return events

    def _event(self, message: Message) -> Event | None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - so named in the public API
                self._ended.add((message.topic() or "", message.partition() or 0))
            elif error.fatal() or not error.retriable():
                raise KafkaException(error)
            return None
        try:
            envelope = decode_envelope(message.value())
            if not self._wanted(envelope, message):
                return None
            payload = decode_payload(envelope.payload_schema_id, envelope.payload)
        except PoisonError as poison:
            where = f"{message.topic()}:{message.partition()}:{message.offset()}"
            raise OperatorError(f"{where} cannot be read: {poison}.") from poison
        return Event(
            envelope,
            payload,
            message.topic() or "",
            message.partition() or 0,
            message.offset() or 0,
            message.timestamp()[1] * 1000,
        )

    def _wanted(self, envelope: Envelope, message: Message) -> bool:
        """Tell whether the caller asked for it and sees it for the first time; order is checked before the filter."""
        if not self._repeats.is_new(envelope.event_id):
            return False
        if self._tenant_id is not None and envelope.tenant_id != self._tenant_id:
            return False
        if envelope.context_sequence is not None:
            position = f"{message.topic()}:{message.partition()}:{message.offset()}"
            key = f"{envelope.tenant_id} in {message.topic()}"
            gap = self._order.check(key, envelope.context_sequence, position)
            if gap is not None:
                self.gaps.append(gap)
        wanted = self._workflow_instance_id
        return wanted is None or envelope.workflow_instance_id == wanted

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _topics(contexts: Iterable[str] | None) -> tuple[str, ...]:
    if contexts is None:
        return FACT_TOPICS
    try:
        return tuple(events_topic(context) for context in contexts)
    except KeyError as unknown:
        raise OperatorError(
            f"There is no context {unknown}: see `factory topics list`."
        ) from unknown
