"""Records that were fetched and wait for their turn: who may have how much of a cycle (ADR 10).

Deficit round robin by tenant: while several tenants have work, each gets its share of a cycle and what it sent beyond
that is held back here, in the order in which it came. One tenant's records keep their order in each topic; across
topics its results come before its commands. A tenant that is alone gets all of a cycle.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.ids import TenantId
from schemas.messages.runtime.state import TenantHead
from streams.ahead import SPAN
from streams.head import HEAD_ID
from streams.partition import Partition
from streams.records import InputRecord
from streams.wiring import Key
from topics import naming

HELD_MAX: Final = 8_000
"""Records that are held at most: beyond it nothing more is fetched, and fair share ends (settled.md 32)."""
HELD_BYTES_MAX: Final = 32_000_000
"""Bytes of records that are held at most: twice what one poll may bring."""
RECENT: Final = 100
"""Cycles for which a tenant that sent something counts as one that wants its share."""
FLOOD: Final = 0.8
"""Part of what came lately from which on a tenant is a flood to the others."""
_LATELY: Final = 0.95
"""What a record that came counts a cycle later: twenty cycles or so are lately."""
QUANTUM: Final = 4
"""Records that a tenant gets in its turn."""

STRANGERS: Final = b""
"""The lane of all keys that are no tenant of the partition: else whoever invents keys would get a share for each."""

Lane = dict[str, deque[InputRecord]]


class _Held:
    """What is held of one partition."""

    def __init__(self) -> None:
        self.lanes: dict[bytes, Lane] = {}
        self.reach: dict[str, int] = {}
        """Topic -> offset behind the newest record that was fetched."""
        self.has_moved = False
        """Whether records that were decided before were fetched again: the positions can pass them."""
        self.strangers: Counter[bytes | None] = Counter()

    def lowest(self, topic: str) -> int | None:
        """Give the oldest held offset of a topic."""
        offsets = [lane[topic][0].offset for lane in self.lanes.values() if lane.get(topic)]
        return min(offsets, default=None)

    def pop(self, name: bytes, topic: str) -> InputRecord:
        """Take the oldest record of a lane's topic."""
        lane = self.lanes[name]
        record = lane[topic].popleft()
        if not lane[topic]:
            del lane[topic]
        if not lane:
            del self.lanes[name]
        if name == STRANGERS:
            self.strangers[record.key] -= 1
            if not self.strangers[record.key]:
                del self.strangers[record.key]
        return record

    def lane_of(self, record: InputRecord, partition: Partition) -> bytes:
        """Give whose record it is. A key stays a stranger's while any of its records are held, for their order."""
        key = record.key
        if key is None or self.strangers[key] > 0:
            return STRANGERS
        try:
            tenant_id = TenantId(key.decode())
        except UnicodeDecodeError:
            return STRANGERS
        head = Key(tenant_id, TenantHead.__name__, HEAD_ID)
        return key if head in partition.store.entries else STRANGERS


