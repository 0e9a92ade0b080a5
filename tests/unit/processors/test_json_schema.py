import json
from typing import Any

import pytest

from processors.json_schema import (
    DEPTH_MAX,
    EXPANDED_MAX,
    FINDING_CHARACTERS_MAX,
    FINDINGS_MAX,
    canonical,
    compiled,
    findings,
    schema_findings,
)


def only_finding(schema: Any) -> str:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    found = schema_findings(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object", "properties": {"$ref": {"type": "string"}}},
        {"$defs": {"a/b": {"type": "string"}}, "items": {"$ref": "#/$defs/a~1b"}},
        {"pattern": "^(a+)+$"},
    ],
)
def test_a_schema_within_the_bounds_has_no_findings(schema: Any) -> None:
    assert schema_findings(json.dumps(schema)) == []


@pytest.mark.parametrize(
    ("schema", "finding"),
    [
        ("not json", "/: not a JSON Schema (DecodeError)"),
        ("[" * 5_000, "/: not a JSON Schema (RecursionError)"),
        (5, '/: value is not of types "boolean", "object"'),
        ({"items": {"minimum": "a"}}, '/items/minimum: value is not of type "number"'),
        ({"$ref": "#"}, "/$ref: refers into the schema itself only (#/…)"),
        ({"$ref": "file:///etc/passwd"}, "/$ref: refers into the schema itself only (#/…)"),
        ({"$ref": "#/$defs/a"}, "/$ref: #/$defs/a is not in the schema"),
        ({"$id": "https://example.org"}, "/$id: is not supported, refer by $ref into $defs"),
        ({"pattern": "(?=a)a"}, '/pattern: value is not a "regex"'),
        ({"pattern": "(a{1000}){1000}"}, '/pattern: value is not a "regex"'),
    ],
)
def test_what_breaks_a_bound_is_told_with_its_place(schema: Any, finding: str) -> None:
    assert only_finding(schema) == finding


def test_references_in_a_circle_are_refused() -> None:
    tree = {"$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}}}}}
    assert only_finding({**tree, "$ref": "#/$defs/tree"}).endswith(
        "refers back to itself by #/$defs/tree"
    )


def test_references_that_multiply_are_refused_without_following_them_all() -> None:
    levels = {
        f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(16)
    }
    schema = {"$defs": {**levels, "d16": {}}, "$ref": "#/$defs/d0"}
    assert f"more than {EXPANDED_MAX} values" in only_finding(schema)


def test_a_schema_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(DEPTH_MAX + 1):
        schema = {"not": schema}
    assert only_finding(schema).endswith(f"nested deeper than {DEPTH_MAX}")


def test_a_document_is_checked_by_the_schema() -> None:
    schema = '{"type":"array","items":{"type":"string"}}'
    assert findings(schema, '["a"]') == []
    assert findings(schema, '["a", 1]') == ['/1: value is not of type "string"']


@pytest.mark.parametrize("document", ["", "{", "NaN", "1e999", '{"a":1}x', "[" * 5_000])
def test_a_document_that_is_no_json_is_a_finding(document: str) -> None:
    found = findings("{}", document)
    assert len(found) == 1
    assert found[0].startswith("/: not a JSON document that can be checked")


def test_findings_are_few_short_and_printable() -> None:
    schema = '{"properties":{"a":{}},"additionalProperties":false,"items":false}'
    name = "\n\u202e" + "x" * 1_000
    found = findings(schema, json.dumps({name: 1}))
    assert len(found[0]) == FINDING_CHARACTERS_MAX
    assert found[0].isprintable()
    assert len(findings(schema, json.dumps([1] * 100))) == FINDINGS_MAX


def test_a_finding_does_not_quote_values_of_the_document() -> None:
    assert "secret" not in findings('{"type":"integer"}', '"secret"')[0]


def test_a_pattern_takes_linear_time_on_a_hostile_document() -> None:
    # Exponential in a backtracking engine: 2^40 steps, so this test could not end.
    assert findings('{"pattern":"^(a+)+$"}', json.dumps("a" * 40 + "b")) != []


def test_a_text_is_compiled_once() -> None:
    assert compiled('{"type":"null"}') is compiled('{"type":"null"}')


def test_canonical_text_has_sorted_keys_and_no_spaces() -> None:
    assert canonical('{"b": [1, 2],\n "a": "é"}') == '{"a":"é","b":[1,2]}'


@pytest.mark.parametrize("text", ["{", "[" * 5_000])
def test_text_that_is_no_json_has_no_canonical_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(text)
