import pytest
from msgspec.structs import replace

from processors.costs import worst_case
from schemas.messages.agents.state import AllowedModel, ModelPolicy
from tests.unit.costs.given import STANDARD, prices
from tests.unit.scenario import Scenario


def policy(*models: str) -> ModelPolicy:
    return ModelPolicy(
        name="standard",
        version="1.0.0",
        models=tuple(
            AllowedModel(provider="reference", model=model, capability_class="coding")
            for model in models
        ),
        call_input_tokens_max=1,
        call_output_tokens_max=1,
        task_input_tokens_max=1,
        task_output_tokens_max=1,
        classification_ceiling="Internal",
    )


def priced() -> Scenario:
    return Scenario().given_system(STANDARD)


def test_a_budget_costs_at_most_its_tokens_at_the_dearest_allowed_prices() -> None:
    assert worst_case(priced().decide(), policy("small", "large"), 2_000, 100) == 10_000 + 2_500


def test_a_model_that_is_not_allowed_does_not_count() -> None:
    assert worst_case(priced().decide(), policy("small"), 2_000, 1_000) == 14 + 11


def test_a_reservation_is_rounded_up() -> None:
    assert worst_case(priced().decide(), policy("small"), 1, 1) == 1 + 1


def test_each_dimension_is_taken_at_its_own_dearest_model() -> None:
    listed = replace(STANDARD, prices=(*prices("a", 10, 1), *prices("b", 1, 20)))
    scenario = Scenario().given_system(listed)
    assert worst_case(scenario.decide(), policy("a", "b"), 1_000, 1_000) == 30


@pytest.mark.parametrize("scenario", [priced(), Scenario()])
def test_nothing_is_promised_for_a_model_without_a_price(scenario: Scenario) -> None:
    assert worst_case(scenario.decide(), policy("unheard-of"), 1, 1) is None


def test_a_budget_of_nothing_costs_nothing() -> None:
    assert worst_case(priced().decide(), policy("large"), 0, 0) == 0
