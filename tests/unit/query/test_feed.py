"""The Kafka side of the projector, with a client that says what a test wants."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from query import feed as module
from query.feed import Feed
from topics.model import PARTITIONS

TOPIC = "cp.commands.v1"


class Said:
    """What the client hands over: a record, or the end of a partition."""

    def __init__(self, partition: int, offset: int, *, ends: bool) -> None:
        self._place = (partition, offset)
        self._error = KafkaError(KafkaError._PARTITION_EOF) if ends else None

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> bytes:
        return b""

    def value(self) -> bytes:
        return b""

    def headers(self) -> list[tuple[str, bytes]]:
        return []


class Client:
    """A client that gives one thing after another."""

    said: Iterator[Said]

    def __init__(self, _options: object) -> None:
        return

    def assign(self, _places: object) -> None:
        return

    def poll(self, _seconds: float) -> Said | None:
        return next(self.said, None)


def test_a_load_that_never_rests_is_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each partition has a further record whenever it is asked, and is never at its end: so it is under load."""
    monkeypatch.setattr(module, "Consumer", Client)
    Client.said = iter([Said(number, 7, ends=False) for number in range(PARTITIONS)])
    goal = {(TOPIC, number): 8 for number in range(PARTITIONS)}
    feed = Feed("127.0.0.1:9", {(TOPIC, 0): 7}, goal, topics=[TOPIC])
    for _ in range(PARTITIONS - 1):
        feed.take(1, lambda: 0.0)
    assert not feed.has_caught_up
    feed.take(1, lambda: 0.0)
    assert feed.has_caught_up


def test_an_end_behind_markers_is_reached_without_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Consumer", Client)
    Client.said = iter([Said(0, 9, ends=True)])
    feed = Feed("127.0.0.1:9", {(TOPIC, 0): 7}, {(TOPIC, 0): 9, (TOPIC, 1): 0}, topics=[TOPIC])
    assert not feed.has_caught_up
    feed.take(1, lambda: 0.0)
    assert feed.has_caught_up


def test_views_that_stand_where_the_log_ends_have_caught_up_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "Consumer", Client)
    assert Feed("127.0.0.1:9", {(TOPIC, 0): 9}, {(TOPIC, 0): 9}, topics=[TOPIC]).has_caught_up
