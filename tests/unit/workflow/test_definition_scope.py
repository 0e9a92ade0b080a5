"""Names of ``context``: known where the engine would find them, a finding everywhere else."""

import pytest

from processors.workflow.definition import check_definition
from tests.unit.workflow.definitions import Item, agent_task, steps, text

READ: Item = {"set": {"seen": "${ context.wanted }"}}
WANTED: Item = {"set": {"other": 1}}
SETS: Item = {"set": {"wanted": 1}}


def loop(body: list[Item], **more: object) -> Item:
    return {"for": {"each": "wanted", "in": "${ [1] }"}, "do": body, **more}


def fork(**branches: list[Item]) -> Item:
    return {"fork": {"branches": [{name: {"do": do}} for name, do in branches.items()]}}


KNOWN = {
    "an earlier task": steps(wanted=WANTED, reads=READ),
    "a task before the list around": steps(wanted=WANTED, a=loop(steps(reads=READ))),
    "a loop's item": steps(a=loop(steps(reads=READ))),
    "a loop's item in its condition": steps(a=loop(steps(b=WANTED), **{"while": "${ context.wanted > 0 }"})),
    "a set before": steps(a=SETS, reads=READ),
    "a set in a sequential loop": steps(a={"for": {"each": "i", "in": "${ [1] }"}, "do": steps(b=SETS)}, reads=READ),
    "a set in the same branch": steps(a=fork(one=steps(b=SETS, reads=READ), two=steps(c=WANTED))),
    "a task inside a branch that has ended": steps(a=fork(one=steps(wanted=WANTED)), reads=READ),
    "a task of another branch": steps(a=fork(one=steps(reads=READ), two=steps(wanted=WANTED))),
    "a tried task, in the catch": steps(a={"try": steps(wanted=WANTED), "catch": {"do": steps(reads=READ)}}),
    "a name that has asks for": steps(a={"set": {"x": "${ has(context.wanted) }"}}, wanted=WANTED),
    "the error in a catch": steps(
        a={"try": steps(b=WANTED), "catch": {"as": "wanted", "when": "${ context.wanted.class == 'x' }",
                                             "do": steps(reads=READ)}}),
}  # fmt: skip
UNKNOWN = {
    "a later task": steps(reads=READ, wanted=WANTED),
    "itself": steps(wanted={"set": {"seen": "${ context.wanted }"}}),
    "a loop's item behind the loop": steps(a=loop(steps(b=WANTED)), reads=READ),
    "a loop's item in its own list": steps(
        a={"for": {"each": "wanted", "in": "${ [context.wanted] }"}, "do": steps(b=WANTED)}),
    "a set of another branch": steps(a=fork(one=steps(b=SETS), two=steps(reads=READ))),
    "a set of a branch behind the fork": steps(a=fork(one=steps(b=SETS)), reads=READ),
    "a set of a parallel loop behind it": steps(
        a={"for": {"each": "i", "in": "${ [1] }"}, "x-concurrency": 2, "do": steps(b=SETS)}, reads=READ),
    "a task inside a loop, behind it": steps(
        a={"for": {"each": "i", "in": "${ [1] }"}, "do": steps(wanted=WANTED)}, reads=READ),
    "a task around": steps(wanted=loop(steps(reads={"set": {"x": "${ context.around }"}}))),
    "a name that has asks for and nobody gives": steps(a={"set": {"x": "${ has(context.nobody) }"}}),
    "the error outside of the catch": steps(
        a={"try": steps(reads=READ), "catch": {"as": "wanted"}}),
}  # fmt: skip


@pytest.mark.parametrize("case", KNOWN)
def test_a_name_in_scope_is_known(case: str) -> None:
    definition, findings = check_definition(text(KNOWN[case]))
    assert findings == ()
    assert definition is not None


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_name_out_of_scope_is_a_finding(case: str) -> None:
    _, findings = check_definition(text(UNKNOWN[case]))
    assert [finding.code for finding in findings] == ["UNKNOWN_NAME"]


def test_the_output_of_the_workflow_sees_the_tasks_of_its_list_only() -> None:
    inner = steps(a=loop(steps(inside=WANTED)), wanted=WANTED)
    assert check_definition(text(inner, output={"as": "${ context.a }"}))[1] == ()
    _, findings = check_definition(text(inner, output={"as": "${ context.inside }"}))
    assert [(finding.path, finding.code) for finding in findings] == [("output/as", "UNKNOWN_NAME")]


def test_an_output_is_there_where_it_is_shaped_only() -> None:
    shaped = {"set": {"x": 1}, "output": {"as": {"deep": ["${ output.x }"]}}}
    assert check_definition(text(steps(a=shaped)))[1] == ()
    _, findings = check_definition(text(steps(a={"set": {"x": "${ output.x }"}})))
    assert [(finding.path, finding.code) for finding in findings] == [
        ("do/0/set/x", "UNKNOWN_NAME")
    ]


def test_a_faulty_task_is_one_fault_and_not_those_of_its_readers_too() -> None:
    _, findings = check_definition(text(steps(wanted={"run": {}}, reads=READ)))
    assert [(finding.path, finding.code) for finding in findings] == [("do/0", "UNSUPPORTED")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("for ${ input.name }", "BAD_EXPRESSION"),
        ("${ input.a } and ${ input.b }", "BAD_EXPRESSION"),
        (10**30, "OUT_OF_RANGE"),
        (-(2**63) - 1, "OUT_OF_RANGE"),
        ({"all": ["${ [1].map(a, a).map(b, b).map(c, c).map(d, d) }"] * 2}, "BAD_EXPRESSION"),
    ],
    ids=range(5),
)
def test_values_that_would_not_be_what_they_look_like(value: object, code: str) -> None:
    _, findings = check_definition(text(steps(a=agent_task(value))))
    assert {finding.code for finding in findings} == {code}


def test_a_number_of_thousands_of_digits_is_a_finding() -> None:
    source = text(steps(a={"set": {"x": 77}})).replace("77", "7" * 5_000)
    _, findings = check_definition(source)
    assert [finding.code for finding in findings] == ["OUT_OF_RANGE"]


def test_an_unknown_key_is_reported_where_it_stands() -> None:
    source = text(steps(a={"wait": "PT1S"})) + "    colour:\n      red: 1\n"
    _, findings = check_definition(source)
    assert [(f.line, f.code) for f in findings] == [(source.count("\n") - 1, "UNKNOWN_KEY")]
