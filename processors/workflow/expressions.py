"""The one home of CEL: compile once, evaluate with plain JSON values, bounded and deterministic.

Roots that an expression may name: ``input``, ``context``, ``output``, ``task``. There is no clock and no chance in the
language's functions that are let in, so an evaluation says the same again; but for one thing: a macro over a map visits
its members in no defined order, because the library keeps maps hashed (definition/README.md, Expressions).
Measured: 5-10 µs an evaluation of a small expression on an idle machine, context included.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import cel

from processors.workflow.expression_bounds import COST_MAX, ROOTS, cost, shape

__all__ = [
    "FUNCTIONS",
    "LENGTH_MAX",
    "MACROS_MAX",
    "MACRO_DEPTH_MAX",
    "PLUS_MAX",
    "READS_MAX",
    "ROOTS",
    "ExpressionError",
    "check_macros",
    "compile_expression",
    "context_names",
    "evaluate",
    "probes",
    "program",
    "roots_read",
    "unknown_roots",
]

LENGTH_MAX: Final = 2000
MACRO_DEPTH_MAX: Final = 2
"""Macros inside macros: three levels over 1,000 items each would be a thousand million steps."""
MACROS_MAX: Final = 6
PLUS_MAX: Final = 64
"""Joins of one expression: each copies what stands before it, and a document may have 200,000 characters."""
READS_MAX: Final = 64
"""Mentions of a root: each may be a whole document."""

FUNCTIONS: Final = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "has", "int", "uint", "double", "string", "type",
    "timestamp", "duration", "dyn",
})  # fmt: skip
"""Functions that may be called: those that the library has and that read no clock. Operators are spelled with
underscores and are all let in."""


class ExpressionError(ValueError):
    """An expression that cannot be compiled or evaluated; the message is one sentence."""


@lru_cache(maxsize=4096)
def program(text: str) -> Any:
    """Give the compiled program of a published text, whose expressions were bounded one by one.

    A value of a definition may be longer than one expression: a literal, or a map of many. Raises ExpressionError.
    """
    try:
        return cel.compile(text)
    except (ValueError, RuntimeError) as error:
        raise ExpressionError(_first_sentence(str(error))) from error


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Any:
    """Give the compiled program. Raises ExpressionError for what does not parse or breaks a bound."""
    if len(text) > LENGTH_MAX:
        raise ExpressionError(f"longer than {LENGTH_MAX} characters")
    compiled = program(text)
    _check_bounds(text)
    unknown = sorted(f for f in compiled.functions() if f[0].isalpha() and f not in FUNCTIONS)
    if unknown:
        raise ExpressionError(f"function {unknown[0]} is not known")
    return compiled


def check_macros(text: str) -> None:
    """Raise ExpressionError where a text, be it of one expression or a value of many, has too many macros."""
    of = shape(text)
    if of.macros > MACROS_MAX:
        raise ExpressionError(f"more than {MACROS_MAX} macros")
    if of.depth > MACRO_DEPTH_MAX:
        raise ExpressionError(f"macros nested deeper than {MACRO_DEPTH_MAX}")


def _check_bounds(text: str) -> None:
    check_macros(text)
    of = shape(text)
    if of.matches:
        raise ExpressionError(
            "matches is not used inside a macro: it compiles its pattern each time"
        )
    if of.joins > PLUS_MAX:
        raise ExpressionError(f"more than {PLUS_MAX} joins")
    if len(of.roots) > READS_MAX:
        raise ExpressionError(f"names its roots more than {READS_MAX} times")


@lru_cache(maxsize=4096)
def unknown_roots(text: str) -> tuple[str, ...]:
    """Give the names that an expression reads and that are no root and no macro's own variable."""
    names = set(compile_expression(text).variables())
    return tuple(sorted(names - ROOTS - shape(text).variables))


def roots_read(text: str) -> frozenset[str]:
    """Give the roots that the expression reads."""
    return frozenset(shape(text).roots) - shape(text).variables


def context_names(text: str) -> frozenset[str]:
    """Give every name that the expression needs as ``context.<name>``; those inside strings are none."""
    return shape(text).names - shape(text).probes


def probes(text: str) -> frozenset[str]:
    """Give every name that the expression asks for by ``has(context.<name>…)``: it goes on where there is none."""
    return shape(text).probes


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """Give what the expression says of the names, as a plain JSON value. Raises ExpressionError."""
    compiled = program(expression)
    of = shape(expression)
    if of.macros and cost(of, names.values()) > COST_MAX:
        raise ExpressionError("its macros run over too many values, shorten the list or nest less")
    context = cel.Context()
    try:
        for name, value in names.items():
            context.add_variable(name, value)
        return _plain(compiled.execute(context))
    except KeyError as error:
        raise ExpressionError(f"there is no {error.args[0]}") from error
    except (RuntimeError, ValueError, TypeError, ArithmeticError, IndexError) as error:
        raise ExpressionError(_first_sentence(str(error))) from error


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("gives no finite number, which JSON has not")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, datetime | timedelta):
        raise ExpressionError(
            "gives a time or duration, which JSON has not: convert it with string()"
        )
    raise ExpressionError(f"gives a value that JSON has not ({type(value).__name__})")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ExpressionError("gives a map with a key that is no string")
    return key


def _first_sentence(text: str) -> str:
    return text.split("\n", 1)[0].strip()[:200]
