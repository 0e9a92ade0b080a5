"""Aggregates: versions 1…n without gap, so that nothing changed unseen (reliability.md I3)."""

from collections.abc import Iterator

from query.verify.log import Finding, Log, found
from schemas.catalogue import catalogue
from schemas.messages.workflow.facts import WorkflowInstanceArchived


def check(log: Log) -> Iterator[Finding]:
    """Find facts whose aggregate version is not the one after the last.

    An aggregate of which no state record is kept is a fact of its own: always version 1.
    """
    states = catalogue().of_kind("state")
    for entries in log.by_tenant.values():
        newest: dict[tuple[str, str], int] = {}
        for entry in entries:
            envelope = entry.envelope
            if envelope.kind != "event":
                continue
            name = envelope.aggregate_type or "", envelope.aggregate_id or ""
            expected = newest.get(name, 0) + 1 if name[0] in states else 1
            if envelope.aggregate_version != expected:
                yield found(
                    "VERSION_GAP",
                    entry,
                    f"{name[0]} {name[1]} is at version {envelope.aggregate_version}, expected {expected}",
                )
            newest[name] = envelope.aggregate_version or 0
            if isinstance(entry.payload, WorkflowInstanceArchived):
                del newest[
                    name
                ]  # its record is forgotten: an instance of that id would begin again
