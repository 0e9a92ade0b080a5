"""The audit chain: every record is the next link of its tenant's, by its own bytes (settled.md 10)."""

from collections.abc import Iterator

from query.verify.log import Finding, Log, found
from schemas.codec import GENESIS_HASH, is_link


def check(log: Log) -> Iterator[Finding]:
    """Find records whose hash is not that of their bytes and of the record before.

    After a break the chain is followed on from the record's own hash, so that one altered record is one finding.
    After a hole it cannot be judged and is taken up again behind it: the hole is another check's finding.
    """
    for entries in log.by_tenant.values():
        previous, expected = GENESIS_HASH, 1
        for entry in entries:
            if entry.sequence < expected:
                continue  # a double
            is_next = entry.sequence == expected
            if is_next and not is_link(entry.value, entry.envelope, previous):
                yield found(
                    "CHAIN_BROKEN",
                    entry,
                    "its hash is not that of its content after the record before it",
                )
            previous, expected = entry.envelope.hash or b"", entry.sequence + 1
