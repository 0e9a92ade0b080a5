"""The seven record headers: CloudEvents binary mode and W3C trace context (settled.md 9).

Headers are a copy of what the envelope says, for routers that do not read Avro; a reader that finds a difference
refuses the record.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from schemas.messages.envelope import Envelope

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


def traceparent(trace_id: str, message_id: str) -> bytes:
    """Give the W3C traceparent: the span id is the message's own, its last 16 hex digits, sampled."""
    return f"00-{trace_id}-{message_id.replace('-', '')[-16:]}-01".encode()


def headers_of(envelope: Envelope, source: bytes = SOURCE) -> Headers:
    """Give the headers of a record with this envelope."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.event_id.encode()),
        ("ce_source", source),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", rfc3339(envelope.occurred_at)),
        ("traceparent", traceparent(envelope.trace_id, envelope.event_id)),
        ("content-type", CONTENT_TYPE),
    ]
