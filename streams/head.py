"""Where a tenant's record of decisions stands, advanced by every sequenced record.

The live cycle and a rebuild from the facts advance it by the same function over the same envelopes, so they
agree by construction.
"""

from typing import Final

from schemas.codec import GENESIS_HASH
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.state import ContextSequence, TenantHead
from streams.layout import METERED
from streams.wiring import TenantTables
from topics.naming import REFUSALS

HEAD_ID: Final = "head"
"""Record id of the one TenantHead of a tenant."""

MINUTE_US: Final = 60_000_000
"""Window of quota commands.rate, microseconds."""


class Head:
    """A tenant's head while a cycle works on it."""

    __slots__ = (
        "catalogue_position",
        "command_count",
        "contexts",
        "decided_at",
        "hash",
        "rate_window_start",
        "sequence",
    )

    def __init__(self, record: TenantHead | None) -> None:
        self.sequence = record.sequence if record else 0
        self.hash = record.hash if record else GENESIS_HASH
        self.decided_at = record.decided_at if record else 0
        self.contexts = {c.context: c.sequence for c in record.context_sequences} if record else {}
        self.rate_window_start = record.rate_window_start if record else 0
        self.command_count = record.command_count if record else 0
        self.catalogue_position = record.catalogue_position if record else 0

    def next_in(self, context: str) -> int:
        """Give the contextSequence that the next record of that context gets."""
        return self.contexts.get(context, 0) + 1

    def advance(self, envelope: Envelope, context: str, digest: bytes) -> None:
        """Move past one sequenced record; ``digest`` is its hash."""
        if envelope.sequence is None or envelope.context_sequence is None:
            raise AssertionError(f"{envelope.event_id} is not part of a tenant's sequence")
        self.sequence = envelope.sequence
        self.hash = digest
        self.decided_at = envelope.occurred_at
        self.contexts[context] = envelope.context_sequence
        self.catalogue_position = envelope.catalogue_position or 0
        if envelope.ordinal == 0 and envelope.cause_topic in METERED:
            self._count(envelope.occurred_at)

    def _count(self, at: int) -> None:
        window = at - at % MINUTE_US
        if window != self.rate_window_start:
            self.rate_window_start, self.command_count = window, 0
        self.command_count += 1

    def record(self) -> TenantHead:
        """Give the state record."""
        return TenantHead(
            sequence=self.sequence,
            hash=self.hash,
            decided_at=self.decided_at,
            context_sequences=tuple(
                ContextSequence(context=name, sequence=self.contexts[name])
                for name in sorted(self.contexts)
            ),
            rate_window_start=self.rate_window_start,
            command_count=self.command_count,
            catalogue_position=self.catalogue_position,
        )


def read_head(tables: TenantTables) -> Head:
    """Give the tenant's head as the tables have it; a tenant without records starts at 0."""
    return Head(tables.get(TenantHead, HEAD_ID))


def context_of(schema_context: str, message_type: str) -> str:
    """Give the context whose sequence a record counts in: its own, or 'rejections'."""
    return "rejections" if message_type in REFUSALS else schema_context
