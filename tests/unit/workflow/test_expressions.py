"""CEL: what is let in, what an evaluation gives, and that none can take long."""

import time
from typing import Any

import pytest

from processors.workflow.expression_bounds import COST_MAX, cost, shape
from processors.workflow.expressions import (
    FUNCTIONS,
    LENGTH_MAX,
    ExpressionError,
    compile_expression,
    context_names,
    evaluate,
    unknown_roots,
)

INPUT: dict[str, Any] = {
    "n": 1,
    "name": "shop",
    "list": [1, 2, 3],
    "map": {"a": True},
    "none": None,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("input.n + 1", 2),
        ('"the " + input.name', "the shop"),
        ("input.list.map(x, x * 2)", [2, 4, 6]),
        ("input.list.filter(x, x > 1)", [2, 3]),
        ("input.list.exists(x, x == 2) && input.list.all(x, x > 0)", True),
        ("has(input.missing) ? input.missing : 'none'", "none"),
        ("{'a': [input.n, 1.5, null], 'b': {'c': input.map.a}}", {"a": [1, 1.5, None], "b": {"c": True}}),
        ("size(input.list) + int('4')", 7),
        ("string(input.n) + string(1.5)", "11.5"),
        ("'a' in input.map && input.none == null", True),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z')", True),
        ('"ümlaut \\n \\" context.x .map(a, b)"', 'ümlaut \n " context.x .map(a, b)'),
    ],
)  # fmt: skip
def test_an_expression_gives_a_plain_json_value(expression: str, value: Any) -> None:
    compile_expression(expression)
    assert evaluate(expression, {"input": INPUT}) == value


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("input.missing", "there is no missing"),
        ("input.list[9]", "index out of bounds"),
        ("1 / 0", "division by zero"),
        ("1.0 / 0.0", "no finite number"),
        ("9223372036854775807 + input.n", "overflow"),
        ("'a' + input.n", "Unsupported operation"),
        ("{1: 2}", "a key that is no string"),
        ("b'bytes'", "a value that JSON has not"),
        ("timestamp('2026-01-01T00:00:00Z')", "convert it with string"),
        ("duration('1s')", "convert it with string"),
        ("context.x", "context"),
    ],
)
def test_what_an_expression_cannot_say_is_an_error_of_one_sentence(
    expression: str, sentence: str
) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        evaluate(expression, {"input": INPUT})


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("1 +", "parse"),
        ("(" * 500, "parse"),
        ("1" * (LENGTH_MAX + 1), "longer than"),
        ("now()", "function now is not known"),
        ("bool('true')", "function bool is not known"),
        ("input.name.lowerAscii()", "function lowerAscii is not known"),
        ("[1].map(a, [1].map(b, [1].map(c, c)))", "nested deeper"),
        ("[1]" + ".map(a, a)" * 7, "more than 6 macros"),
        ("input.list.filter(x, input.name.matches('a'))", "matches"),
        ("input.name" + " + 'a'" * 65, "more than 64 joins"),
        ("[" + "input," * 64 + "input]", "more than 64 times"),
    ],
)
def test_what_breaks_a_bound_is_not_compiled(expression: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        compile_expression(expression)


@pytest.mark.parametrize("function", sorted(FUNCTIONS - {"has", "dyn"}))
def test_every_function_let_in_is_there(function: str) -> None:
    calls = {
        "contains": "'ab'.contains('a')",
        "startsWith": "'ab'.startsWith('a')",
        "endsWith": "'ab'.endsWith('b')",
        "matches": "'ab'.matches('a.')",
        "timestamp": "timestamp('2026-01-01T00:00:00Z') == timestamp('2026-01-01T00:00:00Z')",
        "duration": "duration('1s') == duration('1000ms')",
        "size": "size('ab') == 2",
    }
    expression = calls.get(function, f"{function}(1) == {function}(1)")
    compile_expression(expression)
    assert evaluate(expression, {}) is True


@pytest.mark.parametrize(
    "expression",
    [
        "input.a.map(x, input.a)",
        "input.a.map(x, input.a.map(y, y + x))",
        "input.o.filter(x, x.n > 1)",
        "input.o.filter(x, input.o.exists(y, y.n == x.n))",
        "input.a.all(x, input.a.all(y, y >= 0))",
        "input.a.map(x, [x, x, x]).map(y, [y, y, y])",
        "[input.s].map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x)",
    ],
)
def test_macros_over_a_whole_document_are_refused_before_they_run(expression: str) -> None:
    document = {"a": list(range(2_000)), "o": [{"n": n} for n in range(2_000)], "s": "x" * 200_000}
    compile_expression(expression)
    begun = time.monotonic()
    with pytest.raises(ExpressionError, match="over too many values"):
        evaluate(expression, {"input": document})
    assert (
        time.monotonic() - begun < 2
    )  # the first took 303 s unbounded; counting takes milliseconds


@pytest.mark.parametrize(
    "expression",
    [
        "input.items.map(i, i.name)",
        "input.items.map(i, {'name': i.name, 'size': i.size})",
        "input.items.filter(i, i.size > 10)",
        "input.items.filter(i, !input.items.exists(j, j.size > i.size))",
        "input.items.exists(i, i.name == 'item-7')",
        "input.items.map(i, i.parts.map(p, p + 1))",
    ],
)
def test_what_a_workflow_does_with_a_hundred_items_is_let_in(expression: str) -> None:
    items = [{"name": f"item-{n}", "size": n, "parts": [n]} for n in range(100)]
    evaluate(expression, {"input": {"items": items}})
    assert 0 < cost(shape(expression), [{"items": items}]) <= COST_MAX


def test_an_expression_without_macros_costs_no_counting() -> None:
    assert cost(shape("input.a + input.b"), [{"a": [1] * 10_000}]) == 0


def test_names_are_found_outside_of_strings_and_comments_only() -> None:
    text = "context.a.b + 'context.c' + r'context.d\\' + input.context.e // context.f"
    assert context_names(text) == {"a"}


def test_a_macros_variable_is_no_unknown_name() -> None:
    assert unknown_roots("input.list.map(item, item + other)") == ("other",)
    assert unknown_roots("input.list.exists( x , x > 1)") == ()
