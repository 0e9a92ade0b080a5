"""Whatever an agent reports, checking it ends in findings, and what passes can be registered."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from processors.artifacts import check_outputs
from processors.json_schema import FINDING_CHARACTERS_MAX, FINDINGS_MAX, findings, schema_findings
from schemas.codec import decode_payload, encode_payload
from schemas.messages.artifacts.facts import ArtifactCreated
from schemas.messages.workflow.commands import OutputArtifact
from tests.unit.artifacts.given import HASH, PROJECT, registered
from tests.unit.scenario import Scenario

NASTY = st.sampled_from(
    ["", ".", "..", "../x", "a/b", "a\x00b", "\u202e", "blob://..", "blob://a/../b", "0.0.0", HASH]
)
TEXT = NASTY | st.text(max_size=60)
FITTING = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,3}", fullmatch=True),
        "artifact_type": st.sampled_from(["source", "document"]),
        "version": st.sampled_from(["1.0.0", "1.0.1", "2.0.0"]),
        "content_hash": st.sampled_from([HASH, "sha256:" + "1" * 64]),
        "storage_ref": st.sampled_from(["blob://acme/a", "s3://bucket/a/b-1.0.tar"]),
        "classification": st.sampled_from(["Public", "Restricted"]),
    }
)
PARTS = ("name", "artifact_type", "version", "content_hash", "storage_ref", "classification")
BROKEN = st.dictionaries(st.sampled_from(PARTS), TEXT, max_size=2)
OUTPUTS = st.lists(
    st.builds(lambda fit, bad: OutputArtifact(**{**fit, **bad}), FITTING, BROKEN), max_size=4
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "required",
        "enum",
        "$ref",
        "$defs",
        "pattern",
        "minimum",
        "allOf",
    ]
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([True, False, {}, "string", "object", "#/$defs/a", "(", 1, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(OUTPUTS, max_size=3))
def test_outputs_are_refused_by_findings_or_registered(results: list[list[OutputArtifact]]) -> None:
    scenario = Scenario()
    for outputs in results:
        found = check_outputs(outputs, decision=scenario.decide(), project_id=PROJECT)
        assert all(finding.isprintable() for finding in found)
        if found:
            continue
        ids = registered(scenario, outputs)
        assert len(ids) == len(outputs)
        for fact in scenario.facts:
            assert isinstance(fact, ArtifactCreated)
            assert decode_payload(*encode_payload(fact)) == fact
            assert ".." not in fact.storage_ref.split("/")
            assert "/" not in fact.name


@given(SCHEMAS, TEXT | JSON.map(json.dumps))
def test_a_schema_is_refused_or_checks_every_document(schema: Any, document: str) -> None:
    text = json.dumps(schema)
    if schema_findings(text):
        return
    found = findings(text, document)
    assert len(found) <= FINDINGS_MAX
    assert all(f.isprintable() and len(f) <= FINDING_CHARACTERS_MAX for f in found)
