from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from processors.costs import Usage, record_usage
from processors.costs.state import PriceList, TaskUsage
from schemas.messages.costs.facts import UsageRecorded
from schemas.messages.workflow.commands import ModelInvocation
from schemas.messages.workflow.facts import WorkflowInstanceArchived
from tests.unit.costs.given import PROJECT, STANDARD, TASK, WORKFLOW, call, prices
from tests.unit.scenario import Scenario


def priced() -> Scenario:
    return Scenario().given_system(STANDARD)


def metered(scenario: Scenario, calls: Sequence[ModelInvocation], event: str = "cmd-1") -> Usage:
    return record_usage(
        scenario.decide(),
        source_event_id=event,
        task_id=TASK,
        workflow_instance_id=WORKFLOW,
        project_id=PROJECT,
        agent_id="ConnectSoft.Agent.Engineer",
        skill="ConnectSoft.Skill.GenerateCode",
        invocations=calls,
    )


def test_a_call_is_one_line_a_dimension_with_the_price_that_made_its_cost() -> None:
    scenario = priced()
    assert metered(scenario, [call(read=1_500, written=90)]) == Usage(1_500, 90, 10)
    recorded = scenario.fact(UsageRecorded)
    read, written = recorded.lines
    assert (read.dimension, read.quantity, read.unit_price, read.cost) == (
        "tokens.input",
        1_500,
        7,
        10,
    )
    assert (written.dimension, written.quantity, written.unit_price, written.cost) == (
        "tokens.output",
        90,
        11,
        0,
    )
    assert {line.price_list for line in recorded.lines} == {"system/standard@1.0.0"}
    assert {line.price_basis for line in recorded.lines} == {"Listed"}
    assert (recorded.total_cost, recorded.currency) == (10, "USD")
    assert recorded.source_event_id == "cmd-1"


def test_the_fact_carries_what_it_belongs_to() -> None:
    scenario = priced()
    metered(scenario, [call()])
    assert scenario.decision is not None
    scope = scenario.decision.recorded[0].meta.scope
    assert (scope.task_id, scope.workflow_instance_id, scope.project_id) == (
        TASK,
        WORKFLOW,
        PROJECT,
    )


def test_a_line_is_rounded_down_to_the_micro() -> None:
    assert metered(priced(), [call(read=999, written=0)]).cost == 6


def test_a_call_that_was_metered_before_is_not_metered_again() -> None:
    scenario = priced()
    metered(scenario, [call(1)])
    assert metered(scenario, [call(1)], "cmd-2") == Usage(0, 0, 0)
    assert scenario.facts == []
    assert metered(scenario, [call(1), call(2)], "cmd-3") == Usage(1_000, 100, 8)
    assert {line.invocation_id for line in scenario.fact(UsageRecorded).lines} == {"inv-2"}


def test_a_call_that_comes_twice_in_a_report_counts_as_it_came_first() -> None:
    usage = metered(priced(), [call(1, read=10), call(1, read=99)])
    assert (usage.input_tokens, usage.output_tokens) == (10, 100)


def test_a_call_without_tokens_is_no_line_and_a_report_without_lines_no_fact() -> None:
    scenario = priced()
    assert metered(scenario, [call(read=0, written=0)]) == Usage(0, 0, 0)
    assert metered(scenario, []) == Usage(0, 0, 0)
    assert scenario.facts == []
    metered(scenario, [call(read=0, written=5)])
    assert [line.dimension for line in scenario.fact(UsageRecorded).lines] == ["tokens.output"]


def test_a_model_without_a_price_is_charged_the_dearest_and_marked() -> None:
    scenario = priced()
    assert metered(scenario, [call(model="unheard-of")]).cost == 5_000 + 2_500
    assert {line.price_basis for line in scenario.fact(UsageRecorded).lines} == {"Dearest"}


def test_without_a_price_list_usage_is_metered_at_no_cost_and_marked() -> None:
    scenario = Scenario()
    assert metered(scenario, [call()]) == Usage(1_000, 100, 0)
    recorded = scenario.fact(UsageRecorded)
    assert {(line.price_basis, line.price_list) for line in recorded.lines} == {("None", "")}
    assert recorded.currency == ""


def test_the_newest_version_of_the_list_applies() -> None:
    newest = replace(STANDARD, version="1.10.0", prices=prices("small", 1_000, 0))
    scenario = priced().given_system(newest, replace(newest, version="1.9.0"))
    assert metered(scenario, [call()]).cost == 1_000
    assert scenario.fact(UsageRecorded).lines[0].price_list == "system/standard@1.10.0"


def test_a_tenants_own_list_applies_before_the_platforms() -> None:
    scenario = priced().given(replace(STANDARD, prices=prices("small", 1, 0)))
    assert metered(scenario, [call()]).cost == 1
    assert scenario.fact(UsageRecorded).lines[0].price_list == "acme/standard@1.0.0"


def test_a_list_of_another_name_does_not_apply() -> None:
    scenario = priced().given(replace(STANDARD, name="special", prices=prices("small", 1, 0)))
    metered(scenario, [call()])
    assert scenario.fact(UsageRecorded).lines[0].price_list == "system/standard@1.0.0"


def test_state_keeps_a_digest_of_a_callers_id_not_the_id() -> None:
    scenario = priced()
    metered(scenario, [replace(call(), invocation_id="x" * 128)])
    kept = scenario.tables.get(TaskUsage, f"{WORKFLOW}/{TASK}")
    assert kept is not None
    assert [len(digest) for digest in kept.invocation_digests] == [16]


def test_metered_calls_are_forgotten_with_their_instance() -> None:
    scenario = priced()
    metered(scenario, [call()])
    scenario.given(WorkflowInstanceArchived(workflow_instance_id=WORKFLOW))
    assert scenario.tables.get(TaskUsage, f"{WORKFLOW}/{TASK}") is None


def test_a_list_without_its_newest_version_stops_the_decision() -> None:
    scenario = priced()
    scenario.system.delete(PriceList, "standard/1.0.0")
    with pytest.raises(AssertionError, match="not there"):
        metered(scenario, [call()])
