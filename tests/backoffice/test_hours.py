"""Opening hours: what waits for a desk waits for its next window, and for no midnight."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.authorization.hours import (
    DESKS,
    MINUTE_MS,
    DeskHours,
    Desks,
    Window,
    due_ms,
    expiry_ms,
    next_workday_end_ms,
)
from backoffice.authorization.levels import Locality
from wire.checks import CHINA

USUAL = DeskHours()
SPRING = DeskHours(
    windows=(Window("08:30", "12:00"), Window("14:00", "17:30")),
    holidays=tuple(dt.date(2026, 2, day) for day in range(16, 24)),
    workdays=(dt.date(2026, 2, 14), dt.date(2026, 2, 28)),
)
"""The Spring Festival of 2026: Monday to Monday off, the Saturdays around it are worked."""


def at(text: str) -> int:
    """A moment in China, Unix milliseconds."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp() * 1000)


def text(at_ms: int) -> str:
    """The same the other way round."""
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M")


def ends(when: str, hours: DeskHours, locality: Locality = Locality.UNION) -> str:
    return text(expiry_ms(at(when), Desks(hours, USUAL), locality))


@pytest.mark.parametrize(
    ("handed_in", "ends_at"),
    [
        ("2025-06-15 23:06", "2025-06-16 17:30"),
        ("2025-06-16 08:29", "2025-06-16 17:30"),
        ("2025-06-16 09:00", "2025-06-16 17:30"),
        ("2025-06-16 16:30", "2025-06-16 17:30"),
        ("2025-06-16 16:31", "2025-06-17 17:30"),
        ("2025-06-16 17:30", "2025-06-17 17:30"),
        ("2025-06-20 17:00", "2025-06-23 17:30"),
        ("2025-12-31 23:59", "2026-01-01 17:30"),
    ],
)
def test_a_case_ends_with_the_next_window_of_its_desk(handed_in: str, ends_at: str) -> None:
    """At night, before opening, in the middle, shortly before closing, before a weekend."""
    assert ends_at == ends(handed_in, USUAL)


@pytest.mark.parametrize(
    ("handed_in", "ends_at"),
    [
        ("2026-02-13 18:00", "2026-02-14 12:00"),
        ("2026-02-14 11:30", "2026-02-14 17:30"),
        ("2026-02-14 17:00", "2026-02-24 12:00"),
        ("2026-02-27 23:00", "2026-02-28 12:00"),
    ],
)
def test_holidays_are_off_and_days_that_make_up_for_them_are_not(
    handed_in: str, ends_at: str
) -> None:
    """A worked Saturday is a working day, a Tuesday of the festival is none."""
    assert ends_at == ends(handed_in, SPRING)


def test_a_central_case_counts_the_centre_s_hours() -> None:
    """And a union's own its own."""
    night = "2026-02-16 20:00"

    assert "2026-02-24 12:00" == ends(night, SPRING, Locality.UNION)
    assert "2026-02-24 12:00" == ends(night, SPRING, Locality.OUTLET)
    assert "2026-02-17 17:30" == ends(night, SPRING, Locality.CENTRAL)


@pytest.mark.parametrize(
    ("handed_in", "minutes", "due"),
    [
        ("2025-06-16 09:00", 15, "2025-06-16 09:15"),
        ("2025-06-15 23:06", 15, "2025-06-16 08:45"),
        ("2025-06-16 17:20", 15, "2025-06-17 08:35"),
        ("2025-06-16 09:00", 24 * 60, "2025-06-16 17:30"),
    ],
)
def test_patience_counts_working_time_alone(handed_in: str, minutes: int, due: str) -> None:
    """A quarter of an hour of the desk's day, and never longer than the case itself."""
    assert due == text(due_ms(at(handed_in), minutes * MINUTE_MS, DESKS, Locality.UNION))


@pytest.mark.parametrize(
    ("approved", "due"),
    [
        ("2025-06-16 10:00", "2025-06-18 00:00"),
        ("2025-06-20 10:00", "2025-06-24 00:00"),
        ("2025-06-21 10:00", "2025-06-24 00:00"),
    ],
)
def test_the_next_working_day_ends_at_midnight(approved: str, due: str) -> None:
    """Its clerks may hand a photo in until then; a Friday's debt is due on Monday."""
    assert due == text(next_workday_end_ms(at(approved), USUAL))


