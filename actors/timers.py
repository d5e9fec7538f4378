"""One timer wheel per system: deadlines of parked asks and `context.after`, rung from one task.

A slot is one millisecond; putting in and taking out are constant time, which matters because
nearly every deadline is taken out again before it comes. A timer never rings early, and at most
one slot late. Timers of one slot ring in the order in which they were set.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.shim import Host

TICKS_PER_S = 1_000
"""Slots in a second."""

ROUNDING_TICKS = 1e-3
"""Float noise that must not push a deadline into the next slot."""

ROUNDING_UP = 1 - ROUNDING_TICKS
"""Added before cutting off, so that a deadline between two slots goes into the later one."""

SLOTS_BEFORE_SWEEP = 1_024
"""How many slots there may be before emptied ones are looked for."""

WAIT_S_MAX = 400 * 86_400.0
"""The furthest deadline, seconds from now; a longer wait belongs in a durable reminder."""


class Ringing(Protocol):
    """Something that waits in the wheel."""

    tick: int

    def ring(self) -> None:
        """Its time has come."""


class Wheel:
    """Every deadline of one system."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._now = host.now
        self._slots: dict[int, dict[Ringing, None]] = {}
        self._order: list[int] = []
        self._slots_max = SLOTS_BEFORE_SWEEP

    def add(self, ringing: Ringing, within: float) -> None:
        """Ring after `within` seconds; a negative time is now.

        Raises:
            ValueError: the time is not a number, or beyond `WAIT_S_MAX`.
        """
        if not 0.0 <= within <= WAIT_S_MAX:
            if not within < 0.0:
                raise ValueError(f"cannot wait {within} s")
            within = 0.0
        tick = ringing.tick = int((self._now() + within) * TICKS_PER_S + ROUNDING_UP)
        try:
            self._slots[tick][ringing] = None
        except KeyError:
            self._open_slot(tick, ringing)

    def _open_slot(self, tick: int, first: Ringing) -> None:
        if len(self._slots) >= self._slots_max:
            self._sweep()
        self._slots[tick] = {first: None}
        if not self._order or tick < self._order[0]:
            self._host.set_alarm(tick / TICKS_PER_S)
        heapq.heappush(self._order, tick)

    def _sweep(self) -> None:
        """Forget emptied slots, so that there are never more than twice as many as are in use."""
        self._slots = {tick: slot for tick, slot in self._slots.items() if slot}
        self._order = sorted(self._slots)
        self._slots_max = max(SLOTS_BEFORE_SWEEP, 2 * len(self._slots))

    def discard(self, ringing: Ringing) -> None:
        """Take out what may still be in."""
        slot = self._slots.get(ringing.tick)
        if slot is not None:
            slot.pop(ringing, None)

    def next_due(self) -> float:
        """When to ring next, on the loop's clock; infinity when nothing waits."""
        while self._order and not self._slots[self._order[0]]:
            del self._slots[heapq.heappop(self._order)]
        return self._order[0] / TICKS_PER_S if self._order else math.inf

    def ring(self) -> None:
        """Ring everything that is due."""
        now = self._now() * TICKS_PER_S + ROUNDING_TICKS
        while self._order and self._order[0] <= now:
            slot = self._slots[self._order[0]]
            if slot:
                first = next(iter(slot))
                del slot[first]
                first.ring()
            else:
                del self._slots[heapq.heappop(self._order)]

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))


class Timer:
    """A message that an actor set itself; belongs to one incarnation."""

    __slots__ = ("_cell", "_message", "tick")

    def __init__(self, cell: Cell, message: object) -> None:
        self._cell = cell
        self._message = message
        self.tick = 0

    def ring(self) -> None:
        """Tell the actor: the wheel's call."""
        self._forget()
        self._cell.tell(self._message)

    def cancel(self) -> None:
        """Never tell it; harmless when it has rung."""
        self._cell.system.wheel.discard(self)
        self._forget()

    def _forget(self) -> None:
        if self._cell.timers is not None:
            self._cell.timers.pop(self, None)


__all__ = ["TICKS_PER_S", "WAIT_S_MAX", "Ringing", "Timer", "Wheel"]
