"""The windows of UTC time, held against the standard library's calendar."""

from calendar import monthrange
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tenancy.windows import NEVER, Window, end_of, start_of

WINDOWS: tuple[Window, ...] = ("minute", "hour", "day", "month")
INSTANTS = st.datetimes(
    # hypothesis takes bounds without a zone and adds it to what it draws.
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SECOND = 1_000_000


def micros(instant: datetime) -> int:
    return round(instant.replace(microsecond=0).timestamp()) * SECOND + instant.microsecond


@given(INSTANTS)
def test_windows_begin_where_the_calendar_says(instant: datetime) -> None:
    at = micros(instant)
    minute = instant.replace(second=0, microsecond=0)
    hour = minute.replace(minute=0)
    day = hour.replace(hour=0)
    assert start_of("minute", at) == micros(minute)
    assert start_of("hour", at) == micros(hour)
    assert start_of("day", at) == micros(day)
    assert start_of("month", at) == micros(day.replace(day=1))


@given(INSTANTS)
def test_a_month_ends_after_as_many_days_as_it_has(instant: datetime) -> None:
    start = start_of("month", micros(instant))
    days = monthrange(instant.year, instant.month)[1]
    assert end_of("month", start) == start + days * 86_400 * SECOND


@given(INSTANTS, st.sampled_from(WINDOWS))
def test_an_instant_lies_in_its_window_and_windows_join(instant: datetime, window: Window) -> None:
    at = micros(instant)
    start = start_of(window, at)
    end = end_of(window, start)
    assert start <= at < end
    assert start_of(window, end) == end
    assert start_of(window, end - 1) == start


@pytest.mark.parametrize("at", [0, 1_767_225_600_000_000])
def test_without_a_window_time_has_one_beginning_and_no_end(at: int) -> None:
    assert start_of("none", at) == 0
    assert end_of("none", 0) == NEVER