DAYS = st.dates(dt.date(2024, 12, 20), dt.date(2027, 1, 15))
CLOCKS = st.tuples(st.integers(0, 48), st.integers(0, 48)).filter(lambda pair: pair[0] != pair[1])


def clock(half_hours: int) -> str:
    return f"{half_hours // 2:02}:{half_hours % 2 * 30:02}"


HOURS = st.builds(
    DeskHours,
    windows=st.lists(
        CLOCKS.map(lambda pair: Window(clock(min(pair)), clock(max(pair)))), min_size=1, max_size=3
    ).map(tuple),
    weekdays=st.sets(st.integers(1, 7), min_size=1).map(tuple),
    holidays=st.sets(DAYS, max_size=40).map(tuple),
    workdays=st.sets(DAYS, max_size=10).map(tuple),
    least_minutes=st.integers(1, 24 * 60),
)
NOWS = st.integers(at("2024-12-20 00:00"), at("2027-01-15 00:00"))


def time_of_day(at_ms: int) -> tuple[dt.date, float]:
    """The day that a moment belongs to or ends, and the minutes since that day began."""
    day = dt.datetime.fromtimestamp((at_ms - 1) / 1000, CHINA).date()
    return day, (at_ms - at(f"{day}")) / MINUTE_MS


def minutes(one: str) -> int:
    return int(one[:2]) * 60 + int(one[3:])


def is_closing(at_ms: int, hours: DeskHours) -> bool:
    """Whether a window of a working day closes then."""
    day, minute = time_of_day(at_ms)
    return hours.works_on(day) and minute in {minutes(one.closes) for one in hours.windows}


def is_open(at_ms: int, hours: DeskHours) -> bool:
    """Whether a window stands open, its last moment included."""
    day, minute = time_of_day(at_ms)
    spans = ((minutes(one.opens), minutes(one.closes)) for one in hours.windows)
    return hours.works_on(day) and any(opens <= minute <= closes for opens, closes in spans)


@given(NOWS, HOURS, HOURS, st.sampled_from(Locality))
def test_an_expiry_is_a_closing_that_lies_ahead(
    now_ms: int, own: DeskHours, centre: DeskHours, locality: Locality
) -> None:
    """Whatever the hours, over weekends, holidays and years' ends; and whoever comes later is never
    given less.
    """
    desks = Desks(own, centre)
    hours = desks.of(locality)
    ends_ms = expiry_ms(now_ms, desks, locality)

    assert now_ms < ends_ms
    assert is_closing(ends_ms, hours)
    assert ends_ms <= expiry_ms(now_ms + MINUTE_MS, desks, locality)


@given(NOWS, HOURS, st.integers(1, 24 * 60))
def test_what_is_due_is_due_while_a_desk_works(
    now_ms: int, hours: DeskHours, patience: int
) -> None:
    """Ahead, within a window, and not after the case has ended."""
    desks = Desks(hours, USUAL)
    by_ms = due_ms(now_ms, patience * MINUTE_MS, desks, Locality.UNION)

    assert now_ms < by_ms <= expiry_ms(now_ms, desks, Locality.UNION)
    assert is_open(by_ms, hours)


@given(NOWS, HOURS)
def test_a_photo_has_a_whole_working_day(now_ms: int, hours: DeskHours) -> None:
    """The day that ends then is worked, and is not the day of the approval."""
    due = dt.datetime.fromtimestamp(next_workday_end_ms(now_ms, hours) / 1000, CHINA)
    day = due.date() - dt.timedelta(days=1)

    assert (0, 0, 0) == (due.hour, due.minute, due.second)
    assert hours.works_on(day)
    assert day > dt.datetime.fromtimestamp(now_ms / 1000, CHINA).date()


def test_a_window_that_closes_before_it_opens_is_none() -> None:
    """In code as in a file."""
    with pytest.raises(ValueError, match="opens should be before closes"):
        Window("17:30", "08:30")
