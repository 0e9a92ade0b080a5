"""Bounds of a policy text that hold before the engine reads it: a parser that recurses would end the process.

Ten thousand characters of brackets are enough to run Cedar's parser out of stack (measured: 5,000 nested
parentheses, sets, records or ifs end the worker with a segmentation fault). What is counted here is lexical, so it
errs to the strict side; people's policies nest three or four deep.
"""

import re
from typing import Final

BRACKETS_DEPTH_MAX: Final = 32
"""Deepest nesting of brackets; Cedar itself goes on to about 400 before it is in danger."""
OPERATORS_MAX: Final = 256
"""Most operators of one statement. Each is one level of its expression; the engine stops at about 60 in a chain."""

_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\n\r]*|(?P<opens>[(\[{])|(?P<closes>[)\]}])|(?P<ends>;)'
    r"|(?P<operates>\bif\b|\bin\b|\bhas\b|\blike\b|\bis\b|&&|\|\||[=!<>]=|[-+*.!<>])",
    re.DOTALL,
)


class PolicyTextError(ValueError):
    """A policy text that cannot be published; the message is one sentence."""


def check_nesting(text: str) -> None:
    """Raise PolicyTextError for a text that is too deep to be handed to the engine; one pass over the text."""
    depth = operators = 0
    for token in _TOKEN.finditer(text):
        if token["opens"]:
            depth += 1
        elif token["closes"]:
            depth -= 1
        elif token["ends"]:
            operators = 0
        elif token["operates"]:
            operators += 1
        if depth > BRACKETS_DEPTH_MAX:
            raise PolicyTextError(f"brackets are nested deeper than {BRACKETS_DEPTH_MAX}")
        if operators > OPERATORS_MAX:
            raise PolicyTextError(f"a statement has more than {OPERATORS_MAX} operators")
