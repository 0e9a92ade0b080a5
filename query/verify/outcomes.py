"""Every command has exactly one end: a whole outcome, a dead letter, or the word that it came again (settled.md 2)."""

from collections.abc import Iterator

from query.verify.log import Cause, Entry, Finding, Log, found


def check(log: Log) -> Iterator[Finding]:
    """Find commands without an end or with two, and outcomes of which a part is missing.

    Commands behind the workers' positions are not judged yet.
    """
    for entries in log.by_cause.values():
        yield from _whole(entries)
    for entry in log.commands:
        if entry.position.offset < log.decided.get(entry.position.topic, 0):
            yield from _one_end(log, entry)
    for position in log.unreadable_inputs:
        if position.offset < log.decided.get(position.topic, 0):
            letters = len(log.dead_sources.get(position, ()))
            if letters != 1:
                yield Finding(
                    "NO_OUTCOME" if letters == 0 else "TWO_OUTCOMES",
                    str(position),
                    "",
                    f"an unreadable record has {letters} dead letters",
                )


def _whole(entries: list[Entry]) -> Iterator[Finding]:
    """Find outcomes whose records are not ordinals 0…n-1 of the n that each names."""
    first = entries[0]
    count = first.envelope.outcome_count or 0
    ordinals = [entry.envelope.ordinal for entry in entries]
    if any(entry.envelope.outcome_count != count for entry in entries):
        yield found("OUTCOME_DIFFERS", first, "its records name different counts")
    elif sorted(number for number in ordinals if number is not None) != list(range(count)):
        yield found(
            "OUTCOME_INCOMPLETE",
            entries[-1],
            f"its outcome has {len(entries)} of {count} records: ordinals {ordinals}",
        )
    rejections = [entry for entry in entries if entry.envelope.kind == "rejection"]
    if len(rejections) > 1 or (rejections and rejections[0] is not entries[-1]):
        yield found(
            "TWO_OUTCOMES", rejections[-1], "an outcome has one refusal, as its last record"
        )


def _one_end(log: Log, entry: Entry) -> Iterator[Finding]:
    place: Cause = entry.position
    outcome = log.by_cause.get(place, [])
    ends = (
        bool(outcome) + len(log.dead_sources.get(place, ())) + len(log.repeat_causes.get(place, ()))
    )
    what = f"{entry.envelope.event_type} {entry.envelope.event_id}"
    if ends == 0:
        yield found("NO_OUTCOME", entry, f"{what} was decided without an outcome")
    elif ends > 1:
        yield found("TWO_OUTCOMES", entry, f"{what} has {ends} ends")
