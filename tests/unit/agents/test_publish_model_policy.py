from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from processors.agents.state import ModelPolicy, ModelPolicySeries
from processors.contract import Rejection
from schemas.messages.agents.commands import PublishModelPolicy
from tests.unit.agents.assets import MODEL_POLICY_PUBLISHED
from tests.unit.gate_answer import GATE_REFUSALS, GateAnswer
from tests.unit.scenario import Scenario

PUBLISH = convert(MODEL_POLICY_PUBLISHED, PublishModelPolicy, from_attributes=True)


def test_a_version_is_published_and_listed() -> None:
    scenario = Scenario().when(PUBLISH).then(MODEL_POLICY_PUBLISHED)
    policy = scenario.tables.get(ModelPolicy, "standard/1.0.0")
    assert policy is not None
    assert [model.model for model in policy.models] == ["large", "small"]
    assert scenario.tables.get(ModelPolicySeries, "standard") == ModelPolicySeries(
        name="standard", versions=("1.0.0",)
    )


def test_a_published_version_is_immutable() -> None:
    scenario = Scenario().given(MODEL_POLICY_PUBLISHED).when(PUBLISH)
    scenario.recorded().refused("ALREADY_EXISTS", "version")


def test_a_policy_has_a_limited_number_of_versions() -> None:
    many = (replace(MODEL_POLICY_PUBLISHED, version=f"1.0.{patch}") for patch in range(1000))
    scenario = Scenario().given(*many).when(replace(PUBLISH, version="2.0.0"))
    scenario.refused("LIMIT_EXCEEDED", "version")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"models": ()}, "models"),
        ({"models": PUBLISH.models[:1] * 2}, "models/1"),
        ({"call_input_tokens_max": 5_001}, "callInputTokensMax"),
        ({"call_output_tokens_max": 301}, "callOutputTokensMax"),
    ],
)
def test_models_and_limits_agree(changed: dict[str, Any], field: str) -> None:
    scenario = Scenario().when(replace(PUBLISH, **changed))
    scenario.recorded().refused("INVALID_ARGUMENT", field)


@pytest.mark.parametrize("answer", GATE_REFUSALS)
def test_what_policy_refuses_is_not_published(gate: GateAnswer, answer: Rejection) -> None:
    gate.answer = answer
    Scenario().when(PUBLISH).recorded().refused(answer.code)
    assert gate.asked[0]["action"] == "model-policy:publish"
