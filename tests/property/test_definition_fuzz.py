"""Whatever text comes as a definition: findings or a definition, never a crash, and always quickly."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.workflow.definition import check_definition

KEYS = st.sampled_from(
    ["do", "call", "with", "set", "switch", "fork", "branches", "for", "each", "in", "at", "wait", "try",
     "catch", "raise", "error", "type", "if", "then", "when", "output", "as", "timeout", "role", "skill",
     "document", "dsl", "name", "version", "namespace", "input", "schema", "a", "b"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        ["agentTask", "approval", "${ input.x }", "${ context.a", "PT1S", "1.0.3", "continue"]
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=40,
)
HEAD = {"dsl": "1.0.3", "namespace": "tests", "name": "work", "version": "1.0.0"}


@settings(max_examples=300, deadline=2000)
@given(TREES)
def test_any_tree_is_a_definition_or_has_findings(tree: object) -> None:
    text = yaml.safe_dump({"document": HEAD, "do": tree}, allow_unicode=True)
    definition, findings = check_definition(text)
    assert (definition is None) == bool(findings)


@settings(max_examples=300, deadline=2000)
@given(st.text(max_size=300))
def test_any_text_is_a_definition_or_has_findings(text: str) -> None:
    definition, findings = check_definition(text)
    assert (definition is None) == bool(findings)
