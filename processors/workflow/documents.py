"""JSON documents of an instance: canonical text, bounded in length and depth (settled.md 23)."""

from typing import Any, Final

import msgspec

from processors.workflow.fault import LIMIT, fault
from processors.workflow.limits import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX

NULL: Final = "null"


def decode(text: str) -> Any:
    """Give the value of a document that was encoded here, or was checked against a schema."""
    return msgspec.json.decode(text)


def encode(value: Any) -> str:
    """Give canonical JSON: sorted keys, no spaces. Raises StepFaultError LIMIT_EXCEEDED beyond a bound."""
    raw = msgspec.json.encode(value, order="sorted")
    if len(raw) > DOCUMENT_BYTES_MAX:
        message = f"a document has {len(raw)} bytes, at most {DOCUMENT_BYTES_MAX}"
        raise fault(LIMIT, message, fatal=True)
    brackets = raw.count(b"[") + raw.count(b"{")  # never fewer than the depth, and quickly counted
    if brackets > DOCUMENT_DEPTH_MAX and _depth(value) > DOCUMENT_DEPTH_MAX:
        raise fault(LIMIT, f"a document is nested deeper than {DOCUMENT_DEPTH_MAX}", fatal=True)
    return raw.decode()


def _depth(value: Any) -> int:
    """Give how deep lists and objects are nested, counted layer by layer."""
    depth, layer = 0, [value]
    while layer := [item for item in layer if isinstance(item, list | tuple | dict)]:
        depth += 1
        layer = [inner for item in layer for inner in _members(item)]
    return depth


def _members(item: Any) -> list[Any]:
    return list(item.values()) if isinstance(item, dict) else list(item)
