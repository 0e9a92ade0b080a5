"""Input records that were decided ahead of others before them in their log: what fair share leaves behind (ADR 10).

A position says that everything below it is decided. Where a tenant's records are held back, those of others behind
them are decided first; they stand beside the position until it has passed them.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from schemas.codec import encode_state
from schemas.messages.runtime.state import InputPosition, InputPositions, OffsetRun
from streams.records import OutputRecord
from streams.state_key import POSITIONS_KEY
from topics import naming

Ahead = dict[str, frozenset[int]]
"""Input topic -> offsets at or above its position that are decided; topics without any are left out."""

SPAN: Final = 4096
"""How far ahead of the oldest record that is held a record may be decided, in offsets: bounds what a position record
holds (in the worst case 2,048 runs, about 10 KB) and what a rebuild looks at again."""


def runs(offsets: Iterable[int]) -> tuple[OffsetRun, ...]:
    """Give the offsets as runs of following ones, in order."""
    ordered = sorted(offsets)
    if not ordered:
        return ()
    starts = [ordered[0], *(b for a, b in pairwise(ordered) if b != a + 1)]
    ends = [*(a for a, b in pairwise(ordered) if b != a + 1), ordered[-1]]
    return tuple(
        OffsetRun(first=first, count=last - first + 1)
        for first, last in zip(starts, ends, strict=True)
    )


def offsets_of(kept: Iterable[OffsetRun]) -> frozenset[int]:
    """Give the offsets of runs."""
    return frozenset(offset for run in kept for offset in range(run.first, run.first + run.count))


def beyond(positions: dict[str, int], *decided: Mapping[str, Iterable[int]]) -> Ahead:
    """Give what of the decided offsets is not below the positions."""
    found = {
        topic: frozenset(
            offset for some in decided for offset in some.get(topic, ()) if offset >= position
        )
        for topic, position in positions.items()
    }
    return {topic: offsets for topic, offsets in found.items() if offsets}


def positions_record(
    partition: int,
    positions: dict[str, int],
    *,
    ahead: Ahead | None = None,
    complete_from: int,
    state_records: int,
    partitions: int = 0,
    lease_key: str = "",
    is_rebuilt: bool = False,
) -> OutputRecord:
    """Give the record that keeps a partition's input positions with its state (guard 16).

    It also says what the state needs to be whole: the changelog from ``complete_from`` on, so many records; and
    under how many partitions and which lease key it was written, for start.py; and whether a rebuild wrote it.
    """
    record = InputPositions(
        positions=tuple(
            InputPosition(
                topic=topic,
                next_offset=positions[topic],
                decided_ahead=runs((ahead or {}).get(topic, ())),
            )
            for topic in sorted(positions)
        ),
        complete_from=complete_from,
        state_records=state_records,
        partitions=partitions,
        lease_key=lease_key,
        rebuilt=is_rebuilt,
    )
    return OutputRecord(naming.STATE, partition, POSITIONS_KEY, encode_state(record, 0), None)
