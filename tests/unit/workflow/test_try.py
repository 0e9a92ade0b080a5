"""``try``/``catch``: a failure inside is tried again, or handed to the catch list."""

import pytest

from schemas.messages.workflow import facts
from schemas.messages.workflow.state import AgentTask, WorkflowStep
from tests.unit.workflow.definitions import NAME, Item, agent_task, given, steps
from tests.unit.workflow.driving import answer_all, output_of
from tests.unit.workflow.world import (
    INSTANCE,
    act,
    assignment_of,
    complete,
    failing,
    names,
    start,
)


def attempt(catch: Item, **inside: Item) -> Item:
    return {"try": steps(**inside), "catch": catch}


def boom(kind: str = "out-of-stock") -> Item:
    return {"raise": {"error": {"type": kind, "title": "${ 'nothing left' }"}}}


SEEN = {"set": {"seen": "${ context.error }"}}


def test_without_a_failure_its_output_is_that_of_the_list() -> None:
    scenario = act(
        given(steps(safe=attempt({"do": steps(c=SEEN)}, add=agent_task(1)))), start(NAME)
    )
    answer_all(scenario)
    assert output_of(scenario) == '{"value":2}'


def test_the_catch_list_sees_the_error() -> None:
    scenario = act(given(steps(safe=attempt({"do": steps(c=SEEN)}, fail=boom()))), start(NAME))
    assert output_of(scenario) == (
        '{"seen":{"class":"out-of-stock","message":"nothing left","step":"fail"}}'
    )
    assert "WorkflowStepFailed" in names(scenario)


def test_all_names_in_scope_may_be_read_whole() -> None:
    turn = {"set": {"names": "${ [context].map(c, size(c)) }"}}
    loop = {"for": {"each": "item", "at": "turn", "in": "${ [1] }"}, "do": steps(look=turn)}
    catch = {"do": steps(loop=loop)}
    scenario = act(given(steps(safe=attempt(catch, fail=boom()))), start(NAME))
    assert output_of(scenario) == '[{"names":[3]}]'


def test_the_error_has_no_meaning_inside_the_tried_list() -> None:
    look = {"set": {"x": "${ has(context.error) }"}}
    scenario = act(given(steps(safe=attempt({"do": steps(c=SEEN)}, look=look))), start(NAME))
    assert output_of(scenario) == '{"x":false}'


def test_a_failed_agent_task_is_caught() -> None:
    scenario = act(
        given(steps(safe=attempt({"do": steps(c=SEEN)}, add=agent_task(1)))), start(NAME)
    )
    act(scenario, failing(assignment_of(scenario), "validation"))
    assert "WorkflowInstanceEscalated" not in names(scenario)
    assert '"class":"validation"' in output_of(scenario)


def test_without_a_catch_list_the_failure_is_forgotten() -> None:
    scenario = act(
        given(steps(safe=attempt({}, fail=boom()), after={"set": {"x": 1}})), start(NAME)
    )
    assert output_of(scenario) == '{"x":1}'


@pytest.mark.parametrize(
    "catch",
    [
        {"errors": {"with": {"type": "other"}}, "do": steps(c=SEEN)},
        {"when": "${ context.error.message == 'other' }", "do": steps(c=SEEN)},
        {"when": "${ context.error.nothing == 1 }", "do": steps(c=SEEN)},
    ],
)
def test_another_failure_is_not_caught(catch: Item) -> None:
    scenario = act(given(steps(safe=attempt(catch, fail=boom()))), start(NAME))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "out-of-stock"


def test_the_outer_one_catches_what_the_inner_one_does_not() -> None:
    inner = attempt({"errors": {"with": {"type": "other"}}, "do": steps(c=SEEN)}, fail=boom())
    scenario = act(given(steps(outer=attempt({"do": steps(d=SEEN)}, inner=inner))), start(NAME))
    assert '"step":"fail"' in output_of(scenario)


def test_a_failure_in_the_catch_list_goes_outwards() -> None:
    inner = attempt({"do": steps(again=boom("worse"))}, fail=boom())
    scenario = act(given(steps(outer=attempt({"do": steps(d=SEEN)}, inner=inner))), start(NAME))
    assert '"class":"worse"' in output_of(scenario)


def test_what_else_is_open_inside_is_taken_back() -> None:
    split = {"fork": {"branches": steps(a=agent_task(1), b=agent_task(2))}}
    scenario = act(given(steps(safe=attempt({"do": steps(c=SEEN)}, split=split))), start(NAME))
    act(scenario, failing(assignment_of(scenario, 0), "validation"))
    assert scenario.fact(facts.AgentTaskWithdrawn).step_path.endswith("fork/1/do/0")
    assert "WorkflowInstanceCompleted" in names(scenario)


def test_a_retry_begins_the_list_anew_after_a_pause() -> None:
    again = {
        "retry": {"attempts": 2, "delay": "PT2S", "classes": ["external"]},
        "do": steps(c=SEEN),
    }
    task = agent_task(1, retry={"attempts": 1})
    scenario = given(steps(safe=attempt(again, first=agent_task(5), second=task)))
    act(scenario, start(NAME))
    act(scenario, complete(assignment_of(scenario)))
    second = assignment_of(scenario)
    act(scenario, failing(second))
    retried = scenario.fact(facts.WorkflowStepRetried)
    assert (retried.step_path, retried.attempt, retried.reason) == ("do/0", 2, "retry")
    assert scenario.tables.get(WorkflowStep, f"{INSTANCE}/do/0/try/0") is None
    assert scenario.tables.get(AgentTask, second.task_id) is not None
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert scenario.fact(facts.AgentTaskAssigned).step_path == "do/0/try/0"
    assert assignment_of(scenario).task_id != second.task_id
    answer_all(scenario)
    assert output_of(scenario) == '{"value":2}'


def test_after_the_last_retry_the_catch_list_runs() -> None:
    again = {
        "retry": {"attempts": 2, "delay": "PT2S", "classes": ["external"]},
        "do": steps(c=SEEN),
    }
    scenario = given(steps(safe=attempt(again, add=agent_task(1, retry={"attempts": 1}))))
    act(scenario, start(NAME))
    act(scenario, failing(assignment_of(scenario)))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    act(scenario, failing(assignment_of(scenario)))
    assert '"class":"external"' in output_of(scenario)


def test_a_time_out_is_caught_like_any_failure() -> None:
    slow = agent_task(1, task={"timeout": "PT5S"})
    catch = {"errors": {"with": {"type": "timeout"}}, "do": steps(c=SEEN)}
    scenario = act(given(steps(safe=attempt(catch, slow=slow))), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0/try/0")
    assert '"class":"timeout"' in output_of(scenario)
