"""A tenant's order across topics: what may be shown, and what must wait for its predecessor.

The facts of one tenant lie on several topics, which a consumer reads at different speeds. A record becomes visible
only when every lower ``sequence`` of its tenant is visible, so that an effect never shows without its cause
(settled.md 12). Pure: no clock, no Kafka, no database.
"""

from collections.abc import Iterator
from typing import NamedTuple

from query.record import Sequenced

Partition = tuple[str, int]
"""(topic, partition)."""


class Head(NamedTuple):
    """How far a tenant is visible: its newest contiguous record."""

    tenant_id: str
    sequence: int
    partition: int
    occurred_at: int
    """Decision time of that record, micros."""
    hash: bytes | None
    """Audit chain up to and with that record."""


class Order:
    """Releases records in each tenant's order and holds back what runs ahead.

    ``safe`` gives the offset to go on from after a restart: the first held record of the partition, so that nothing
    held is lost; what is read again then is known by its sequence and dropped.
    """

    def __init__(self, heads: dict[str, int] | None = None) -> None:
        self._next: dict[str, int] = {t: s + 1 for t, s in (heads or {}).items()}
        self._held: dict[str, dict[int, Sequenced]] = {}
        self._places: dict[Partition, dict[int, None]] = {}
        self._behind: dict[Partition, int] = {}
        self.held_count = 0
        self.repeated_count = 0
        """Records dropped because their sequence was visible already."""

    def offer(self, record: Sequenced) -> Iterator[Sequenced]:
        """Take a record and give those that are visible now, in order; a repeat gives none."""
        tenant_id = record.envelope.tenant_id
        self.passed(record.position.topic, record.position.partition, record.position.offset + 1)
        expected = self._next.get(tenant_id, 1)
        if record.sequence != expected:
            self._hold(record, expected)
            return
        held = self._held.get(tenant_id)
        self._next[tenant_id] = expected + 1
        yield record
        while held:
            expected += 1
            following = held.pop(expected, None)
            if following is None:
                break
            self._next[tenant_id] = expected + 1
            self._release(following)
            yield following
        if held is not None and not held:
            del self._held[tenant_id]

    def passed(self, topic: str, partition: int, next_offset: int) -> None:
        """Note how far a partition was read; records without a sequence move it too."""
        self._behind[topic, partition] = next_offset

    def safe(self) -> dict[Partition, int]:
        """Give, for each partition read, the offset to begin at after a restart."""
        return {
            place: next(iter(self._places.get(place) or (behind,)))
            for place, behind in self._behind.items()
        }

    def ahead(self) -> set[Partition]:
        """Give the partitions that hold records back: they have run ahead of the others."""
        return {place for place, offsets in self._places.items() if offsets}

    def waiting(self) -> dict[str, int]:
        """Give tenant -> sequence that is missing, for tenants with records held back."""
        return {tenant_id: self._next.get(tenant_id, 1) for tenant_id in self._held}

    def _hold(self, record: Sequenced, expected: int) -> None:
        held = self._held.get(record.envelope.tenant_id, {})
        if record.sequence < expected or record.sequence in held:
            self.repeated_count += 1
            return
        self._held[record.envelope.tenant_id] = held
        held[record.sequence] = record
        place = record.position.topic, record.position.partition
        self._places.setdefault(place, {})[record.position.offset] = None
        self.held_count += 1

    def _release(self, record: Sequenced) -> None:
        del self._places[record.position.topic, record.position.partition][record.position.offset]
        self.held_count -= 1
