"""Whatever an agent answers under its lease, the decider gives facts or one refusal, and its records can be written."""

import json
from typing import Any

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from schemas.codec import encode_payload
from schemas.messages.workflow.commands import ModelInvocation, OutputArtifact, ValidationReport
from schemas.rejections import CODES
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import act, assignment_of, claim, complete, failing, start

TEXT = st.text(max_size=60) | st.sampled_from(
    ["../..", "'; drop", "${ input }", "\x00", "a/b", "😀" * 20]
)
NUMBER = st.integers(0, 10**9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def documents() -> st.SearchStrategy[str]:
    """Give JSON texts, broken texts, and texts of unusual shape."""
    odd = ["", "{", "[" * 500 + "]" * 500, '{"value":1e999}', '{"value":1}{"value":2}', " " * 1000]
    return st.sampled_from([*odd, '{"value":2}']) | JSON.map(json.dumps) | TEXT


def answers() -> st.SearchStrategy[dict[str, Any]]:
    """Give what an agent may put into a result beside its lease."""
    calls = st.builds(
        ModelInvocation,
        invocation_id=TEXT,
        provider=TEXT | st.just("reference"),
        model=TEXT | st.just("reference-small"),
        input_tokens=NUMBER,
        output_tokens=NUMBER,
    )
    made = st.builds(
        OutputArtifact,
        name=TEXT,
        artifact_type=TEXT,
        version=TEXT | st.just("1.0.0"),
        content_hash=TEXT | st.just("sha256:" + "a" * 64),
        storage_ref=TEXT,
        classification=TEXT,
    )
    checked = st.builds(
        ValidationReport, passed=st.booleans(), findings=st.lists(TEXT, max_size=3).map(tuple)
    )
    return st.fixed_dictionaries(
        {
            "output": documents(),
            "model_invocations": st.lists(calls, max_size=3).map(tuple),
            "output_artifacts": st.lists(made, max_size=2).map(tuple),
            "input_artifact_ids": st.lists(TEXT, max_size=2).map(tuple),
            "validation": checked,
        }
    )


@settings(max_examples=150, deadline=None)
@given_any(answers(), st.booleans())
def test_a_result_of_any_shape_has_one_outcome(answer: dict[str, Any], claimed: bool) -> None:
    after = {"set": {"seen": "${ context.add }"}}
    scenario = act(given(steps(add=agent_task(), after=after)), start(NAME))
    task = assignment_of(scenario)
    if claimed:
        act(scenario, claim(task))
    act(scenario, complete(task, **answer))
    assert scenario.rejection is None or scenario.rejection.code in CODES
    assert scenario.facts
    for record in (*scenario.facts, *scenario.sent):
        encode_payload(record)


@settings(max_examples=50, deadline=None)
@given_any(TEXT, st.sampled_from(["validation", "external", "agent", "infrastructure"]))
def test_a_failure_of_any_shape_has_one_outcome(message: str, failure_class: str) -> None:
    scenario = act(given(steps(add=agent_task())), start(NAME))
    act(scenario, failing(assignment_of(scenario), failure_class, message=message))
    assert scenario.rejection is None
    for record in (*scenario.facts, *scenario.sent):
        encode_payload(record)
