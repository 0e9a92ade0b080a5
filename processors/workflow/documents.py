"""JSON documents of an instance: canonical text, bounded (settled.md 23)."""

from typing import Any

import msgspec

from processors.workflow.fault import LIMIT, fault
from processors.workflow.limits import DOCUMENT_BYTES_MAX

NULL = "null"


def decode(text: str) -> Any:
    """Give the value of a document that was encoded here."""
    return msgspec.json.decode(text)


def encode(value: Any) -> str:
    """Give canonical JSON: sorted keys, no spaces.

    Raises StepFaultError: LIMIT_EXCEEDED where it is too long, ``expression`` where a value has no JSON form.
    """
    try:
        raw = msgspec.json.encode(value, order="sorted")
    except (TypeError, ValueError, RecursionError) as error:
        raise fault("expression", "the value has no JSON form") from error
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise fault(
            LIMIT, f"a document has {len(raw)} bytes, at most {DOCUMENT_BYTES_MAX}", fatal=True
        )
    return raw.decode()