class Backlog:
    """What this worker has fetched and not decided. ``order`` is the topics' order in a cycle."""

    def __init__(self, order: Iterable[str]) -> None:
        self._order = tuple(order)
        self._rank = {topic: rank for rank, topic in enumerate(self._order)}
        self._held: dict[int, _Held] = {}
        self._seen: dict[tuple[int, bytes], int] = {}
        self._came: dict[tuple[int, bytes], float] = {}
        self._cycle = 0
        self.count = 0
        self._bytes = 0

    def clear(self) -> None:
        """Forget everything: it is fetched again from the positions."""
        self._held.clear()
        self._seen.clear()
        self._came.clear()
        self.count = self._bytes = 0

    def room(self) -> int:
        """Give how many records may be fetched now; at least one, because a poll also keeps the group."""
        return max(1, HELD_MAX - self.count) if self._bytes < HELD_BYTES_MAX else 1

    @property
    def has_flood(self) -> bool:
        """Whether nearly all that came lately is of one tenant, and not the only one that wants its share."""
        came = self._came.values()
        return len(came) > 1 and max(came) > FLOOD * sum(came)

    def offer(self, records: Iterable[InputRecord], partitions: dict[int, Partition]) -> None:
        """Take what was fetched, each topic's in offset order; what is decided already is dropped (guard 10)."""
        for record in records:
            held = self._held.setdefault(record.partition, _Held())
            partition = partitions[record.partition]
            held.reach[record.topic] = record.offset + 1
            is_decided = record.offset in partition.ahead.get(record.topic, ())
            if is_decided or record.offset < partition.positions[record.topic]:
                held.has_moved = True
                continue
            name = held.lane_of(record, partition)
            held.lanes.setdefault(name, {}).setdefault(record.topic, deque()).append(record)
            if name == STRANGERS:
                held.strangers[record.key] += 1
            if record.topic != naming.CATALOGUE:
                whose = (record.partition, name)
                self._seen[whose] = self._cycle
                self._came[whose] = self._came.get(whose, 0.0) + 1
            self.count += 1
            self._bytes += _size(record)

    def decided_to(self, partition: Partition, tenant_id: TenantId, topic: str) -> int:
        """Give the offset below which nothing of a tenant in a topic waits to be decided, whatever waits of others."""
        position, held = partition.positions[topic], self._held.get(partition.number)
        key = tenant_id.encode()
        if held is None or held.strangers[key] > 0:
            return position
        mine = held.lanes.get(key, {}).get(topic)
        return mine[0].offset if mine else max(position, held.reach.get(topic, position))

    def _pop(self, held: _Held, name: bytes, topic: str) -> InputRecord:
        record = held.pop(name, topic)
        self.count -= 1
        self._bytes -= _size(record)
        return record

    def take(self, limit: int, share: int, *, fair: bool = True) -> list[InputRecord]:
        """Give the next cycle's records: at most about ``limit``, of one tenant ``share`` while others have work.

        The oldest of each topic is always among them, so that every commit moves a position (guard 5). Not ``fair``:
        in the order of the logs.
        """
        self._cycle += 1
        self._seen = {n: c for n, c in self._seen.items() if self._cycle - c <= RECENT}
        self._came = {n: _LATELY * self._came.get(n, 0.0) for n in self._seen}
        most = self._most(limit, share)
        taken = list(self._oldest())
        if not fair:
            taken += self._in_order(limit - len(taken))
        elif self.count:
            taken += self._in_turn(limit - len(taken), most, taken)
        taken.sort(key=lambda record: (self._rank[record.topic], record.offset))
        return taken

    def _most(self, limit: int, share: int) -> int:
        """Give the most that one tenant gets of a cycle.

        All of it where it is alone, an even part where all who have work have much of it; but no more than the share
        while somebody has little, because that one's answers wait for the cycle to end.
        """
        if len(self._seen) < 2:  # noqa: PLR2004 -- alone
            return limit
        has_quiet = any(self._held_of(number, name) <= share for number, name in self._seen)
        return share if has_quiet else max(share, limit // len(self._seen))

    def _held_of(self, number: int, name: bytes) -> int:
        held = self._held.get(number)
        lane = held.lanes.get(name, {}) if held is not None else {}
        return sum(len(records) for records in lane.values())

    def _oldest(self) -> Iterator[InputRecord]:
        """Take the oldest record of each topic, and the whole catalogue: that is nobody's share."""
        for held in self._held.values():
            for topic in self._order:
                while (lowest := held.lowest(topic)) is not None:
                    name = next(
                        n for n, lane in held.lanes.items()
                        if topic in lane and lane[topic][0].offset == lowest
                    )  # fmt: skip
                    yield self._pop(held, name, topic)
                    if topic != naming.CATALOGUE:
                        break

    def _in_order(self, limit: int) -> Iterator[InputRecord]:
        while limit > 0 and self.count:
            some = list(self._oldest())
            limit -= len(some)
            yield from some

    def _in_turn(self, limit: int, most: int, taken: list[InputRecord]) -> Iterator[InputRecord]:
        """Let each tenant have some in its turn, until the cycle is full or each has its share or nothing more."""
        first = {(record.partition, record.topic): record.offset for record in reversed(taken)}
        got: Counter[tuple[int, bytes]] = Counter()
        waiting = deque(
            (number, name) for number, held in self._held.items() for name in held.lanes
        )
        waiting.rotate(-self._cycle)
        while waiting and limit > 0:
            number, name = waiting.popleft()
            turn = min(QUANTUM, most - got[number, name], limit)
            some = list(self._of_lane(number, name, turn, first))
            got[number, name] += len(some)
            limit -= len(some)
            yield from some
            if len(some) == turn > 0:
                waiting.append((number, name))

    def _of_lane(
        self, number: int, name: bytes, turn: int, first: dict[tuple[int, str], int]
    ) -> Iterator[InputRecord]:
        held = self._held[number]
        for _ in range(turn):
            lane = held.lanes.get(name, {})
            topic = next(
                (
                    topic
                    for topic in self._order
                    if topic in lane and lane[topic][0].offset < first[number, topic] + SPAN
                ),
                None,
            )
            if topic is None:
                return
            yield self._pop(held, name, topic)

    def reach(self, number: int, pending: Iterable[InputRecord]) -> dict[str, int]:
        """Give the positions of a partition once all is decided but what is held and what is ``pending``."""
        held = self._held[number]
        found = {topic: held.lowest(topic) for topic in held.reach}
        for record in pending:
            if record.partition == number:
                known = found[record.topic]
                found[record.topic] = record.offset if known is None else min(known, record.offset)
        return {t: held.reach[t] if lowest is None else lowest for t, lowest in found.items()}

    def moved(self) -> list[int]:
        """List, once, the partitions of which only decided records were fetched again: their positions may move."""
        found = [number for number, held in self._held.items() if held.has_moved]
        for number in found:
            self._held[number].has_moved = False
        return found


def _size(record: InputRecord) -> int:
    return len(record.value or b"")
