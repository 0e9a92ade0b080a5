"""Record headers of everything the control plane emits: CloudEvents binary mode and W3C trace context."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from schemas.messages.envelope import Envelope
from streams.records import Headers

SOURCE: Final = b"urn:factory:control-plane"
"""ce_source of everything the control plane emits."""
_VERSION: Final = b"1.0"
_AVRO: Final = b"application/avro"


@lru_cache(maxsize=1024)
def _ce_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _ce_time(micros: int) -> bytes:
    seconds, rest = divmod(micros, 1_000_000)
    return f"{_ce_second(seconds)}.{rest:06d}Z".encode()


def headers_of(envelope: Envelope) -> Headers:
    """Give the seven headers of a record of ours: CloudEvents binary mode and W3C trace context (settled.md 9)."""
    event_id = envelope.event_id
    span = event_id.replace("-", "")[-16:]
    return [
        ("ce_specversion", _VERSION),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", _ce_time(envelope.occurred_at)),
        ("traceparent", f"00-{envelope.trace_id}-{span}-01".encode()),
        ("content-type", _AVRO),
    ]
