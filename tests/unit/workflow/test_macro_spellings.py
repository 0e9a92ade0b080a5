"""Macros three deep are refused however they are spelled: the engine itself reads more than one spelling of them."""

import pytest

from processors.workflow.expressions import ExpressionError, compile_expression, program

SPELLINGS = {
    "plain": "[1].map(a, [1].map(b, [1].map(c, c)))",
    "a space behind": "[1].map (a, [1].map (b, [1].map (c, c)))",
    "a space before": "[1]. map(a, [1].\nmap(b, [1] .map( c , c)))",
    "a comment inside": "[1].map(//\na, [1].map(//\nb, [1].map(//\nc, c)))",
    "a bracket in a string": '[1].map(a, ")" == "" ? [] : [1].map(b, \')\' == "" ? [] : [1].map(c, c)))',
    "a raw string": r'[1].map(a, r"\" == "" ? [] : [1].map(b, r"\" == "" ? [] : [1].map(c, c)))',
    "its other name": "[1].existsOne(a, [1].existsOne(b, [1].existsOne(c, true)))",
    "of several kinds": "[1].all(a, [1].exists_one(b, [1].exists(c, true)))",
    "with a condition": "[1].map(a, true, [1].map(b, true, [1].filter(c, true)))",
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_macros_three_deep_are_refused(how: str) -> None:
    text = SPELLINGS[how]
    program(text)  # the engine itself would take it
    with pytest.raises(ExpressionError, match="nested deeper"):
        compile_expression(text)
