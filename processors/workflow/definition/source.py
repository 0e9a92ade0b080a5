"""From YAML text to nodes that know their line: one strict reading, bounded before anything looks at it.

YAML 1.2 booleans only (``on`` and ``no`` are strings), no anchors, aliases, tags or merge keys, no key twice, and one
document.
"""

import re
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from processors.workflow.definition.model import Finding

TEXT_BYTES_MAX: Final = 65_536
DEPTH_MAX: Final = 24
NODES_MAX: Final = 20_000
_DIGITS_MAX: Final = 100


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it, as its wheels are: ten times as fast, the same nodes and marks."""


class _StrictLoader(_Loader):  # type: ignore[misc] # one of two classes of one interface
    """PyYAML's safe loader with the scalars of YAML 1.2's core schema, as far as definitions need them."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's own way to declare them


_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"),
    list("-0123456789"),
)
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""]
)


def compose(text: str) -> tuple[Node | None, list[Finding]]:
    """Give the root node, or the findings that keep anything from being read."""
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        return None, [_finding(1, 1, "TOO_LARGE", f"at most {TEXT_BYTES_MAX} bytes")]
    try:
        refused = _refused_tokens(text)
        if refused:
            return None, refused
        root = yaml.compose(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return None, [_finding(line, column, "NOT_YAML", error.problem or "not YAML")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [_finding(1, 1, "NOT_YAML", str(error).split("\n", 1)[0])]
    if root is None:
        return None, [_finding(1, 1, "NOT_YAML", "the document is empty")]
    return root, []


def _refused_tokens(text: str) -> list[Finding]:
    """Find what would make one node stand in two places or change its type, before nodes are built."""
    names = {
        yaml.AnchorToken: "anchors",
        yaml.AliasToken: "aliases",
        yaml.TagToken: "tags",
        yaml.DirectiveToken: "directives",
    }
    found, depth = [], 0
    for number, token in enumerate(yaml.scan(text, Loader=_StrictLoader)):
        mark = token.start_mark
        if type(token) in names:
            rule = f"{names[type(token)]} are not used in definitions"
            found.append(_finding(mark.line + 1, mark.column + 1, "UNSUPPORTED", rule))
        depth += _depth_change(token)
        if depth > DEPTH_MAX or number > 4 * NODES_MAX:
            rule = f"nested deeper than {DEPTH_MAX}" if depth > DEPTH_MAX else "too many nodes"
            found.append(_finding(mark.line + 1, mark.column + 1, "TOO_LARGE", rule))
            break
    return found


def _depth_change(token: yaml.Token) -> int:
    if isinstance(
        token,
        yaml.BlockMappingStartToken
        | yaml.BlockSequenceStartToken
        | yaml.FlowMappingStartToken
        | yaml.FlowSequenceStartToken,
    ):
        return 1
    if isinstance(token, yaml.BlockEndToken | yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken):
        return -1
    return 0


def _finding(line: int, column: int, code: str, message: str) -> Finding:
    return Finding(line, column, "", code, message)


def plain(node: Node) -> Any:
    """Give the JSON value of a node; a mapping's later key wins, which the reader has reported."""
    if isinstance(node, MappingNode):
        return {str(key.value): plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    return scalar(node) if isinstance(node, ScalarNode) else None


def scalar(node: ScalarNode) -> str | int | float | bool | None:
    """Give the value of a scalar node."""
    kind = node.tag.rpartition(":")[2]
    text: str = node.value
    if kind == "bool":
        return text == "true"
    if kind == "int":
        # Python refuses to read thousands of digits; what is cut here is out of every range all the same.
        return int(text[:_DIGITS_MAX])
    if kind == "float":
        return float(text)
    return None if kind == "null" else text
