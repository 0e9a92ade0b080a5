"""Rules of the names inside an asset's lists, which the wire schema cannot check item by item."""

import re
from collections.abc import Sequence
from typing import Final

from processors.contract import Rejection

ROLE: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
PERMISSION: Final = re.compile(r"[a-z][a-z0-9-]{0,62}:[a-z][a-z0-9-]{0,62}")
TOOL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


def unfit(values: Sequence[str], rule: re.Pattern[str], field: str) -> Rejection | None:
    """Refuse the first value that breaks the rule or comes twice; None where all fit."""
    for index, value in enumerate(values):
        where = f"{field}/{index}"
        if rule.fullmatch(value) is None:
            return Rejection(
                "INVALID_ARGUMENT", "the name obeys its rule", where, rule.pattern, value
            )
        if value in values[:index]:
            return Rejection("INVALID_ARGUMENT", "each name comes once", where, got=value)
    return None


def empty(values: Sequence[object], field: str) -> Rejection | None:
    """Refuse a list that needs at least one entry and has none."""
    if values:
        return None
    return Rejection("INVALID_ARGUMENT", "at least one is given", field, "1 or more", "none")
