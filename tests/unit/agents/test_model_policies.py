import pytest
from msgspec.structs import replace

from processors.agents import check_models, resolve_model_policy
from processors.agents.state import ModelPolicy
from schemas.messages.workflow.commands import ModelInvocation
from tests.unit.agents.assets import MODEL_POLICY_PUBLISHED
from tests.unit.scenario import Scenario


def call(
    model: str = "small", read: int = 10, written: int = 1, number: int = 1
) -> ModelInvocation:
    return ModelInvocation(
        invocation_id=f"inv-{number}",
        provider="reference",
        model=model,
        input_tokens=read,
        output_tokens=written,
    )


def published(*versions: str) -> Scenario:
    facts = (replace(MODEL_POLICY_PUBLISHED, version=version) for version in versions)
    return Scenario().given_system(*facts)


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("standard", "2.0.0"),
        ("standard@1.0.0", "1.0.0"),
        ("system/standard", "2.0.0"),
        ("system/standard@2.0.0", "2.0.0"),
        ("standard@3.0.0", None),
        ("acme/standard", None),
        ("globex/standard", None),
        ("economy", None),
        ("../standard", None),
        ("", None),
    ],
)
def test_a_reference_names_owner_name_and_version(reference: str, version: str | None) -> None:
    found = resolve_model_policy(published("1.0.0", "2.0.0").decide(), reference)
    assert (found.version if found is not None else None) == version


def test_an_own_policy_is_found_under_the_tenants_name() -> None:
    scenario = Scenario().given(MODEL_POLICY_PUBLISHED)
    assert resolve_model_policy(scenario.decide(), "acme/standard") is not None
    assert resolve_model_policy(scenario.decide(), "standard") is None


def policy() -> ModelPolicy:
    found = resolve_model_policy(published("1.0.0").decide(), "standard")
    assert found is not None
    return found


def test_calls_within_the_policy_have_no_findings() -> None:
    assert check_models(policy(), [call("large"), call("small")]) == []
    assert check_models(policy(), []) == []


@pytest.mark.parametrize(
    ("calls", "finding"),
    [
        ([call("huge")], "call 'inv-1': 'reference' 'huge' is not allowed by standard@1.0.0"),
        ([call(read=1_001)], "call 'inv-1': 1001 input tokens, at most 1000"),
        ([call(written=101)], "call 'inv-1': 101 output tokens, at most 100"),
        ([call(read=1_000)] * 6, "task: 6000 input tokens, at most 5000"),
        ([call(written=100)] * 4, "task: 400 output tokens, at most 300"),
    ],
)
def test_each_breach_is_a_sentence(calls: list[ModelInvocation], finding: str) -> None:
    assert check_models(policy(), calls) == [finding]
