"""When the desks work: opening hours, weekends, holidays, and working days that make up for them.

Every union has hours of its own, and so has the provincial centre; which of them a case waits for
follows from where it is decided. Whatever waits for a desk counts this time and no other: by when a
case should be decided, and when it ends because nobody came to it. Pure: the moment is handed in.

Invariant: what is computed lies in the future, and no later than the end of a window.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from backoffice.authorization.levels import Locality
from wire.checks import CHINA

Clock = Annotated[str, msgspec.Meta(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]
"""A time of day in China: `HH:MM`; `24:00` is the midnight that ends the day."""

Dates = Annotated[tuple[dt.date, ...], msgspec.Meta(max_length=1_000)]

MINUTE_MS: Final = 60_000


class Window(msgspec.Struct, frozen=True):
    """From when until when on one day.

    Raises:
        ValueError: it closes before it opens.
    """

    opens: Clock
    closes: Clock

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("opens should be before closes")


class DeskHours(msgspec.Struct, frozen=True, kw_only=True):
    """When a union's desks work; in the table of the centre's code, when the centre does.

    Attributes:
        windows: of each working day, for instance one before and one after noon.
        weekdays: working days of a usual week, Monday is 1 and Sunday 7.
        holidays: days off whatever their weekday, for instance those of the State Council's notice.
        workdays: working days whatever their weekday (调休).
        least_minutes: a case that has less of a window left is given the next one, too.
    """

    windows: Annotated[tuple[Window, ...], msgspec.Meta(min_length=1, max_length=12)] = (
        Window("08:30", "17:30"),
    )
    weekdays: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...],
        msgspec.Meta(min_length=1, max_length=7),
    ] = (1, 2, 3, 4, 5)
    holidays: Dates = ()
    workdays: Dates = ()
    least_minutes: Annotated[int, msgspec.Meta(ge=1, le=24 * 60)] = 60

    def works_on(self, day: dt.date) -> bool:
        """Whether it is a working day."""
        if day in self.workdays:
            return True
        return day.isoweekday() in self.weekdays and day not in self.holidays


class Desks(msgspec.Struct, frozen=True):
    """Who may have to decide a union's cases, and when they work."""

    own: DeskHours = DeskHours()
    centre: DeskHours = DeskHours()

    def of(self, locality: Locality) -> DeskHours:
        """Whose hours count for a case that is decided there."""
        return self.centre if locality is Locality.CENTRAL else self.own


DESKS: Final = Desks()
"""The defaults."""


def expiry_ms(now_ms: int, desks: Desks, locality: Locality) -> int:
    """When a case that is handed in now ends undecided: with the next window of its desk.

    A window that is nearly over does not count: it has `least_minutes` left, or is still whole.
    """
    hours = desks.of(locality)
    least_ms = hours.least_minutes * MINUTE_MS
    return next(
        closes_ms
        for opens_ms, closes_ms in _windows_from(now_ms, hours)
        if now_ms <= opens_ms or closes_ms - now_ms >= least_ms
    )


def due_ms(now_ms: int, patience_ms: int, desks: Desks, locality: Locality) -> int:
    """The moment by which a desk has had so much working time; at the latest when the case ends."""
    most_ms = expiry_ms(now_ms, desks, locality)
    left_ms = patience_ms
    for opens_ms, closes_ms in _windows_from(now_ms, desks.of(locality)):
        begins_ms = max(opens_ms, now_ms)
        if begins_ms >= most_ms or begins_ms + left_ms <= closes_ms:
            return min(begins_ms + left_ms, most_ms)
        left_ms -= closes_ms - begins_ms
    raise AssertionError("a window follows every window")


def next_workday_end_ms(now_ms: int, hours: DeskHours) -> int:
    """The midnight that ends the first working day after the day of a moment."""
    day = next(day for day in _workdays_from(_day(now_ms) + dt.timedelta(days=1), hours))
    return _at(day, "24:00")


def _windows_from(now_ms: int, hours: DeskHours) -> Iterator[tuple[int, int]]:
    """Opening and closing of every window that is not over, in order; what overlaps counts once."""
    closed_ms = now_ms
    for day in _workdays_from(_day(now_ms), hours):
        for one in sorted(hours.windows, key=lambda one: one.opens):
            opens_ms, closes_ms = _at(day, one.opens), _at(day, one.closes)
            if closes_ms > closed_ms:
                yield (opens_ms if closed_ms == now_ms else max(opens_ms, closed_ms)), closes_ms
                closed_ms = closes_ms


def _workdays_from(day: dt.date, hours: DeskHours) -> Iterator[dt.date]:
    """The working days from a day on; holidays are finitely many, so one always follows."""
    while True:
        if hours.works_on(day):
            yield day
        day += dt.timedelta(days=1)


def _day(at_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).date()


def _at(day: dt.date, clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    midnight = dt.datetime.combine(day, dt.time(), CHINA)
    return int((midnight + dt.timedelta(hours=hour, minutes=minute)).timestamp() * 1000)


__all__ = ["DESKS", "DeskHours", "Desks", "Window", "due_ms", "expiry_ms", "next_workday_end_ms"]
