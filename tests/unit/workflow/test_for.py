"""``for``: its list runs once for each item, some turns at once."""

import pytest

from schemas.messages.workflow import facts
from schemas.messages.workflow.state import WorkflowDocument
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, Item, agent_task, given, steps
from tests.unit.workflow.driving import answer_all, output_of
from tests.unit.workflow.world import act, assignment_of, complete, names, start


def loop(items: str, more: Item | None = None, **body: Item) -> Item:
    return {"for": {"each": "item", "at": "turn", "in": items}, "do": steps(**body), **(more or {})}


def assigned(scenario: Scenario) -> list[str]:
    return [f.step_path for f in scenario.facts if isinstance(f, facts.AgentTaskAssigned)]


def test_one_turn_after_another() -> None:
    scenario = act(
        given(steps(each=loop("${ [4, 5] }", add=agent_task("${ context.item }")))), start(NAME)
    )
    assert assigned(scenario) == ["do/0/for[0]/do/0"]
    act(scenario, complete(assignment_of(scenario), '{"value":5}'))
    assert assigned(scenario) == ["do/0/for[1]/do/0"]
    assert assignment_of(scenario).inputs == '{"value":5}'
    act(scenario, complete(assignment_of(scenario), '{"value":6}'))
    assert output_of(scenario) == '[{"value":5},{"value":6}]'


def test_some_turns_at_once() -> None:
    more = {"x-concurrency": 2}
    scenario = given(steps(each=loop("${ [1, 2, 3] }", more, add=agent_task("${ context.item }"))))
    act(scenario, start(NAME))
    assert assigned(scenario) == ["do/0/for[0]/do/0", "do/0/for[1]/do/0"]
    act(scenario, complete(assignment_of(scenario, 1), '{"value":3}'))
    assert assigned(scenario) == ["do/0/for[2]/do/0"]


def test_outputs_stand_in_the_order_of_the_items() -> None:
    more = {"x-concurrency": 3}
    scenario = given(steps(each=loop("${ [1, 2, 3] }", more, add=agent_task("${ context.item }"))))
    act(scenario, start(NAME))
    tasks = [assignment_of(scenario, index) for index in (2, 0, 1)]
    for task in tasks:
        act(scenario, complete(task, task.inputs))
    assert output_of(scenario) == '[{"value":1},{"value":2},{"value":3}]'


def test_the_turn_is_counted_from_nought() -> None:
    body = {"set": {"at": "${ context.turn }", "double": "${ context.item * 2 }"}}
    scenario = act(given(steps(each=loop("${ [7, 8] }", put=body))), start(NAME))
    assert output_of(scenario) == '[{"at":0,"double":14},{"at":1,"double":16}]'


def test_turns_one_after_another_may_add_up() -> None:
    body = {"set": {"sum": "${ context.sum + context.item }"}}
    tasks = steps(
        zero={"set": {"sum": 0}},
        each=loop("${ [1, 2, 3] }", put=body),
        last={"set": {"all": "${ context.sum }"}},
    )
    assert output_of(act(given(tasks), start(NAME))) == '{"all":6}'


def test_turns_at_once_keep_their_names_to_themselves() -> None:
    body = {"set": {"sum": "${ context.sum + context.item }"}}
    more = {"x-concurrency": 3}
    tasks = steps(
        zero={"set": {"sum": 0}},
        each=loop("${ [1, 2, 3] }", more, put=body),
        last={"set": {"all": "${ context.sum }"}},
    )
    assert output_of(act(given(tasks), start(NAME))) == '{"all":0}'


def test_no_item_is_no_turn() -> None:
    scenario = act(given(steps(each=loop("${ [] }", add=agent_task()))), start(NAME))
    assert output_of(scenario) == "[]"


def test_it_ends_where_its_condition_no_longer_holds() -> None:
    more = {"while": "${ context.item < 3 }"}
    body = {"set": {"x": "${ context.item }"}}
    scenario = act(given(steps(each=loop("${ [1, 2, 3, 4] }", more, put=body))), start(NAME))
    assert output_of(scenario) == '[{"x":1},{"x":2}]'
    skipped = [f for f in scenario.facts if isinstance(f, facts.WorkflowStepSkipped)]
    assert [(f.step_path, f.reason) for f in skipped] == [("do/0/for[2]/do", "condition")]


def test_turns_that_run_end_before_the_loop_does() -> None:
    more = {"while": "${ context.item < 3 }", "x-concurrency": 2}
    scenario = given(steps(each=loop("${ [1, 2, 3] }", more, add=agent_task("${ context.item }"))))
    act(scenario, start(NAME))
    second = assignment_of(scenario, 1)
    act(scenario, complete(assignment_of(scenario, 0), '{"value":1}'))
    assert "WorkflowInstanceCompleted" not in names(scenario)
    act(scenario, complete(second, '{"value":2}'))
    assert output_of(scenario) == '[{"value":1},{"value":2}]'


def test_loops_in_loops() -> None:
    inner = loop("${ context.item }", put={"set": {"x": "${ context.item }"}})
    outer = {"for": {"each": "item", "in": "${ [[1], [2, 3]] }"}, "do": steps(inner=inner)}
    scenario = act(given(steps(outer=outer)), start(NAME))
    assert output_of(scenario) == '[[{"x":1}],[{"x":2},{"x":3}]]'


def test_a_hundred_turns() -> None:
    items = "${ input.items }"
    more = {"x-concurrency": 10}
    scenario = given(
        steps(each=loop(items, more, add=agent_task("${ context.item }"))), capacity=10
    )
    act(scenario, start(NAME, str({"items": list(range(100))}).replace("'", '"')))
    assert len(answer_all(scenario)) == 100
    assert output_of(scenario).endswith('{"value":100}]')
    assert [i for i, _ in scenario.tables.scan(WorkflowDocument) if "/items/" in i] == []


def test_a_thousand_turns_that_wait_for_nobody_need_no_deep_stack() -> None:
    body = {"set": {"x": "${ context.item }"}}
    scenario = given(steps(each=loop("${ input.items }", put=body)))
    act(scenario, start(NAME, str({"items": list(range(1000))}).replace("'", '"')))
    assert "WorkflowInstanceCompleted" in names(scenario)


def test_an_endless_burst_ends_at_the_bound() -> None:
    inner = loop("${ input.items }", put={"set": {"x": 1}})
    outer = {"for": {"each": "row", "in": "${ input.items }"}, "do": steps(inner=inner)}
    scenario = given(steps(outer=outer))
    act(scenario, start(NAME, str({"items": list(range(100))}).replace("'", '"')))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("items", "cause"), [("${ 7 }", "expression"), ("${ [1, 2, 3] }", "validation")]
)
def test_items_that_are_no_list_or_too_many_are_a_question_to_a_person(
    items: str, cause: str
) -> None:
    more = {"x-maxItems": 2}
    scenario = act(given(steps(each=loop(items, more, put={"set": {"x": 1}}))), start(NAME))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == cause


def test_outputs_beyond_the_bound_fail_the_instance() -> None:
    body = {"set": {"x": "${ input.text }"}}
    scenario = given(steps(each=loop("${ [1, 2, 3] }", put=body)))
    document = '{"text":"' + "x" * 90_000 + '"}'
    act(scenario, start(NAME, document))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "LIMIT_EXCEEDED"
