"""Compatibility of released versions: FULL_TRANSITIVE, every version readable by every other (settled.md 33).

Replay from offset 0 is a promised use, so a new version must read every old record; consumers upgrade when they
like, so an old version must read every new one. Two checks for each pair: the reference implementation's rules, and
records written under one version and read under the other.
"""

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.utils import generate_one

from schemas.generate import avsc_files

Schema = dict[str, Any]


class Incompatibility(NamedTuple):
    """A pair of versions of one subject of which one cannot read the other."""

    subject: str
    writer: int
    reader: int
    reason: str


def incompatibilities() -> list[Incompatibility]:
    """Check every ordered pair of versions of every subject."""
    versions: dict[str, dict[int, Schema]] = defaultdict(dict)
    for context, name, version, path in avsc_files():
        versions[f"{context}.{name}"][version] = json.loads(path.read_text(encoding="utf-8"))
    return [
        Incompatibility(subject, writer, reader, reason)
        for subject, known in sorted(versions.items())
        for writer, reader in permutations(sorted(known), 2)
        if (reason := why_unreadable(known[writer], known[reader]))
    ]


def why_unreadable(writer: Schema, reader: Schema) -> str:
    """Give why records of ``writer`` cannot be read under ``reader``, or '' where they can."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(parse(json.dumps(reader)), parse(json.dumps(writer)))
    if result.compatibility is not SchemaCompatibilityType.compatible:
        return "; ".join(sorted(result.messages)) or "incompatible"
    written, read = dict(_meanings(writer)), dict(_meanings(reader))
    changed = sorted(p for p in written.keys() & read.keys() if written[p] != read[p])
    if changed:
        return f"the logical type of {', '.join(changed)} differs"
    return _why_sample_fails(writer, reader)


def _meanings(avro: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give (path, logical type with its scale) of every place: the checker's rules do not look at these."""
    if isinstance(avro, list):
        for branch in avro:
            yield from _meanings(branch, path)
    elif isinstance(avro, dict):
        yield path, (avro.get("logicalType"), avro.get("precision"), avro.get("scale"))
        for field in avro.get("fields", ()):
            yield from _meanings(field["type"], f"{path}.{field['name']}")
        yield from _meanings(avro.get("items"), f"{path}[]")


def _why_sample_fails(writer: Schema, reader: Schema) -> str:
    """Write a generated record under one schema, read it under the other, compare the fields that both have."""
    parsed_writer, parsed_reader = parse_schema(writer), parse_schema(reader)
    sample: Any = generate_one(parsed_writer)
    raw = io.BytesIO()
    schemaless_writer(raw, parsed_writer, sample)
    raw.seek(0)
    try:
        read: Any = schemaless_reader(raw, parsed_writer, parsed_reader)
    except Exception as error:  # noqa: BLE001 - fastavro raises unrelated classes
        return f"a sample does not decode: {error}"
    shared = {f["name"] for f in writer["fields"]} & {f["name"] for f in reader["fields"]}
    raw.seek(0)
    plain: Any = schemaless_reader(raw, parsed_writer, None)
    changed = sorted(name for name in shared if not _same(read[name], plain[name]))
    return f"a sample changes in {', '.join(changed)}" if changed else ""


def _same(one: Any, other: Any) -> bool:
    """Compare decoded values; a record read under a newer schema may have more fields."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_same(one[key], other[key]) for key in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
