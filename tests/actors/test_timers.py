"""The timer wheel against a plain sorted list, and its bounds."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.shim import Host
from actors.timers import SLOTS_BEFORE_SWEEP, TICKS_PER_S, WAIT_S_MAX, Wheel


class Clock:
    """Stands in for a host of which only the clock and the alarm are used."""

    def __init__(self) -> None:
        self.time = 0.0
        self.alarm = math.inf

    def now(self) -> float:
        return self.time

    def set_alarm(self, at: float) -> None:
        self.alarm = min(self.alarm, at)


class Bell:
    def __init__(self, clock: Clock, due: float) -> None:
        self.clock = clock
        self.due = due
        self.rung = -1.0
        self.tick = 0

    def ring(self) -> None:
        assert self.rung < 0, "a bell rings once"
        self.rung = self.clock.time


def new_wheel() -> tuple[Wheel, Clock]:
    clock = Clock()
    host: Host = clock  # type: ignore[assignment]  # the wheel needs no more of a host
    return Wheel(host), clock


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), max_size=60),
)
def test_every_bell_rings_once_at_its_time(plan: list[tuple[float, float, bool]]) -> None:
    """Set at any time, cancelled or not: never early, less than two slots late, never twice."""
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
    for bell in kept:
        assert bell.rung >= bell.due - 2e-6
    for earlier, later in pairwise(kept):
        if later.due - earlier.due > 2 / TICKS_PER_S:
            assert earlier.rung <= later.rung


def test_the_alarm_is_set_for_the_earliest() -> None:
    """Who sleeps until the next deadline is told when an earlier one comes in."""
    wheel, clock = new_wheel()
    for within in (3.0, 2.0, 5.0):
        wheel.add(Bell(clock, within), within)

    assert (clock.alarm, wheel.next_due()) == (2.0, 2.0)


def test_cancelled_deadlines_leave_no_slots() -> None:
    """A hundred thousand asks that were answered in time do not pile up."""
    wheel, clock = new_wheel()
    for number in range(100_000):
        clock.time = number / TICKS_PER_S
        bell = Bell(clock, clock.time + 60)
        wheel.add(bell, 60)
        wheel.discard(bell)
    assert len(wheel._slots) <= SLOTS_BEFORE_SWEEP
    assert len(wheel._order) <= SLOTS_BEFORE_SWEEP


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
    """A bell may cancel a bell of its own slot, and set a new one."""
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
    assert (victim.rung, fresh.rung) == (-1.0, 1.0)
