"""What a simulated broker holds: logs of topics, changelogs with offsets, a group's offsets, what was committed.

The owner of the clock: ``now`` is the broker's, microseconds UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.inputs import Positions
from streams.layout import Layout
from streams.records import Headers, InputRecord, OutputRecord
from topics import naming
from topics.partition import partition_of


class Ended(BaseException):
    """A simulated process ended here; nothing of it runs on."""


class Commit(NamedTuple):
    """A transaction that took effect, in the order of its partition."""

    partition: int
    writer: int
    """Serial of the producer that wrote it: a later owner of the partition has a higher one."""
    after: dict[str, int]
    """Input positions that it committed; empty for state written outside a cycle."""
    outputs: list[OutputRecord]
    is_forgetful: bool
    """It is the first after a rebuild that no group's offsets helped: silent records may be decided anew."""


class Changelog:
    """State records of one partition: offsets are kept when a part is compacted or lost."""

    def __init__(self) -> None:
        self.records: list[InputRecord] = []
        self.start = 0
        self.end = 0
        self.newest: dict[bytes, bytes] = {}

    def append(self, partition: int, key: bytes, value: bytes | None, at: int) -> None:
        """Append a record; None removes."""
        record = InputRecord(naming.STATE, partition, self.end, key, value, [], at)
        self.records.append(record)
        self.end += 1
        self._apply(record)

    def _apply(self, record: InputRecord) -> None:
        key = record.key or b""
        if record.value is None:
            self.newest.pop(key, None)
        else:
            self.newest[key] = record.value

    def lose(self, offset: int) -> None:
        """Lose everything before an offset."""
        self.start = max(self.start, offset)
        self.records = [r for r in self.records if r.offset >= offset]
        self.newest = {}
        for record in self.records:
            self._apply(record)

    def compact(self) -> None:
        """Keep the newest record of each key only."""
        last = {record.key: record.offset for record in self.records}
        self.records = [r for r in self.records if last[r.key] == r.offset and r.value is not None]


@dataclass
class Log:
    """What the broker holds."""

    layout: Layout
    now: int
    records: dict[tuple[str, int], list[InputRecord]] = field(default_factory=dict)
    changelogs: dict[int, Changelog] = field(default_factory=dict)
    offsets: Positions = field(default_factory=dict)
    """The group's."""
    positions: Positions = field(default_factory=dict)
    """What was truly committed, whatever the group says."""
    commits: list[Commit] = field(default_factory=list)
    losses: dict[int, set[str]] = field(default_factory=dict)
    """Partition -> what it lost since its last commit: 'group', and by a rebuild without it, 'positions'."""

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
    ) -> None:
        """Append a record at the broker's time, which is told in milliseconds."""
        log = self.records.setdefault((topic, partition), [])
        at = self.now // 1000 * 1000
        record = InputRecord(topic, partition, len(log), key, value, headers or [], at)
        log.append(record)

    def read(self, topic: str, partition: int, offset: int = 0) -> list[InputRecord]:
        """Give the records from an offset on."""
        if topic == naming.STATE:
            return [r for r in self.changelog(partition).records if r.offset >= offset]
        return self.records.get((topic, partition), [])[offset:]

    def everything(self, topic: str) -> list[InputRecord]:
        """Give all records of a topic, partition by partition."""
        return [r for number in range(self.layout.partitions) for r in self.read(topic, number)]

    def first(self, topic: str, partition: int) -> int:
        """Give the first offset that is still there."""
        return self.changelog(partition).start if topic == naming.STATE else 0

    def end(self, topic: str, partition: int) -> int:
        """Give the offset after the last record."""
        if topic == naming.STATE:
            return self.changelog(partition).end
        return len(self.records.get((topic, partition), ()))

    def changelog(self, partition: int) -> Changelog:
        """Give a partition's changelog."""
        return self.changelogs.setdefault(partition, Changelog())

    @property
    def state(self) -> dict[int, dict[bytes, bytes]]:
        """Partition -> newest value of each of its state records."""
        return {number: changelog.newest for number, changelog in self.changelogs.items()}

    def commit(
        self, writer: int, partition: int, outputs: list[OutputRecord], after: dict[str, int]
    ) -> None:
        """Let a transaction take effect."""
        self.write(partition, outputs)
        self.changelog(partition).end += 1  # the marker
        lost = self.losses.setdefault(partition, set())
        self.commits.append(Commit(partition, writer, after, outputs, "positions" in lost))
        if after:
            lost.clear()
            self.offsets[partition] = dict(after)
            self.positions[partition] = dict(after)
        elif "group" in lost:
            lost.add("positions")

    def write(self, partition: int, outputs: Iterable[OutputRecord]) -> None:
        """Append the records of one transaction."""
        for output in outputs:
            if output.topic == naming.STATE:
                changelog = self.changelog(partition)
                changelog.append(partition, output.key or b"", output.value, self.now)
            else:
                place = output.partition if output.partition >= 0 else self._placed(output)
                self.append(output.topic, place, output.key, output.value, output.headers)

    def _placed(self, output: OutputRecord) -> int:
        return partition_of((output.key or b"").decode(), self.layout.partitions)

    def lose_group(self, partition: int) -> None:
        """Lose the group's offsets of a partition."""
        self.offsets.pop(partition, None)
        self.losses.setdefault(partition, set()).add("group")

    def lose_changelog(self, partition: int, offset: int) -> None:
        """Lose a partition's changelog up to an offset."""
        self.changelog(partition).lose(offset)
