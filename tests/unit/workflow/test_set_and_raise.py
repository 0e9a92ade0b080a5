"""``set``, ``raise``, guards and outputs: what needs nobody."""

from schemas.messages.workflow import facts
from tests.unit.workflow.definitions import NAME, Item, agent_task, given, steps
from tests.unit.workflow.driving import output_of
from tests.unit.workflow.world import act, names, start


def test_all_names_of_a_set_see_the_context_before_it() -> None:
    tasks = steps(
        first={"set": {"a": 1, "b": 2}},
        swap={"set": {"a": "${ context.b }", "b": "${ context.a }"}},
    )
    assert output_of(act(given(tasks), start(NAME))) == '{"a":2,"b":1}'


def test_names_may_be_read_whole() -> None:
    tasks = steps(
        first={"set": {"a": 1}}, all={"set": {"n": "${ size(context) }", "a": "${ context['a'] }"}}
    )
    assert output_of(act(given(tasks), start(NAME))) == '{"a":1,"n":2}'


def test_a_step_whose_guard_is_false_is_left_out() -> None:
    left_out: Item = agent_task(1, task={"if": "${ input.n > 5 }"})
    tasks = steps(maybe=left_out, after={"set": {"seen": "${ context.maybe }"}})
    scenario = act(given(tasks), start(NAME, '{"n":1}'))
    assert scenario.fact(facts.WorkflowStepSkipped).reason == "condition"
    assert output_of(scenario) == '{"seen":null}'


def test_a_workflow_whose_steps_are_all_left_out_gives_null() -> None:
    tasks = steps(maybe={"set": {"x": 1}, "if": "${ false }"})
    assert output_of(act(given(tasks), start(NAME))) == "null"


def test_a_guard_that_is_no_condition_is_a_question_to_a_person() -> None:
    tasks = steps(maybe={"set": {"x": 1}, "if": "${ input.n }"})
    scenario = act(given(tasks), start(NAME, '{"n":1}'))
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"


def test_an_uncaught_raise_fails_the_instance() -> None:
    tasks = steps(
        stop={"raise": {"error": {"type": "forbidden", "title": "${ 'not ' + input.what }"}}}
    )
    scenario = act(given(tasks), start(NAME, '{"what":"today"}'))
    failed = scenario.fact(facts.WorkflowInstanceFailed)
    assert (failed.failure_class, failed.message, failed.step_path) == (
        "forbidden",
        "not today",
        "do/0",
    )
    assert names(scenario)[-1] == "QuotaReleased"


def test_the_workflow_s_output_is_shaped_as_the_definition_says() -> None:
    tasks = steps(first={"set": {"a": 1}}, second={"set": {"b": 2}})
    shape = {"as": "${ {'both': context.a + context.b, 'last': output.b} }"}
    assert output_of(act(given(tasks, output=shape), start(NAME))) == '{"both":3,"last":2}'


def test_a_workflow_s_output_that_cannot_be_shaped_fails_it() -> None:
    tasks = steps(first={"set": {"a": 1}})
    scenario = act(given(tasks, output={"as": "${ input.b }"}), start(NAME))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "expression"


def test_a_document_beyond_the_bound_fails_the_instance() -> None:
    tasks = steps(big={"set": {"x": "${ input.text + input.text }"}})
    scenario = act(given(tasks), start(NAME, '{"text":"' + "x" * 120_000 + '"}'))
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "LIMIT_EXCEEDED"
