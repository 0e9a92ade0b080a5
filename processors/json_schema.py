"""JSON Schema (draft 2020-12) for documents from outside: of skills and of workflows.

A schema is somebody else's program that runs inside our decisions, so it is bounded when it is
published: references stay inside the document and form no circle, the expanded schema is small,
patterns run in linear time (Rust ``regex``, no look-around). Nothing is ever fetched. Compiling is
a pure function of the text and remembered for the 256 texts used last.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec
from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

EXPANDED_MAX: Final = 5_000
"""Most JSON values of a schema with its references followed. Thirty levels of two references each
are 500 bytes and a thousand million checks (16 s measured); the bound keeps a check at microseconds
for a usual document."""
DEPTH_MAX: Final = 64
FINDINGS_MAX: Final = 20
FINDING_CHARACTERS_MAX: Final = 300
_PATTERN_BYTES_MAX: Final = 1_000_000
_REFUSED_KEYWORDS: Final = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef")


Path = tuple[str | int, ...]


class _UnfitError(Exception):
    """The schema breaks one of our bounds."""

    def __init__(self, path: Path, rule: str) -> None:
        super().__init__(rule)
        self.path = path
        self.rule = rule


def canonical(text: str) -> str:
    """Give the JSON text with sorted keys and no spaces; raises ValueError where it is no JSON."""
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
    except RecursionError as error:
        raise ValueError("JSON is nested too deep") from error


def schema_findings(text: str) -> list[str]:
    """List what is wrong with a schema, ``path: rule``; empty where it may be published."""
    try:
        schema = msgspec.json.decode(text)
        _expanded(schema, schema, (), ())
        compiled(text)
    except _UnfitError as error:
        return [_finding(error.path, error.rule)]
    except ValidationError as error:
        return [_finding(error.instance_path, error.message)]
    except (ValueError, RecursionError) as error:
        return [_finding((), f"not a JSON Schema ({type(error).__name__})")]
    return []


def _expanded(root: object, node: object, path: Path, followed: tuple[str, ...]) -> int:
    """Count the values under a node with references followed; raise _UnfitError beyond a bound."""
    if len(path) + len(followed) > DEPTH_MAX:
        raise _UnfitError(path, f"nested deeper than {DEPTH_MAX}")
    size = 1
    members: Iterable[tuple[str | int, object]] = ()
    if isinstance(node, dict):
        size += _referenced(root, node, path, followed)
        members = node.items()
    elif isinstance(node, list):
        members = enumerate(node)
    for name, member in members:
        size += _expanded(root, member, (*path, name), followed)
        if size > EXPANDED_MAX:
            raise _UnfitError(path, f"more than {EXPANDED_MAX} values with references followed")
    return size


def _referenced(
    root: object, node: dict[str, object], path: Path, followed: tuple[str, ...]
) -> int:
    """Count the values that a reference brings in, each time it is followed, as validators do."""
    for keyword in _REFUSED_KEYWORDS:
        if isinstance(node.get(keyword), str):
            raise _UnfitError((*path, keyword), "is not supported, refer by $ref into $defs")
    pointer = node.get("$ref")
    if not isinstance(pointer, str):
        return 0
    if not pointer.startswith("#/"):
        raise _UnfitError((*path, "$ref"), "refers into the schema itself only (#/…)")
    if pointer in followed:
        raise _UnfitError((*path, "$ref"), f"refers back to itself by {pointer}")
    return _expanded(root, _pointed(root, pointer, path), path, (*followed, pointer))


def _pointed(root: object, pointer: str, path: Path) -> object:
    node = root
    for token in pointer[2:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            raise _UnfitError((*path, "$ref"), f"{pointer} is not in the schema")
        node = node[name]
    return node


@lru_cache(maxsize=256)
def compiled(text: str) -> Draft202012Validator:
    """Give the compiled schema; raises ValueError where the text is no schema."""
    return Draft202012Validator(
        msgspec.json.decode(text),
        offline=True,
        # An instance is hostile: what a message may quote of it is only that it is a value.
        mask="value",
        pattern_options=RegexOptions(size_limit=_PATTERN_BYTES_MAX),
    )


def findings(schema_text: str, document: str) -> list[str]:
    """List what keeps a JSON document from its schema, ``path: rule``; empty where it fits.

    At most FINDINGS_MAX findings of FINDING_CHARACTERS_MAX printable characters each.
    """
    try:
        value = msgspec.json.decode(document)
        validator = compiled(schema_text)
        if validator.is_valid(value):
            return []
        errors = islice(validator.iter_errors(value), FINDINGS_MAX)
        return [_finding(error.instance_path, error.message) for error in errors]
    except (ValueError, RecursionError) as error:
        return [_finding((), f"not a JSON document that can be checked ({type(error).__name__})")]


def _finding(path: Iterable[str | int], rule: str) -> str:
    where = "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)
    text = f"{where}: {rule}"
    # Names of an instance's members are quoted by some rules and are as hostile as its values.
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return printable[:FINDING_CHARACTERS_MAX]
