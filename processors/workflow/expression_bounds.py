"""What evaluating an expression may cost, told before it is evaluated: an evaluation cannot be interrupted.

The CEL library has no cost limit, and its ``map`` and ``filter`` copy all that they have gathered with each item:
measured, ``input.a.map(x, input.a)`` over 2,000 numbers ran for 303 s, a ``filter`` over 4,000 small objects for 18 s.
A tenant with such an expression would stop the partition for all others. So macros are found in the text, and the
values that the expression reads are counted; the product is bounded. Without a macro an evaluation is linear in what it
reads.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

ROOTS: Final = frozenset({"input", "context", "output", "task"})
COST_MAX: Final = 500_000
"""Most node visits of one evaluation, about 0.3-0.5 µs each: a sixth to a quarter of a second at worst. Lets a ``map``
or ``filter`` run over 700 numbers or 250 small objects, an ``all`` or ``exists`` over any list of a document."""
CHARACTERS_A_NODE: Final = 64
"""Copying that many characters costs about as much as visiting one value."""

MACROS: Final = frozenset({"map", "filter", "all", "exists", "exists_one", "existsOne"})
_GATHERING: Final = frozenset({"map", "filter"})
_TOKEN: Final = re.compile(
    r"""//[^\n]*|[rR][bB]?(?:"[^"\n]*"|'[^'\n]*')"""
    r"""|[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<token>[A-Za-z_]\w*|\d[\w.]*|[^\s\w])""",
    re.DOTALL | re.ASCII,
)


class Macro(NamedTuple):
    """A macro that is open at some place: its name, its variable, and where the tokens of its body begin."""

    name: str
    variable: str
    body_from: int


class Shape(NamedTuple):
    """What of an expression's text decides its cost."""

    macros: int = 0
    depth: int = 0
    """Macros inside macros, 1 where there is one."""
    variables: frozenset[str] = frozenset()
    """Names that macros bind."""
    copies: bool = False
    """Each turn copies: what is gathered, or a root read inside."""
    copies_deep: bool = False
    """A turn inside a turn copies what does not belong to the outer turn's item."""
    copies_roots: bool = False
    """What is gathered holds whole roots."""
    matches: bool = False
    """A turn compiles a regular expression: 2 to 60 ms, which no count of values tells."""
    width: int = 1
    """Longest that a list or map which the text itself spells can be."""
    growth: float = 1.0
    """How many times longer a value may become than what was read."""
    joins: int = 0
    """Signs ``+``."""
    roots: tuple[str, ...] = ()
    """Every mention of a root, in order; a member of that name is none."""
    names: frozenset[str] = frozenset()
    """Names of ``context.<name>``."""
    probes: frozenset[str] = frozenset()
    """Those of them that stand in ``has(context.<name>``."""


def tokens(text: str) -> list[str]:
    """Give the names, numbers and signs of an expression, without strings and comments."""
    return [match["token"] for match in _TOKEN.finditer(text) if match["token"]]


@lru_cache(maxsize=4096)
def shape(text: str) -> Shape:
    """Give what of the text decides its cost."""
    found = tokens(text)
    bodies = [(place, tuple(open_)) for place, open_ in _inside(found)]
    joins = found.count("+")
    without = Shape(
        joins=joins,
        roots=tuple(_roots(found)),
        names=frozenset(name for _, name in _names(found)),
        probes=frozenset(n for p, n in _names(found) if found[max(0, p - 2) : p] == ["has", "("]),
    )
    if not bodies:
        return without
    macros = {macro.body_from: macro for _, open_ in bodies for macro in open_}.values()
    bound = frozenset(macro.variable for macro in macros)
    roots = [
        (found[p], open_) for p, open_ in bodies if _is_root(found, p) and found[p] not in bound
    ]
    depth = max(len(open_) for _, open_ in bodies)
    gathers_deep = any(len(o) > 1 and o[-1].name in _GATHERING for _, o in bodies)
    uses = sum(found[p] in bound and any(m.name == "map" for m in o) for p, o in bodies)
    maps = sum(macro.name == "map" for macro in macros)
    extra = max(0, uses - maps) + joins
    return without._replace(
        macros=len(macros),
        depth=depth,
        variables=bound,
        copies=bool(roots) or any(macro.name in _GATHERING for macro in macros),
        copies_deep=bool(roots) and (gathers_deep or any(len(o) > 1 for _, o in roots)),
        copies_roots=any(macro.name == "map" for _, o in roots for macro in o),
        matches=any(found[place] == "matches" for place, _ in bodies),
        width=found.count(",") + 1,
        growth=(1 + extra / len(macros)) ** len(macros),
    )


def _inside(found: list[str]) -> Iterator[tuple[int, list[Macro]]]:
    """Give (place, macros open there) of each token inside a macro's body."""
    brackets: list[Macro | None] = []
    for place, token in enumerate(found):
        if token in ("(", "[", "{"):
            brackets.append(_opened(found, place))
        elif token in (")", "]", "}") and brackets:
            brackets.pop()
        open_ = [macro for macro in brackets if macro is not None and place > macro.body_from]
        if open_:
            yield place, open_


def _opened(found: list[str], place: int) -> Macro | None:
    """Give the macro whose bracket stands at the place: ``.map(name,``."""
    before, behind = found[max(0, place - 2) : place], found[place + 1 : place + 3]
    is_macro = len(before) == 2 and before[0] == "." and before[1] in MACROS  # noqa: PLR2004 - a dot and a name
    if found[place] != "(" or not is_macro or behind[1:] != [","]:
        return None
    return Macro(before[1], behind[0], place + 2)


def _is_root(found: list[str], place: int) -> bool:
    return found[place] in ROOTS and (place == 0 or found[place - 1] != ".")


def _roots(found: list[str]) -> Iterator[str]:
    return (token for place, token in enumerate(found) if _is_root(found, place))


def _names(found: list[str]) -> Iterator[tuple[int, str]]:
    """Give (place, name) of each ``context.<name>``."""
    for place, name in enumerate(found):
        member = found[place + 1 : place + 3]
        if name == "context" and _is_root(found, place) and member[:1] == ["."]:
            yield from ((place, follows) for follows in member[1:])


def cost(of: Shape, values: Iterable[Any]) -> float:
    """Give the most node visits that an evaluation over the values may take; 0 without macros."""
    if not of.macros:
        return 0
    longest, nodes = of.width, of.width
    layer = list(values)
    while layer:
        inner: list[Any] = []
        for value in layer:
            if isinstance(value, dict | list):
                longest = max(longest, len(value))
                inner += value.values() if isinstance(value, dict) else value
            elif isinstance(value, str):
                nodes += len(value) // CHARACTERS_A_NODE
        nodes += len(layer)
        layer = inner
    turns: int = longest**of.depth
    copied = longest * nodes if of.copies else 0
    copied *= longest if of.copies_deep else 1
    copied *= longest if of.copies_roots else 1
    return of.macros * (turns + copied) * of.growth
