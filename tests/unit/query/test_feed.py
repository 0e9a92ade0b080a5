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
    """Each partition is at its end once, and has a further record before the next one is: so it is under load."""
    monkeypatch.setattr(module, "Consumer", Client)
    said = [
        one
        for number in range(PARTITIONS)
        for one in (Said(number, 7, ends=True), Said(number, 7, ends=False))
    ]
    Client.said = iter(said)
    feed = Feed("127.0.0.1:9", {}, topics=[TOPIC])
    for _ in said[:-2]:
        feed.take(1, lambda: 0.0)
    assert not feed.is_at_end
    feed.take(1, lambda: 0.0)
    assert feed.is_at_end
