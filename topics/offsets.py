"""Which offsets may be committed while work on them ends out of order."""

import threading

from confluent_kafka import TopicPartition

Place = tuple[str, int, int]
"""(topic, partition, offset) of a record."""


class DoneOffsets:
    """Keeps, per partition, the records begun and not ended; what lies below the lowest of them may be committed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], dict[int, None]] = {}
        self._next: dict[tuple[str, int], int] = {}
        self._stored: dict[tuple[str, int], int] = {}

    def begin(self, place: Place) -> None:
        """Note that a record was taken; records of a partition are taken in order."""
        topic, partition, offset = place
        with self._lock:
            self._open.setdefault((topic, partition), {})[offset] = None
            self._next[topic, partition] = offset + 1

    def end(self, place: Place) -> None:
        """Note that a record needs no second look."""
        topic, partition, offset = place
        with self._lock:
            self._open[topic, partition].pop(offset, None)

    def take(self) -> list[TopicPartition]:
        """Give the offsets that have moved since the last call."""
        moved = []
        with self._lock:
            for key, behind in self._next.items():
                safe = next(iter(self._open[key]), behind)
                if self._stored.get(key) != safe:
                    self._stored[key] = safe
                    moved.append(TopicPartition(*key, safe))
        return moved
