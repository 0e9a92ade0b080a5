"""Each schema rule refuses what it is there for, and the files obey all of them."""

from typing import Any

import pytest

from schemas.lint import lint, lint_all


def record(*fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "Thing",
        "doc": "A thing.",
        "messageKind": "message",
        "fields": list(fields),
        **changes,
    }


def field(avro: Any, **changes: Any) -> dict[str, Any]:
    return {"name": "value", "type": avro, "doc": "A value.", **changes}


NESTED = {"type": "record", "name": "Empty", "doc": "Nothing.", "fields": []}

BAD = {
    "named as its file": record(field("string"), name="Other"),
    "one of envelope": record(field("string"), messageKind="query"),
    "names its aggregate": record(field("string"), messageKind="fact"),
    "a record has a doc": record(field("string"), doc=""),
    "a field has a doc": record({"name": "value", "type": "string"}),
    "no recursion": record(field({"type": "array", "items": "Thing"})),
    "take no bytes": record(field({"type": "array", "items": NESTED})),
    "no maps": record(field({"type": "map", "values": "string"})),
    "a union is": record(field(["null", "string", "long"], default=None)),
    "default null": record(field(["null", "string"])),
    "double is not used": record(field("double")),
    "money is decimal": record(
        field({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})
    ),
    "logical type uuid": record(field({"type": "string", "logicalType": "uuid"})),
}


@pytest.mark.parametrize("rule", BAD)
def test_a_schema_that_breaks_a_rule_is_found(rule: str) -> None:
    assert any(rule in text for _path, text in lint(BAD[rule], "Thing"))


def test_a_good_schema_has_no_finding() -> None:
    assert list(lint(record(field("string")), "Thing")) == []


def test_every_schema_file_obeys_every_rule() -> None:
    assert lint_all() == []
