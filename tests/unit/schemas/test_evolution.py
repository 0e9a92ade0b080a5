"""FULL_TRANSITIVE: what a new version may change and what it may not (reliability.md §11)."""

import copy
from typing import Any

import pytest

from schemas.evolution import incompatibilities, why_unreadable

BASE: dict[str, Any] = {
    "type": "record",
    "name": "Thing",
    "namespace": "test",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "count", "type": "long", "default": 0},
        {"name": "bare", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b"]}},
        {
            "name": "cost",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 6},
        },
    ],
}


def changed(**edits: Any) -> dict[str, Any]:
    schema = copy.deepcopy(BASE)
    fields = {f["name"]: f for f in schema["fields"]}
    for name, edit in edits.items():
        if edit is None:
            del fields[name]
        else:
            fields[name] = {**fields.get(name, {"name": name}), **edit}
    schema["fields"] = list(fields.values())
    return schema


FORBIDDEN = {
    "drop a field without default": changed(bare=None),
    "add a field without default": changed(extra={"type": "string"}),
    "rename a field": changed(bare=None, renamed={"type": "long"}),
    "retype a field": changed(id={"type": "long"}),
    "remove a symbol": changed(kind={"type": {"type": "enum", "name": "Kind", "symbols": ["a"]}}),
    "change scale": changed(
        cost={"type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}}
    ),
}


@pytest.mark.parametrize("edit", FORBIDDEN)
def test_a_forbidden_change_is_found_in_one_direction_or_the_other(edit: str) -> None:
    new = FORBIDDEN[edit]
    assert why_unreadable(BASE, new) or why_unreadable(new, BASE)


@pytest.mark.parametrize(
    "new",
    [
        changed(extra={"type": "string", "default": ""}),
        changed(extra={"type": ["null", "string"], "default": None}),
        changed(count=None),
    ],
)
def test_an_addition_with_a_default_reads_both_ways(new: dict[str, Any]) -> None:
    assert why_unreadable(BASE, new) == ""
    assert why_unreadable(new, BASE) == ""


def test_all_released_versions_read_one_another() -> None:
    assert incompatibilities() == []
