"""The schema catalogue: ids, types and writers of every released message, read once from the lock file.

Readers find a writer schema here by the id in the record and nowhere else (reliability.md R6).
Numbers are decoded in their physical form, so an instant is an ``int`` of microseconds and money an
``int`` of 10^-6 units: the bytes are the same, the conversion to ``datetime`` and ``Decimal`` happens at
the edges only.
"""

import importlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastavro import parse_schema
from msgspec import Struct

ROOT: Final = Path(__file__).parent
_MODULES: Final = {"command": "commands", "fact": "facts", "state": "state", "message": "messages"}


FieldPath = tuple[str, ...]
"""Wire names from the record down to a field; '*' steps into an array."""


class Entry(NamedTuple):
    """One released schema: its registry id, where it belongs, its parsed form and its Python type."""

    id: int
    context: str
    name: str
    version: int
    kind: str
    type: type[Struct]
    physical: Any
    aggregate: tuple[str, str] | None
    money: tuple[FieldPath, ...]
    """Where the record holds decimals."""
    instants: tuple[FieldPath, ...]
    """Where the record holds instants."""


def _strip(avro: Any) -> Any:
    """Give the schema without logical types; custom properties stay, readers ignore them."""
    if isinstance(avro, dict):
        return {k: _strip(v) for k, v in avro.items() if k not in ("logicalType", "doc")}
    return [_strip(item) for item in avro] if isinstance(avro, list) else avro


def _paths(avro: Any, logical: str, path: FieldPath = ()) -> list[FieldPath]:
    """List the paths of the fields with a logical type."""
    if isinstance(avro, list):
        return [p for branch in avro for p in _paths(branch, logical, path)]
    if not isinstance(avro, dict):
        return []
    if avro.get("logicalType") == logical:
        return [path]
    if avro["type"] == "array":
        return _paths(avro["items"], logical, (*path, "*"))
    if avro["type"] == "record":
        fields = avro["fields"]
        return [p for f in fields for p in _paths(f["type"], logical, (*path, f["name"]))]
    return _paths(avro["type"], logical, path) if isinstance(avro["type"], dict) else []


def _entry(row: dict[str, Any], newest: dict[str, int]) -> Entry:
    schema = json.loads((ROOT / row["file"]).read_text())
    context, name = row["subject"].split(".")
    kind = schema["messageKind"]
    module = "envelope" if kind == "envelope" else f"{context}.{_MODULES[kind]}"
    suffix = "" if row["version"] == newest[row["subject"]] else f"V{row['version']}"
    python = getattr(importlib.import_module(f"schemas.messages.{module}"), name + suffix)
    aggregate = schema.get("aggregate")
    return Entry(
        id=row["id"],
        context=context,
        name=name,
        version=row["version"],
        kind=kind,
        type=python,
        physical=parse_schema(_strip(schema)),
        aggregate=(aggregate["type"], aggregate["id"]) if aggregate else None,
        money=tuple(_paths(schema, "decimal")),
        instants=tuple(_paths(schema, "timestamp-micros")),
    )


class Catalogue:
    """Every released schema, by id, by Python type and by message name."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        newest: dict[str, int] = {}
        for row in rows:
            newest[row["subject"]] = max(row["version"], newest.get(row["subject"], 0))
        self.entries = tuple(_entry(row, newest) for row in rows)
        self.by_id: dict[int, Entry] = {e.id: e for e in self.entries}
        self.by_type: dict[type[Struct], Entry] = {e.type: e for e in self.entries}
        self.by_name: dict[str, Entry] = {
            e.name: e for e in self.entries if e.version == newest[f"{e.context}.{e.name}"]
        }

    def of_kind(self, kind: str) -> dict[str, Entry]:
        """Give name -> newest entry of one message kind: command, fact, state or message."""
        return {name: e for name, e in self.by_name.items() if e.kind == kind}


@cache
def catalogue() -> Catalogue:
    """Give the catalogue of the lock file beside this module; loaded once a process."""
    rows = json.loads((ROOT / "registry.lock.json").read_text())["schemas"]
    return Catalogue(rows)


def visit(value: Any, path: FieldPath, convert: Callable[[Any], Any]) -> None:
    """Replace what stands at ``path`` inside a decoded record, in place, wherever it is not null."""
    for index, step in enumerate(path[:-1]):
        if value is None:
            return
        if step == "*":
            for item in value:
                visit(item, path[index + 1 :], convert)
            return
        value = value[step]
    if value is None:
        return
    if path[-1] == "*":
        value[:] = [convert(item) for item in value]
    elif value.get(path[-1]) is not None:
        value[path[-1]] = convert(value[path[-1]])
