"""``switch``: the first case that holds says where to go on."""

import pytest

from schemas.messages.workflow import facts
from tests.unit.workflow.definitions import NAME, Item, given, steps
from tests.unit.workflow.driving import output_of
from tests.unit.workflow.world import act, names, start


def switch(*cases: tuple[str, str | None, str]) -> Item:
    return {
        "switch": [
            {name: {"then": then, **({} if when is None else {"when": when})}}
            for name, when, then in cases
        ]
    }


def put(value: int) -> Item:
    return {"set": {"x": value}}


CHOICE = switch(("large", "${ input.n > 5 }", "high"), ("else", None, "low"))


@pytest.mark.parametrize(("number", "output"), [(9, '{"x":2}'), (1, '{"x":2}')])
def test_it_jumps_forward_to_the_named_step(number: int, output: str) -> None:
    tasks = steps(choose=CHOICE, low=put(1), high=put(2))
    scenario = act(given(tasks), start(NAME, f'{{"n":{number}}}'))
    done = [f.step_name for f in scenario.facts if isinstance(f, facts.WorkflowStepCompleted)]
    assert done == (["choose", "high"] if number > 5 else ["choose", "low", "high"])
    assert output_of(scenario) == output


def test_the_choice_is_on_record() -> None:
    scenario = act(given(steps(choose=CHOICE, low=put(1), high=put(2))), start(NAME, '{"n":9}'))
    chosen = next(f for f in scenario.facts if isinstance(f, facts.WorkflowStepCompleted))
    assert chosen.output == '{"case":"large","then":"high"}'


def test_without_a_case_that_holds_the_next_step_follows() -> None:
    scenario = act(
        given(steps(choose=switch(("no", "${ false }", "end")), next=put(1))), start(NAME)
    )
    assert output_of(scenario) == '{"x":1}'


def test_exit_leaves_the_list() -> None:
    inner = {
        "for": {"each": "i", "in": "${ [1, 2] }"},
        "do": steps(first=put(1), out=switch(("go", "${ true }", "exit")), never=put(3)),
    }
    scenario = act(given(steps(loop=inner, after=put(4))), start(NAME))
    completed = [f.step_name for f in scenario.facts if isinstance(f, facts.WorkflowStepCompleted)]
    assert "never" not in completed
    assert output_of(scenario) == '{"x":4}'


def test_end_completes_the_workflow_with_what_came_before() -> None:
    branch = {"do": steps(out=switch(("go", "${ true }", "end")), never=put(3))}
    split = {"fork": {"branches": steps(a=branch, b={"wait": "PT1H"})}}
    scenario = act(given(steps(first=put(1), split=split)), start(NAME))
    assert output_of(scenario) == '{"x":1}'
    assert names(scenario)[-1] == "QuotaReleased"


def test_a_condition_that_says_nothing_is_a_question_to_a_person() -> None:
    tasks = steps(
        choose=switch(("a", "${ input.missing > 1 }", "continue"), ("b", None, "continue")),
        next=put(1),
    )
    scenario = act(given(tasks), start(NAME))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"
