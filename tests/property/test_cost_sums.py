"""Price arithmetic: sums are exact, order and repeats do not matter, a reservation covers its use."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from processors.costs import Usage, record_usage, worst_case
from processors.costs.prices import cost_at_most, cost_of, dearest
from processors.costs.state import ListedPrice
from schemas.messages.agents.state import AllowedModel, ModelPolicy
from schemas.messages.costs.facts import Price, PriceListPublished, UsageRecorded
from schemas.messages.workflow.commands import ModelInvocation
from tests.unit.costs.given import PROJECT, TASK, WORKFLOW
from tests.unit.scenario import Scenario

MODELS = ("a", "b", "c")
QUANTITIES = st.integers(min_value=0, max_value=10**9)
PRICES = st.builds(
    ListedPrice,
    unit_quantity=st.sampled_from([1, 3, 1_000, 1_000_000]),
    unit_price=st.integers(min_value=0, max_value=10**4),
)
LISTS = st.fixed_dictionaries(
    {(model, dim): PRICES for model in MODELS for dim in ("tokens.input", "tokens.output")}
)
CALLS = st.lists(
    st.builds(
        ModelInvocation,
        invocation_id=st.integers(min_value=1, max_value=30).map(lambda n: f"inv-{n}"),
        provider=st.just("reference"),
        model=st.sampled_from(MODELS),
        input_tokens=QUANTITIES,
        output_tokens=QUANTITIES,
    ),
    max_size=12,
)
UNIQUE_CALLS = CALLS.map(lambda calls: list({c.invocation_id: c for c in calls}.values()))
Listed = dict[tuple[str, str], ListedPrice]


def priced(listed: Listed) -> Scenario:
    prices = tuple(
        Price(
            provider="reference",
            model=model,
            dimension=dimension,
            unit_quantity=price.unit_quantity,
            unit_price=price.unit_price,
        )
        for (model, dimension), price in listed.items()
    )
    published = PriceListPublished(name="standard", version="1.0.0", currency="USD", prices=prices)
    return Scenario().given_system(published)


def metered(
    scenario: Scenario, calls: Sequence[ModelInvocation]
) -> tuple[Usage, list[UsageRecorded]]:
    usage = record_usage(
        scenario.decide(),
        source_event_id="cmd-1",
        task_id=TASK,
        workflow_instance_id=WORKFLOW,
        project_id=PROJECT,
        agent_id="ConnectSoft.Agent.Engineer",
        skill="ConnectSoft.Skill.GenerateCode",
        invocations=calls,
    )
    return usage, [fact for fact in scenario.facts if isinstance(fact, UsageRecorded)]


def added(usages: Sequence[Usage]) -> Usage:
    return Usage(*(sum(column) for column in zip(Usage(0, 0, 0), *usages, strict=True)))


@given(QUANTITIES, PRICES)
def test_a_line_is_the_exact_product_less_than_a_micro_above_or_below(
    quantity: int, price: ListedPrice
) -> None:
    exact = Fraction(quantity * price.unit_price, price.unit_quantity)
    assert 0 <= exact - cost_of(quantity, price) < 1
    assert 0 <= cost_at_most(quantity, price) - exact < 1


@given(st.lists(PRICES, min_size=1))
def test_the_dearest_is_the_highest_price_of_a_token(prices: list[ListedPrice]) -> None:
    top = dearest(prices)
    assert Fraction(top.unit_price, top.unit_quantity) == max(
        Fraction(price.unit_price, price.unit_quantity) for price in prices
    )


@given(LISTS, CALLS)
def test_the_total_is_the_sum_of_the_lines_and_of_what_is_returned(
    listed: Listed, calls: list[ModelInvocation]
) -> None:
    usage, facts = metered(priced(listed), calls)
    assert len(facts) == (1 if usage.input_tokens or usage.output_tokens else 0)
    lines = [line for fact in facts for line in fact.lines]
    assert sum(line.cost for line in lines) == sum(f.total_cost for f in facts) == usage.cost
    first = {call.invocation_id: call for call in reversed(calls)}
    assert usage.input_tokens == sum(call.input_tokens for call in first.values())
    assert usage.output_tokens == sum(call.output_tokens for call in first.values())
    for line in lines:
        assert line.cost == cost_of(line.quantity, line)


@given(LISTS, UNIQUE_CALLS.flatmap(lambda calls: st.tuples(st.just(calls), st.permutations(calls))))
def test_the_order_of_calls_does_not_matter(
    listed: Listed, orders: tuple[list[ModelInvocation], list[ModelInvocation]]
) -> None:
    reported, shuffled = (metered(priced(listed), calls)[0] for calls in orders)
    assert reported == shuffled


@given(LISTS, CALLS, st.lists(st.integers(min_value=0, max_value=12), max_size=4))
def test_reports_that_overlap_add_up_to_one_report_of_all(
    listed: Listed, calls: list[ModelInvocation], cuts: list[int]
) -> None:
    whole, _ = metered(priced(listed), calls)
    scenario = priced(listed)
    reports = [metered(scenario, calls[: sorted(cuts)[i]])[0] for i in range(len(cuts))]
    reports += [metered(scenario, calls)[0], metered(scenario, calls)[0]]
    assert added(reports) == whole
    assert reports[-1] == Usage(0, 0, 0)


@given(LISTS, UNIQUE_CALLS, QUANTITIES, QUANTITIES)
def test_a_reservation_covers_every_use_of_its_budget(
    listed: Listed, calls: list[ModelInvocation], spare_input: int, spare_output: int
) -> None:
    scenario = priced(listed)
    policy = ModelPolicy(
        name="standard",
        version="1.0.0",
        models=tuple(
            AllowedModel(provider="reference", model=model, capability_class="coding")
            for model in MODELS
        ),
        call_input_tokens_max=1,
        call_output_tokens_max=1,
        task_input_tokens_max=1,
        task_output_tokens_max=1,
        classification_ceiling="Internal",
    )
    read = sum(call.input_tokens for call in calls) + spare_input
    written = sum(call.output_tokens for call in calls) + spare_output
    reserved = worst_case(scenario.decide(), policy, read, written)
    used, _ = metered(scenario, calls)
    assert reserved is not None
    assert used.cost <= reserved
