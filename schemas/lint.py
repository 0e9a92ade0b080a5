"""Rules that every schema file obeys, and what breaking each would hurt (wire.md §3, reliability.md R6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.generate import AVRO, ROOT, avsc_files

Schema = dict[str, Any]
DECIMAL: Final = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 6}
ALLOWED_LOGICAL: Final = ("decimal", "timestamp-micros")
PRIMITIVES: Final = frozenset({"string", "long", "int", "boolean", "bytes"})
MESSAGE_KINDS: Final = ("envelope", "command", "fact", "state", "message")


class LintFinding(NamedTuple):
    """One rule broken by one file."""

    file: str
    path: str
    rule: str


def lint_all() -> list[LintFinding]:
    """Check every schema file."""
    return [finding for _, _, _, path in avsc_files() for finding in lint_file(path)]


def lint_file(path: Path) -> list[LintFinding]:
    """Check one schema file."""
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(AVRO) else path.name
    schema = json.loads(path.read_text(encoding="utf-8"))
    return [LintFinding(file, where, rule) for where, rule in lint(schema, path.name.split(".")[0])]


def lint(schema: Schema, name: str) -> Iterator[tuple[str, str]]:
    """Give (path, rule) of every rule that the schema breaks; ``name`` is what its file is called."""
    if schema.get("name") != name:
        yield "name", f"the record is named as its file: {name}"
    if schema.get("messageKind") not in MESSAGE_KINDS:
        yield "messageKind", f"one of {', '.join(MESSAGE_KINDS)}"
    yield from _aggregate(schema)
    yield from _record(schema, name, ())


def _aggregate(schema: Schema) -> Iterator[tuple[str, str]]:
    if schema.get("messageKind") != "fact" or schema.get("name") == "CommandRejected":
        return
    aggregate = schema.get("aggregate", {})
    names = {field["name"] for field in schema.get("fields", ())}
    if aggregate.get("id") not in names or not aggregate.get("type"):
        yield "aggregate", "a fact names its aggregate's type and the field that holds its id"


def _record(schema: Schema, where: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not schema.get("doc"):
        yield where, "a record has a doc"
    if schema["name"] in above:
        yield where, "no recursion: nested input would end the process"
        return
    for field in schema["fields"]:
        path = f"{where}.{field['name']}"
        if not field.get("doc"):
            yield path, "a field has a doc, with its unit"
        yield from _type(field["type"], path, (*above, schema["name"]))
        if isinstance(field["type"], list) and field.get("default", "") is not None:
            yield path, "a nullable field has the default null"


def _type(avro: Any, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(avro, list):
        if len(avro) != 2 or avro[0] != "null":  # noqa: PLR2004 - null and one other
            yield path, "a union is [null, X] and nothing else"
        yield from _type(avro[-1], path, above)
    elif isinstance(avro, str):
        if avro in above:
            yield path, "no recursion: nested input would end the process"
        elif avro not in PRIMITIVES:
            yield path, f"{avro} is not used: string, long, int, boolean, bytes or an inline record"
    else:
        yield from _complex(avro, path, above)


def _complex(avro: Schema, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    logical = avro.get("logicalType")
    if logical is not None and logical not in ALLOWED_LOGICAL:
        yield path, f"logical type {logical} is not used"
    if logical == "decimal" and {k: avro.get(k) for k in DECIMAL} != DECIMAL:
        yield path, "money is decimal(18,6) in bytes"
    kind = avro["type"]
    if kind == "record":
        yield from _record(avro, path, above)
    elif kind == "array":
        if _is_empty(avro["items"]):
            yield path, "no array of items that take no bytes: five bytes could become millions"
        yield from _type(avro["items"], f"{path}[]", above)
    elif kind == "map":
        yield path, "no maps: their order is not defined and columnar readers refuse them"
    elif kind not in ("enum", "fixed") and not isinstance(kind, dict):
        yield from _type(kind, path, above)


def _is_empty(items: Any) -> bool:
    """Tell whether a value of the type may take no bytes at all."""
    if items == "null":
        return True
    if isinstance(items, dict) and items["type"] == "record":
        return all(_is_empty(f["type"]) for f in items["fields"])
    return isinstance(items, dict) and items["type"] == "fixed" and items["size"] == 0
