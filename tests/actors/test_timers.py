"""The timer wheel against a plain sorted list, and its bounds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.shim import Host
from actors.timers import NOT_WAITING, STRUCK_OFF_MAX, WAIT_S_MAX, Wheel


class Clock:
    """Stands in for a host of which only the clock and the alarm are used."""

    def __init__(self) -> None:
        self.time = 0.0
        self.alarm = math.inf
        self.rung: list[Bell] = []

    def now(self) -> float:
        return self.time

    def set_alarm(self, at: float) -> None:
        self.alarm = min(self.alarm, at)


class Bell:
    def __init__(self, clock: Clock, wanted: float) -> None:
        self.clock = clock
        self.wanted = wanted
        self.rung = -1.0
        self.due = NOT_WAITING

    def ring(self) -> None:
        assert self.rung < 0, "a bell rings once"
        self.rung = self.clock.time
        self.clock.rung.append(self)


def new_wheel() -> tuple[Wheel, Clock]:
    clock = Clock()
    host: Host = clock  # type: ignore[assignment]  # the wheel needs no more of a host
    return Wheel(host), clock


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), max_size=60),
)
def test_every_bell_rings_once_at_its_time(plan: list[tuple[float, float, bool]]) -> None:
    """Set at any time, cancelled or not: never early, in the order of deadlines, never twice."""
    wheel, clock = new_wheel()
    kept: list[Bell] = []
    for pause, within, cancelled in plan:
        clock.time += pause
        wheel.ring()
        bell = Bell(clock, clock.time + within)
        wheel.add(bell, within)
        if cancelled:
            wheel.discard(bell)
        else:
            kept.append(bell)
    while (due := wheel.next_due()) < math.inf:
        clock.time = max(clock.time, due)
        wheel.ring()
    assert len(wheel) == 0
    assert all(bell.rung >= bell.wanted for bell in kept)
    assert sorted(kept, key=lambda bell: bell.wanted) == clock.rung


def test_the_alarm_is_set_for_the_earliest() -> None:
    """Who sleeps until the next deadline is told when an earlier one comes in."""
    wheel, clock = new_wheel()
    for within in (3.0, 2.0, 5.0):
        wheel.add(Bell(clock, within), within)

    assert (clock.alarm, wheel.next_due()) == (2.0, 2.0)


def test_cancelled_deadlines_do_not_pile_up() -> None:
    """A hundred thousand asks that were answered in time leave a bounded number of entries."""
    wheel, clock = new_wheel()
    for number in range(100_000):
        clock.time = number / 1000
        bell = Bell(clock, clock.time + 60)
        wheel.add(bell, 60)
        wheel.discard(bell)
        assert len(wheel._entries) <= STRUCK_OFF_MAX
    assert wheel.next_due() == math.inf
    assert len(wheel._entries) == 0


@pytest.mark.parametrize("within", [math.nan, math.inf, WAIT_S_MAX * 1.01])
def test_a_wait_is_a_number_of_seconds_that_ends(within: float) -> None:
    """Nobody waits for ever by mistake; a negative wait is over at once."""
    wheel, clock = new_wheel()
    with pytest.raises(ValueError, match="cannot wait"):
        wheel.add(Bell(clock, 0), within)
    bell = Bell(clock, 0)
    wheel.add(bell, -1.0)
    wheel.ring()
    assert bell.rung == 0.0


def test_ringing_may_set_and_cancel() -> None:
    """A bell may cancel another that is due, and set a new one, which waits for the next time."""
    wheel, clock = new_wheel()
    victim, fresh = Bell(clock, 1), Bell(clock, 1)

    class Busy(Bell):
        def ring(self) -> None:
            super().ring()
            wheel.discard(victim)
            wheel.add(fresh, 0)

    wheel.add(Busy(clock, 1), 1)
    wheel.add(victim, 1)
    clock.time = 1.0
    wheel.ring()
    assert (victim.rung, fresh.rung, wheel.next_due()) == (-1.0, -1.0, 1.0)
    wheel.ring()
    assert (victim.rung, fresh.rung) == (-1.0, 1.0)
