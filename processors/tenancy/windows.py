"""The windows of UTC time that limits hold for, in whole microseconds since 1970.

Integer arithmetic alone: a ``datetime`` costs more than a whole reservation may, and its range ends
where ours need not.
Source: domain.md §2 (windows), settled.md 22.
"""

from typing import Final, Literal

Window = Literal["none", "minute", "hour", "day", "month"]

NEVER: Final = 2**62
"""End of a window that does not end, microseconds UTC (some 146,000 years on); fits an Avro long."""

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_EVEN: Final = {"minute": MINUTE, "hour": HOUR, "day": DAY}

_ERA_DAYS: Final = 146_097
"""Days of 400 years: the Gregorian calendar repeats after them."""
_EPOCH_DAYS: Final = 719_468
"""Days from 0000-03-01, where the arithmetic's years begin, to 1970-01-01."""


def start_of(window: Window, at: int) -> int:
    """Give the start of the window that the instant lies in, microseconds UTC; 0 for ``none``."""
    if window == "none":
        return 0
    if window == "month":
        year, month = _year_and_month(at // DAY)
        return _first_day(year, month) * DAY
    return at - at % _EVEN[window]


def end_of(window: Window, start: int) -> int:
    """Give the end of the window that starts there: the first instant of the next one."""
    if window == "none":
        return NEVER
    if window == "month":
        year, month = _year_and_month(start // DAY)
        return _first_day(year + month // 12, month % 12 + 1) * DAY
    return start + _EVEN[window]


def _year_and_month(day: int) -> tuple[int, int]:
    """Give year and month of a day since 1970 (Hinnant, "chrono-compatible low-level date algorithms").

    Years are counted from March, so that the leap day is the last of its year.
    """
    era, day_of_era = divmod(day + _EPOCH_DAYS, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004 -- March is month 0
    return year_of_era + era * 400 + (month <= 2), month  # noqa: PLR2004 -- January, February


def _first_day(year: int, month: int) -> int:
    """Give the day since 1970 of the first of a month; the inverse of ``_year_and_month``."""
    year -= month <= 2  # noqa: PLR2004 -- January and February end the year that began in March
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _ERA_DAYS + day_of_era - _EPOCH_DAYS
