"""Reads typed values out of nodes and keeps what is wrong with its line, so that all faults come in one pass."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from processors.workflow import expressions
from processors.workflow.definition.durations import UNITS, YEAR_MAX, parse_iso
from processors.workflow.definition.model import Finding
from processors.workflow.definition.source import plain, scalar

FINDINGS_MAX: Final = 200
_SHAPES_OUTPUT: Final = re.compile(r"(?:^|/)output/as(?:/|$)")
_EXPRESSION: Final = re.compile(r"^\$\{(.*)\}$", re.DOTALL)

Fields = Mapping[str, Node]


class Reader:
    """Collects findings; each reading gives a value that is fit to go on with."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.reads: dict[str, tuple[Node, str]] = {}
        """Path -> node and text of each expression: the names that it reads are checked when all names are known."""
        self._keys: dict[int, Node] = {}
        """Id of a value's node -> its key's node: an unknown key is reported where it stands."""

    def report(self, node: Node, path: str, code: str, message: str) -> None:
        """Keep a fault of a node."""
        mark = node.start_mark
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(mark.line + 1, mark.column + 1, path, code, message))

    def mapping(
        self, node: Node, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Fields:
        """Give the fields of a mapping with exactly these keys."""
        fields = self.pairs(node, path)
        for name in required:
            if fields is not None and name not in fields:
                self.report(node, path, "MISSING", f"{name} is missing")
        for name, value in (fields or {}).items():
            if name not in required and name not in optional:
                known = ", ".join((*required, *optional))
                self.report(
                    self._keys[id(value)],
                    f"{path}/{name}",
                    "UNKNOWN_KEY",
                    f"{name} is not known here: {known}",
                )
        return fields or {}

    def pairs(self, node: Node, path: str) -> Fields | None:
        """Give the fields of a mapping with any keys; None where it is no mapping."""
        if not isinstance(node, MappingNode):
            self.report(node, path, "WRONG_TYPE", "a mapping is expected")
            return None
        fields: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.report(key, path, "WRONG_TYPE", "a key is a name")
            elif key.value in fields:
                self.report(
                    key, f"{path}/{key.value}", "DUPLICATE_KEY", f"{key.value} stands twice"
                )
            else:
                fields[key.value] = value
                self._keys[id(value)] = key
        return fields

    def items(self, node: Node, path: str, *, most: int) -> list[Node]:
        """Give the items of a list with at least one."""
        if not isinstance(node, SequenceNode):
            self.report(node, path, "WRONG_TYPE", "a list is expected")
            return []
        if not node.value:
            self.report(node, path, "MISSING", "the list is empty")
        if len(node.value) > most:
            self.report(node, path, "OUT_OF_RANGE", f"at most {most} entries")
        return list(node.value[:most])

    def text(self, node: Node | None, path: str, default: str, pattern: str = r".{1,1000}") -> str:
        """Give a string that matches the pattern."""
        if node is None:
            return default
        value = scalar(node) if isinstance(node, ScalarNode) else None
        if not isinstance(value, str):
            self.report(node, path, "WRONG_TYPE", "text is expected")
            return default
        if re.fullmatch(pattern, value, re.DOTALL) is None:
            self.report(node, path, "BAD_VALUE", f"{value[:60]!r} does not match {pattern}")
            return default
        return value

    def integer(self, node: Node | None, path: str, default: int, low: int, high: int) -> int:
        """Give a whole number within the bounds."""
        if node is None:
            return default
        value = scalar(node) if isinstance(node, ScalarNode) else None
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(node, path, "WRONG_TYPE", "a whole number is expected")
            return default
        if not low <= value <= high:
            self.report(node, path, "OUT_OF_RANGE", f"from {low} to {high}")
            return default
        return value

    def number(
        self, node: Node | None, path: str, default: float, low: float, high: float
    ) -> float:
        """Give a number within the bounds."""
        if node is None:
            return default
        value = scalar(node) if isinstance(node, ScalarNode) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.report(node, path, "WRONG_TYPE", "a number is expected")
            return default
        if not low <= value <= high:
            self.report(node, path, "OUT_OF_RANGE", f"from {low} to {high}")
            return default
        return float(value)

    def boolean(self, node: Node | None, path: str, *, default: bool) -> bool:
        """Give true or false."""
        if node is None:
            return default
        value = scalar(node) if isinstance(node, ScalarNode) else None
        if not isinstance(value, bool):
            self.report(node, path, "WRONG_TYPE", "true or false is expected")
            return default
        return value

    def choice(self, node: Node | None, path: str, default: str, choices: tuple[str, ...]) -> str:
        """Give one of the words."""
        if node is None:
            return default
        value = scalar(node) if isinstance(node, ScalarNode) else None
        if value not in choices:
            self.report(node, path, "BAD_VALUE", f"one of {', '.join(choices)}")
            return default
        return str(value)

    def duration(
        self, node: Node | None, path: str, default: int, *, low: int, high: int = YEAR_MAX
    ) -> int:
        """Give microseconds of an ISO 8601 duration or of an inline one such as ``{seconds: 5}``."""
        if node is None:
            return default
        micros = self._micros(node, path)
        if micros is None:
            return default
        if not low <= micros <= high:
            self.report(node, path, "OUT_OF_RANGE", f"from {low / 1e6:g} to {high / 1e6:g} seconds")
            return default
        return micros

    def _micros(self, node: Node, path: str) -> int | None:
        if isinstance(node, MappingNode):
            fields = self.mapping(node, path, (), tuple(UNITS))
            return sum(
                self.integer(value, f"{path}/{unit}", 0, 0, 10**9) * UNITS[unit]
                for unit, value in fields.items()
                if unit in UNITS
            )
        value = scalar(node) if isinstance(node, ScalarNode) else None
        micros = parse_iso(value) if isinstance(value, str) else None
        if micros is None:
            self.report(node, path, "BAD_VALUE", "an ISO 8601 duration such as PT30S is expected")
        return micros

    # -- expressions ---------------------------------------------------------------------------------
    def condition(self, node: Node | None, path: str) -> str | None:
        """Give the CEL of a guard; a guard is always an expression."""
        if node is None:
            return None
        value = scalar(node) if isinstance(node, ScalarNode) else None
        match = _EXPRESSION.match(value) if isinstance(value, str) else None
        if match is None:
            self.report(node, path, "BAD_EXPRESSION", "an expression ${ … } is expected")
            return None
        return self._checked(node, path, match[1].strip())

    def value(self, node: Node, path: str) -> str:
        """Give the CEL of a value: ``${ … }`` as it stands, anything else as a literal, at any depth."""
        text = self._composed(node, path)
        if not isinstance(node, ScalarNode):
            try:
                expressions.check_macros(text)
            except expressions.ExpressionError as error:
                self.report(
                    node, path, "BAD_EXPRESSION", f"all expressions of it together: {error}"
                )
        return text

    def _composed(self, node: Node, path: str) -> str:
        if isinstance(node, MappingNode):
            fields = (self.pairs(node, path) or {}).items()
            inner = (
                f"{_quoted(name)}: {self._composed(v, f'{path}/{name}')}" for name, v in fields
            )
            return "{" + ", ".join(inner) + "}"
        if isinstance(node, SequenceNode):
            items = (self._composed(v, f"{path}/{i}") for i, v in enumerate(node.value))
            return "[" + ", ".join(items) + "]"
        literal = plain(node)
        match = _EXPRESSION.match(literal) if isinstance(literal, str) else None
        if match is not None and "${" not in match[1]:
            return self._checked(node, path, match[1].strip())
        self._check_literal(node, path, literal)
        return _quoted(literal)

    def _check_literal(self, node: Node, path: str, literal: Any) -> None:
        """Report what looks like an expression and would be taken as it stands, and numbers that are none."""
        if isinstance(literal, str) and "${" in literal:
            rule = 'an expression is the whole text: ${ "for " + input.name }'
            self.report(node, path, "BAD_EXPRESSION", rule)
        elif isinstance(literal, float) and not math.isfinite(literal):
            self.report(node, path, "OUT_OF_RANGE", "a number that a double can hold")
        elif isinstance(literal, int) and not -(2**63) <= literal < 2**63:
            self.report(node, path, "OUT_OF_RANGE", "a whole number of 64 bits")

    def _checked(self, node: Node, path: str, text: str) -> str:
        try:
            expressions.compile_expression(text)
            unknown = expressions.unknown_roots(text)
        except expressions.ExpressionError as error:
            self.report(node, path, "BAD_EXPRESSION", str(error))
            return "null"
        if unknown:
            roots = ", ".join(sorted(expressions.ROOTS))
            self.report(node, path, "UNKNOWN_NAME", f"{unknown[0]} is not known: {roots}")
        if "output" in expressions.roots_read(text) and _SHAPES_OUTPUT.search(path) is None:
            self.report(node, path, "UNKNOWN_NAME", "output is there in output.as only")
        self.reads[path] = (node, text)
        return text


def _quoted(literal: Any) -> str:
    """Give the CEL literal of a JSON scalar."""
    return json.dumps(literal, ensure_ascii=False)
