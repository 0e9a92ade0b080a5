"""The bytes of every kind of record, kept: a change of the codec or of a released schema shows here.

``python -m tests.golden.test_bytes`` writes the file anew; that is a commit of its own, which says why.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import (
    GENESIS_HASH,
    decode_envelope,
    decode_payload,
    decode_state,
    encode_envelope,
    encode_payload,
    encode_state,
    seal,
)
from schemas.ids import PrincipalId, TenantId
from schemas.messages.envelope import Envelope
from schemas.naming import snake
from tests.released import released

FILE = Path(__file__).with_name("bytes.json")
KINDS = ("command", "fact", "state", "message")


def sample(schema: Any, name: str = "") -> Any:
    """Give a value of an Avro type that follows from the field's name alone, null where that is allowed."""
    if isinstance(schema, list):
        return None
    kind = schema if isinstance(schema, str) else schema["type"]
    if isinstance(kind, dict):
        return sample(kind, name)
    if kind == "record":
        return {f["name"]: sample(f["type"], f["name"]) for f in schema["fields"]}
    if kind == "array":
        return [sample(schema["items"], name)]
    if kind == "enum":
        return schema["symbols"][-1]
    if kind == "fixed":
        return (name.encode() * schema["size"])[: schema["size"]]
    simple = {"string": f"{name} ü", "boolean": True, "bytes": b"\x01\x02"}
    return simple.get(kind, len(name) * 1000 + 7)


def records() -> dict[str, str]:
    """Give "kind Name vN" -> payload bytes in hex for a sample of every released message."""
    out = {}
    for kind in KINDS:
        for name, entry in sorted(released(kind).items()):
            plain = sample(entry.physical)
            record = _record(entry.type, plain, entry)
            out[f"{kind} {name} v{entry.version}"] = encode_payload(record)[1].hex()
    return out


def _record(kind: type[msgspec.Struct], plain: dict[str, Any], entry: Any) -> msgspec.Struct:
    """Build a record without its rules: a sample need not obey patterns, bytes are what is kept."""
    for path in entry.money:
        _set(plain, path)
    return _built(kind, plain)


def _set(value: Any, path: tuple[str, ...]) -> None:
    for index, step in enumerate(path):
        if value is None:
            return
        if step == "*":
            for item in value:
                _set(item, path[index + 1 :])
            return
        if index == len(path) - 1:
            value[step] = None if value[step] is None else 1_234_567
        else:
            value = value[step]


def _built(kind: type[msgspec.Struct], plain: dict[str, Any]) -> msgspec.Struct:
    hints = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values = {snake(name): _value(hints[name].type, value) for name, value in plain.items()}
    return kind(**values)


def _value(hint: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return _built(_struct_in(hint), value)
    if isinstance(value, list):
        return tuple(_value(hint, item) for item in value)
    return value


def _struct_in(hint: Any) -> type[msgspec.Struct]:
    """Give the record class inside a type hint."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    found = [_struct_in(arg) for arg in getattr(hint, "__args__", ()) if _holds(arg)]
    return found[0]


def _holds(hint: Any) -> bool:
    if isinstance(hint, type) and not getattr(hint, "__args__", ()):
        return issubclass(hint, msgspec.Struct)
    return any(_holds(arg) for arg in getattr(hint, "__args__", ()))


def envelope(**changes: Any) -> Envelope:
    """Give an envelope with every field set."""
    return Envelope(
        event_id="evt-1", event_type="Sample", kind="event", tenant_id=TenantId("acme"), trace_id="0" * 32,
        correlation_id="corr-1", causation_id="cmd-1", occurred_at=1_767_225_600_000_000, actor_type="system",
        actor_id=PrincipalId("factory"), aggregate_type="Sample", aggregate_id="s-1", aggregate_version=3,
        sequence=12, context_sequence=4, cause_topic="cp.commands.v1", cause_partition=5, cause_offset=99,
        ordinal=0, outcome_count=2, catalogue_position=44, payload_schema_id=7, payload=b"payload", **changes,
    )  # fmt: skip


def frames() -> dict[str, str]:
    """Give the framed envelope, the sealed fact and a state entry in hex."""
    value, digest = seal(envelope(), GENESIS_HASH)
    head = _record(*_named("state", "TenantHead"))
    return {
        "envelope": encode_envelope(envelope()).hex(),
        "sealed": value.hex(),
        "hash": digest.hex(),
        "stateEntry": encode_state(head, 9).hex(),
    }


def _named(kind: str, name: str) -> tuple[Any, Any, Any]:
    entry = released(kind)[name]
    return entry.type, sample(entry.physical), entry


GOLDEN: dict[str, dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else {}


def test_every_message_is_written_in_the_kept_bytes() -> None:
    assert records() == GOLDEN["records"]


def test_frames_and_the_chain_are_the_kept_bytes() -> None:
    assert frames() == GOLDEN["frames"]


@pytest.mark.parametrize("name", sorted(GOLDEN.get("records", {})))
def test_kept_bytes_are_read_and_written_the_same(name: str) -> None:
    kind, message, _version = name.split()
    entry = released(kind)[message]
    plain = sample(entry.physical)
    raw = bytes.fromhex(GOLDEN["records"][name])
    assert encode_payload(_record(entry.type, plain, entry))[1] == raw


def test_a_sealed_record_and_a_state_entry_are_read_back() -> None:
    assert decode_envelope(bytes.fromhex(GOLDEN["frames"]["sealed"])).payload == b"payload"
    record, version = decode_state(bytes.fromhex(GOLDEN["frames"]["stateEntry"]))
    assert (type(record).__name__, version) == ("TenantHead", 9)
    timer = released("command")["FireTimer"]
    raw = bytes.fromhex(GOLDEN["records"]["command FireTimer v1"])
    assert decode_payload(timer.id, raw) == _record(*_named("command", "FireTimer"))


if __name__ == "__main__":
    kept = {"frames": frames(), "records": records()}
    FILE.write_text(json.dumps(kept, indent=1) + "\n")
