"""The seven record headers: CloudEvents binary mode and W3C trace context (settled.md 9).

Headers are a copy of what the envelope says, for routers that do not read Avro; a reader that finds a difference
refuses the record.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from schemas.messages.envelope import Envelope
from topics.trace_context import TraceContext, decision_span, own_span

CONTENT_TYPE: Final = b"application/avro"
SOURCE: Final = b"urn:factory:control-plane"
"""ce_source of what the control plane emits."""

Headers = list[tuple[str, str | bytes | None]]


@lru_cache(maxsize=4096)
def rfc3339(micros: int) -> bytes:
    """Give microseconds since 1970-01-01 UTC as RFC 3339 text; the facts of one decision share an instant."""
    seconds, rest = divmod(micros, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:06d}Z".encode()


def span_of(envelope: Envelope) -> str:
    """Give the span that whoever reads the record hangs under: the record's own, or of a fact its decision."""
    if envelope.kind in {"event", "rejection"}:
        return decision_span(envelope.causation_id or envelope.event_id)
    return own_span(envelope.event_id)


def headers_of(envelope: Envelope, source: bytes = SOURCE, span_id: str | None = None) -> Headers:
    """Give the headers of a record with this envelope; ``span_id`` where its reader hangs under another span."""
    parent = TraceContext(envelope.trace_id, span_id or span_of(envelope))
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.event_id.encode()),
        ("ce_source", source),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", rfc3339(envelope.occurred_at)),
        ("traceparent", parent.traceparent.encode()),
        ("content-type", CONTENT_TYPE),
    ]
