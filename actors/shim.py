"""What the runtime needs from an event loop, so that it is written once and hosted twice.

`actors.runtime.trio_host` and `actors.asyncio_side.host` implement `Host`. Everything else in the
runtime is plain Python over these few calls; a parked task is a `Seat`, woken at most once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import trio

uninterrupted = trio.lowlevel.enable_ki_protection
"""Keeps Ctrl-C out of the middle of a turn: it is raised at the next wait instead."""


class Seat:
    """A place where at most one task waits.

    Attributes:
        waiter: the loop's own handle of the waiting task; None when nobody waits.
    """

    __slots__ = ("waiter",)

    def __init__(self) -> None:
        self.waiter: Any = None


class Handle(Protocol):
    """A task that was started."""

    def cancel(self) -> object:
        """Ask it to end; safe to call at any time, also when it is over."""


class Host(Protocol):
    """One event loop. Every method is called on its own thread only."""

    def now(self) -> float:
        """Seconds on the loop's monotonic clock."""

    def stopwatch(self) -> float:
        """Seconds for measuring turns: as `now` on virtual time, else whatever is read fastest."""

    async def checkpoint(self) -> None:
        """Let others run; a cancellation point."""

    async def breathe(self) -> None:
        """Let others run; never cancelled."""

    def cancelled(self) -> bool:
        """Whether the next checkpoint of the running task would raise; False if that is unknown."""

    async def check_cancelled(self) -> None:
        """Raise if cancelled; otherwise go on without a switch."""

    def park(self, seat: Seat) -> Awaitable[None]:
        """Wait until somebody wakes the seat; on cancellation the seat is empty again.

        The seat is taken by the call, so what it returns is awaited at once.
        """

    def wake(self, seat: Seat) -> None:
        """Let the task on an occupied seat go on; the seat is empty at once."""

    def start_task(self, work: Callable[[], Awaitable[None]], path: str) -> Handle:
        """Run `work` beside; what it raises is logged under `path` and goes no further."""

    def set_alarm(self, at: float) -> None:
        """Have the timer wheel rung at `at`, or at an earlier alarm that was set before."""


__all__ = ["Handle", "Host", "Seat", "uninterrupted"]
