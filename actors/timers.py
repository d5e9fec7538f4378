"""One timer wheel per system: deadlines of parked asks and `context.after`, rung from one task.

Nearly every deadline is taken out again before it comes, and most are later than all others; so
putting one in is cheap (a heap), and taking one out only strikes it off. What was struck off is
swept out when it is about half of everything, so the wheel is never larger than twice what waits,
or `STRUCK_OFF_MAX`. Nothing rings early; what is due at the same time rings in the order in which
it was set.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Protocol, Self

from actors.signals import TIMERS_MAX, Signal

if TYPE_CHECKING:
    from actors.shim import Host
    from actors.signals import Owner

STRUCK_OFF_MAX = 1_024
"""How many entries there may be before those that were struck off are looked for."""

NOT_WAITING = math.inf
"""The `due` of what is not in the wheel."""

WAIT_S_MAX = 400 * 86_400.0
"""The furthest deadline, seconds from now; a longer wait belongs in a durable reminder."""


class Ringing(Protocol):
    """Something that waits in the wheel, at most once at a time.

    Attributes:
        due: when it rings, on the loop's clock; `NOT_WAITING` when it does not, and setting it so
            strikes it off.
    """

    due: float

    def ring(self) -> None:
        """Its time has come."""


class Wheel:
    """Every deadline of one system."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._now = host.now
        self._entries: list[tuple[float, int, Ringing]] = []
        self._count = 0
        self._sweep_at = STRUCK_OFF_MAX

    def add(self, ringing: Ringing, within: float) -> None:
        """Ring after `within` seconds; a negative time is now.

        Raises:
            ValueError: the time is not a number, or beyond `WAIT_S_MAX`.
        """
        if not within <= WAIT_S_MAX:
            raise ValueError(f"cannot wait {within} s")
        entries = self._entries
        if len(entries) >= self._sweep_at:
            entries = self._sweep()
        due = ringing.due = self._now() + within
        self._count += 1
        entry = (due, self._count, ringing)
        heappush(entries, entry)
        if entries[0] is entry:
            self._host.set_alarm(due)

    def discard(self, ringing: Ringing) -> None:
        """Take out what may still be in."""
        ringing.due = NOT_WAITING

    def next_due(self) -> float:
        """When to ring next, on the loop's clock; infinity when nothing waits."""
        entries = self._entries
        while entries and entries[0][2].due != entries[0][0]:
            heappop(entries)
        return entries[0][0] if entries else math.inf

    def ring(self) -> None:
        """Ring everything that is due; what is set meanwhile waits for the next time."""
        now, newest = self._now(), self._count
        while self.next_due() <= now and self._entries[0][1] <= newest:
            ringing = heappop(self._entries)[2]
            ringing.due = NOT_WAITING
            ringing.ring()

    def __len__(self) -> int:
        return sum(ringing.due == due for due, _, ringing in self._entries)

    def _sweep(self) -> list[tuple[float, int, Ringing]]:
        """Forget what was struck off."""
        self._entries = [entry for entry in self._entries if entry[2].due == entry[0]]
        heapify(self._entries)
        self._sweep_at = max(STRUCK_OFF_MAX, 2 * len(self._entries))
        return self._entries


class Timer(Signal):
    """A message that an actor set itself; belongs to one incarnation."""

    __slots__ = ("due",)

    def __init__(self, owner: Owner, places: dict[Self, None], message: object) -> None:
        super().__init__(owner, places, TIMERS_MAX)
        self.message = message
        self.due = NOT_WAITING

    def ring(self) -> None:
        """Tell the actor: the wheel's call."""
        self.deliver(self.message)

    def cancel(self) -> None:
        """Never tell it, also when it has rung and lies in the mailbox; harmless afterwards."""
        self.due = NOT_WAITING
        self.withdraw()


__all__ = ["NOT_WAITING", "WAIT_S_MAX", "Ringing", "Timer", "Wheel"]
