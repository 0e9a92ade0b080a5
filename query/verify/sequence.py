"""Order and completeness: sequences without hole or double, in the order of the topics (settled.md 8, 12)."""

from collections import defaultdict
from collections.abc import Iterator

from query.verify.log import Entry, Finding, Log, found


def check(log: Log) -> Iterator[Finding]:
    """Find holes, doubles and wrong places of ``sequence`` and ``contextSequence``, and ids that occur twice."""
    for entries in log.by_tenant.values():
        yield from _sequences(entries)
    yield from _contexts(log)
    yield from _ids(log)


def _sequences(entries: list[Entry]) -> Iterator[Finding]:
    expected = 1
    for entry in entries:
        if entry.sequence < expected:
            yield found("SEQUENCE_DOUBLED", entry, f"sequence {entry.sequence} occurs again")
            continue
        if entry.sequence > expected:
            missing = _span(expected, entry.sequence - 1)
            yield found("SEQUENCE_MISSING", entry, f"{missing} is missing before this record")
        expected = entry.sequence + 1


def _contexts(log: Log) -> Iterator[Finding]:
    """Find what a reader of one context would miss: each tenant's records there are 1…n in the topic's order."""
    expected: dict[tuple[str, str], int] = defaultdict(lambda: 1)
    newest: dict[tuple[str, str], int] = defaultdict(int)
    for entry in log.facts:
        place = entry.envelope.tenant_id, entry.position.topic
        number = entry.envelope.context_sequence or 0
        if entry.sequence < newest[place]:
            yield found(
                "OUT_OF_ORDER",
                entry,
                f"sequence {entry.sequence} lies behind sequence {newest[place]}",
            )
        newest[place] = max(newest[place], entry.sequence)
        if number > expected[place]:
            missing = _span(expected[place], number - 1)
            yield found(
                "CONTEXT_SEQUENCE_MISSING", entry, f"context {missing} is missing before it"
            )
        elif number < expected[place]:
            yield found(
                "CONTEXT_SEQUENCE_DOUBLED", entry, f"context sequence {number} is not the next"
            )
        expected[place] = max(expected[place], number + 1)


def _ids(log: Log) -> Iterator[Finding]:
    seen: dict[str, Entry] = {}
    for entry in log.facts:
        earlier = seen.setdefault(entry.envelope.event_id, entry)
        if earlier is not entry:
            yield found(
                "EVENT_DOUBLED",
                entry,
                f"{entry.envelope.event_id} lies at {earlier.position} already",
            )


def _span(first: int, last: int) -> str:
    return f"sequence {first}" if first == last else f"sequence {first} to {last}"
