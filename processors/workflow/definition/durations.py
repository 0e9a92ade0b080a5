"""Durations of definitions: ISO 8601 text, or the DSL's inline object. Microseconds."""

import re
from typing import Final

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
YEAR_MAX: Final = 366 * DAY

_ISO: Final = re.compile(
    r"P(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,7}(?:\.\d{1,6})?)S)?)?"
)
UNITS: Final = {
    "days": DAY,
    "hours": 3600 * SECOND,
    "minutes": 60 * SECOND,
    "seconds": SECOND,
    "milliseconds": 1000,
}
"""Keys of an inline duration, in microseconds."""


def parse_iso(text: str) -> int | None:
    """Give the microseconds of an ISO 8601 duration in days, hours, minutes and seconds; None for another text."""
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    total = 0
    for unit, amount in match.groupdict().items():
        if amount is not None:
            whole, _, part = amount.partition(".")
            total += int(whole) * UNITS[unit] + (int(part.ljust(6, "0")) if part else 0)
    return total
