"""A broker in memory: logs, transactions that commit whole or not at all, fencing, a group's offsets."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.decide import Work
from streams.inputs import UNKNOWN, Positions
from streams.layout import Layout
from streams.records import Headers, InputRecord, OutputRecord
from topics import naming
from topics.partition import partition_of


class Ended(BaseException):
    """A simulated process ended here; nothing of it runs on."""


@dataclass
class Log:
    """What the broker holds. ``now`` is its clock, microseconds UTC."""

    layout: Layout
    now: int
    records: dict[tuple[str, int], list[InputRecord]] = field(default_factory=dict)
    offsets: Positions = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=dict)
    state: dict[int, dict[bytes, bytes]] = field(default_factory=dict)

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
    ) -> None:
        """Append a record at the broker's time."""
        log = self.records.setdefault((topic, partition), [])
        record = InputRecord(topic, partition, len(log), key, value, headers or [], self.now)
        log.append(record)

    def read(self, topic: str, partition: int, offset: int = 0) -> list[InputRecord]:
        """Give the records from an offset on."""
        return self.records.get((topic, partition), [])[offset:]

    def everything(self, topic: str) -> list[InputRecord]:
        """Give all records of a topic, partition by partition."""
        return [r for number in range(self.layout.partitions) for r in self.read(topic, number)]

    def end(self, topic: str, partition: int) -> int:
        """Give the offset after the last record."""
        return len(self.records.get((topic, partition), ()))

    def fence(self, partition: int) -> int:
        """Make a caller the partition's only writer; give its epoch."""
        self.epochs[partition] = self.epochs.get(partition, 0) + 1
        return self.epochs[partition]

    def commit(self, work: Work, epoch: int) -> None:
        """Commit a unit of work, unless its writer was replaced."""
        if self.epochs[work.partition] != epoch:
            raise Ended("fenced")
        self.write(work.partition, work.outputs)
        self.offsets[work.partition] = dict(work.positions)

    def write(self, partition: int, outputs: Iterable[OutputRecord]) -> None:
        """Append the records of one transaction."""
        state = self.state.setdefault(partition, {})
        for output in outputs:
            if output.topic != naming.STATE:
                place = output.partition if output.partition >= 0 else self._placed(output)
                self.append(output.topic, place, output.key, output.value, output.headers)
            elif output.value is None:
                state.pop(output.key or b"", None)
            else:
                state[output.key or b""] = output.value

    def _placed(self, output: OutputRecord) -> int:
        return partition_of((output.key or b"").decode(), self.layout.partitions)

    def stable(self, partition: int) -> dict[str, int]:
        """Give the group's offsets of a partition."""
        known = self.offsets.get(partition, {})
        return {topic: known.get(topic, UNKNOWN) for topic in self.layout.inputs}
