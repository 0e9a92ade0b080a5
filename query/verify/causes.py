"""Cause and effect: each record names its cause truly, is of the cause's tenant, and comes in the order of causes."""

from collections.abc import Iterator

from query.verify.log import Cause, Entry, Finding, Log, found
from topics.partition import partition_of


def check(log: Log) -> Iterator[Finding]:
    """Find records under a wrong key or partition, of another tenant than their cause, or before an earlier cause."""
    commands: dict[Cause, Entry] = {entry.position: entry for entry in log.commands}
    for entry in log.facts:
        yield from _place(entry)
        yield from _named(log, commands, entry)
    for entries in log.by_tenant.values():
        yield from _order(entries)


def _place(entry: Entry) -> Iterator[Finding]:
    tenant_id = entry.envelope.tenant_id
    if entry.key != tenant_id.encode():
        yield found("WRONG_TENANT", entry, f"its key is {entry.key!r}, its tenant {tenant_id}")
    expected = partition_of(tenant_id)
    if entry.position.partition != expected:
        yield found("WRONG_PARTITION", entry, f"tenant {tenant_id} belongs on partition {expected}")


def _named(log: Log, commands: dict[Cause, Entry], entry: Entry) -> Iterator[Finding]:
    """Compare a record with the cause that it names: there, the one named, of the same tenant."""
    place = entry.cause
    if place is None:
        yield found("NO_CAUSE", entry, "it names no cause")
        return
    if place[1] != entry.position.partition:
        yield found("CAUSE_DIFFERS", entry, f"its cause lies on partition {place[1]}")
    command = commands.get(place)
    if command is None:
        first = log.first_offsets.get(place[0])
        if first is not None and first <= place[2]:
            yield found("CAUSE_MISSING", entry, f"its cause {_text(place)} is not there")
        return
    if command.envelope.tenant_id != entry.envelope.tenant_id:
        yield found(
            "WRONG_TENANT", entry, f"its cause {_text(place)} is of {command.envelope.tenant_id}"
        )
    elif command.envelope.event_id != entry.envelope.causation_id:
        yield found(
            "CAUSE_DIFFERS", entry, f"its cause {_text(place)} is {command.envelope.event_id}"
        )


def _order(entries: list[Entry]) -> Iterator[Finding]:
    """Along a tenant's sequence the causes of one input topic come in offset order, and time does not go back."""
    newest: dict[str, int] = {}
    last_at = 0
    for entry in entries:
        if entry.envelope.occurred_at < last_at:
            yield found("TIME_GOES_BACK", entry, "it was decided before the record before it")
        last_at = max(last_at, entry.envelope.occurred_at)
        if entry.cause is None:
            continue
        topic, _, offset = entry.cause
        if offset < newest.get(topic, 0):
            yield found(
                "CAUSE_OUT_OF_ORDER",
                entry,
                f"its cause {_text(entry.cause)} was decided after {topic} {newest[topic]}",
            )
        newest[topic] = max(newest.get(topic, 0), offset)


def _text(place: Cause) -> str:
    return ":".join(map(str, place))
