"""Semantic versions and the ranges that a reference may name.

Literal, because no library that we have knows them. A version is ``MAJOR.MINOR.PATCH`` without
pre-release or build parts: published assets have none (domain.md). Ranges: ``1.2.3`` (exactly),
``^1.2.0`` (no breaking change: the first non-zero part stays), ``~1.2.0`` (MAJOR.MINOR stays),
``>=1.0.0 <2.0.0`` (all of up to four comparisons) and ``*`` (any).
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Final

Version = tuple[int, int, int]
Comparison = tuple[Callable[[Version, Version], bool], Version]

COMPARISONS_MAX: Final = 4
"""Most comparisons of one range: two bound it, two more may cut a hole's edges."""

_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
_COMPARISON: Final = re.compile(r"(>=|<=|>|<|=|\^|~|)([0-9.]{5,29})")
_OPERATORS: Final[dict[str, Callable[[Version, Version], bool]]] = {
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
    "=": eq,
    "": eq,
}


@lru_cache(maxsize=4096)
def parse(text: str) -> Version | None:
    """Give the version, or None where the text is none."""
    match = _VERSION.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


@lru_cache(maxsize=1024)
def comparisons(range_text: str) -> tuple[Comparison, ...] | None:
    """Give the comparisons that a version of the range passes; None where the text is no range."""
    parts = range_text.split(" ")
    if range_text == "*":
        return ()
    if len(parts) > COMPARISONS_MAX:
        return None
    found: list[Comparison] = []
    for part in parts:
        compared = _compared(part)
        if compared is None:
            return None
        found += compared
    return tuple(found)


def _compared(part: str) -> list[Comparison] | None:
    match = _COMPARISON.fullmatch(part)
    version = parse(match[2]) if match else None
    if match is None or version is None:
        return None
    if match[1] == "^":
        return [(ge, version), (lt, _next_breaking(version))]
    if match[1] == "~":
        return [(ge, version), (lt, (version[0], version[1] + 1, 0))]
    return [(_OPERATORS[match[1]], version)]


def _next_breaking(version: Version) -> Version:
    """Give the first version that may break users: below 1.0.0 a new minor, then a new patch."""
    major, minor, patch = version
    if major:
        return (major + 1, 0, 0)
    return (0, minor + 1, 0) if minor else (0, 0, patch + 1)


def is_range(text: str) -> bool:
    """Tell whether the text is a range of one of the forms above."""
    return comparisons(text) is not None


def satisfies(version_text: str, range_text: str) -> bool:
    """Tell whether the version lies in the range; what is no version or no range never does."""
    version, wanted = parse(version_text), comparisons(range_text)
    if version is None or wanted is None:
        return False
    return all(compare(version, bound) for compare, bound in wanted)


def newest(versions: Iterable[str], range_text: str) -> str | None:
    """Give the first of the versions (newest first) that lies in the range, or None."""
    return next((version for version in versions if satisfies(version, range_text)), None)


def newest_first(versions: Iterable[str], added: str) -> tuple[str, ...]:
    """Give the versions with one added, newest first; adding a version twice changes nothing."""
    return tuple(sorted({*versions, added}, key=_order, reverse=True))


def _order(text: str) -> Version:
    version = parse(text)
    if version is None:
        raise AssertionError(f"{text!r} was published and is no version")
    return version
