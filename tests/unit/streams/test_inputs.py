"""The input side with a consumer that is told what to answer: assignment, unknown offsets, errors, a rebalance."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams import inputs as module
from streams.clients import DoubtError
from streams.inputs import UNKNOWN, Inputs, Positions
from streams.layout import Layout
from streams.settings import Settings

LAYOUT = Layout(partitions=1, inputs=("cp.catalogue.v1", "cp.commands.v1"))
PLACES = [TopicPartition(topic, 0) for topic in LAYOUT.inputs]


class Consumer:
    """A consumer that answers as it is told."""

    def __init__(self, committed: Callable[[], list[TopicPartition]]) -> None:
        self._committed = committed
        self.assigned: list[tuple[str, int]] = []
        self.polled: list[Any] = []
        self.on_assign: Callable[..., None] = lambda *_: None

    def subscribe(self, _topics: list[str], on_assign: Callable[..., None], **_: object) -> None:
        self.on_assign = on_assign

    def committed(self, _places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return self._committed()

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned = [(place.topic, place.offset) for place in places]

    def assignment(self) -> list[TopicPartition]:
        return PLACES

    def memberid(self) -> str:
        return "worker-1-0198"

    def consume(self, _count: int, _timeout_s: float) -> list[Any]:
        return [self.polled.pop(0)] if self.polled else []


class Owner:
    """Holds whatever it is given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def member(self, member_id: str) -> None:
        self.calls.append(("member", member_id))

    def prepare(self, numbers: list[int]) -> None:
        self.calls.append(("prepare", numbers))

    def adopt(self, numbers: list[int], stable: Positions) -> None:
        self.calls.append(("adopt", (numbers, stable)))

    def positions(self) -> Positions:
        return {0: {"cp.catalogue.v1": 3, "cp.commands.v1": 5}}


class Message:
    """What a poll gives: only its error is looked at here."""

    def __init__(self, error: KafkaError) -> None:
        self._error = error

    def error(self) -> KafkaError:
        return self._error

    def __len__(self) -> int:
        return 0


def build(
    monkeypatch: pytest.MonkeyPatch, committed: Callable[[], list[TopicPartition]]
) -> tuple[Inputs, Consumer, Owner]:
    """Give inputs over such a consumer."""
    consumer, owner = Consumer(committed), Owner()
    monkeypatch.setattr(module, "input_consumer", lambda *_: consumer)
    monkeypatch.setattr(module, "_STABLE_S", 0.1)
    settings = Settings(bootstrap="127.0.0.1:9")
    inputs = Inputs(settings, LAYOUT, owner, lambda _: None, on_member=owner.member)
    inputs.start()
    return inputs, consumer, owner


def known() -> list[TopicPartition]:
    """Answer with offsets, one of them never committed."""
    return [
        TopicPartition("cp.catalogue.v1", 0, -1001),
        TopicPartition("cp.commands.v1", 0, 5),
    ]


def unstable() -> list[TopicPartition]:
    """Answer as a coordinator does that lost its state: never."""
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))


def test_an_assignment_fences_then_reads_offsets_then_starts_at_the_states_positions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs, consumer, owner = build(monkeypatch, known)
    consumer.on_assign(consumer, PLACES)
    stable = {0: {"cp.catalogue.v1": UNKNOWN, "cp.commands.v1": 5}}
    member = ("member", "worker-1-0198")
    assert owner.calls == [member, ("prepare", [0]), ("adopt", ([0], stable))]
    assert consumer.assigned == [("cp.catalogue.v1", 3), ("cp.commands.v1", 5)]
    assert inputs.joined


def test_offsets_that_stay_unstable_are_unknown_and_the_worker_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, consumer, owner = build(monkeypatch, unstable)
    consumer.on_assign(consumer, PLACES)
    assert owner.calls[-1] == ("adopt", ([0], {0: dict.fromkeys(LAYOUT.inputs, UNKNOWN)}))
    assert consumer.assigned == [("cp.catalogue.v1", 3), ("cp.commands.v1", 5)]


def test_any_other_error_of_the_group_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> list[TopicPartition]:
        raise KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))

    _, consumer, owner = build(monkeypatch, refused)
    with pytest.raises(KafkaException):
        consumer.on_assign(consumer, PLACES)
    assert [name for name, _ in owner.calls] == ["member", "prepare"]


def test_topics_that_come_apart_are_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    _, consumer, owner = build(monkeypatch, known)
    with pytest.raises(DoubtError, match="together"):
        consumer.on_assign(consumer, PLACES[:1])
    assert [name for name, _ in owner.calls] == ["member"]


def test_an_error_is_raised_before_a_stale_batch_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs, consumer, _ = build(monkeypatch, known)
    consumer.polled = [Message(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))]
    with pytest.raises(KafkaException):
        inputs.poll(10, 0.0, 0.0)
    consumer.polled = [Message(KafkaError(KafkaError._TRANSPORT))]
    assert inputs.poll(10, 0.0, 0.0) == []
