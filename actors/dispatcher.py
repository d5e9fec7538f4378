"""Which actor's turn it is: one FIFO queue of actors with mail, drained by one task per system.

An actor is in the queue exactly when it has mail and may run. The dispatcher's task drains it and
sleeps when it is empty; whoever asks drains it on its own stack until its answer is there
(*assist*), because switching tasks costs more than most turns. Only one of the two drains at a
time, a drain never nests, and both stop after a bounded amount of work to let other tasks run.

Order is first in, first out, so the same messages always run in the same order.
"""

from __future__ import annotations

from collections import deque
from contextvars import Context as Variables
from typing import TYPE_CHECKING

import structlog

from actors.shim import Seat, uninterrupted

if TYPE_CHECKING:
    from actors.ask import Ask
    from actors.reactive import ReactiveCell
    from actors.shim import Host
    from actors.trace import TraceRing

TURNS_PER_PASS_MAX = 128
"""Turns before other tasks get to run."""

TURNS_PER_DRAIN_MAX = 64
"""Turns of one actor before the next actor in the queue."""

PASS_S_MAX = 200e-6
"""Seconds after which a pass ends early, because turns differ in length."""

TURN_S_MAX = 5e-3
"""A longer turn is logged: everybody else waits for it."""

log = structlog.get_logger("actors")


class Dispatcher(Seat):
    """The run queue of one system.

    Attributes:
        runnable: actors with mail, in the order in which they got it.
        running: a drain is on some stack.
        clock: the loop's time at the end of the last turn, seconds.
        credit: turns that askers may still run before one of them must let others run.
        fault: what broke the runtime itself; raised by the dispatcher's task.
    """

    __slots__ = ("clock", "credit", "fault", "host", "now", "runnable", "running", "turns", "variables")

    def __init__(self, host: Host, trace: TraceRing) -> None:
        super().__init__()
        self.host = host
        self.now = host.now
        self.turns = trace.turns
        self.runnable: deque[ReactiveCell] = deque()
        self.running = False
        self.clock = host.now()
        self.credit = TURNS_PER_DRAIN_MAX
        self.fault: Exception | None = None
        # Turns see these and not the asker's context variables.
        self.variables = Variables()

    async def serve(self) -> None:
        """The dispatcher's task: drain, let others run, sleep when nothing is runnable."""
        while True:
            self.clock = self.now()
            self.variables.run(self.drain, None)
            if self.fault is not None:
                raise self.fault
            if self.runnable:
                await self.host.checkpoint()
            else:
                await self.host.park(self)

    def wake(self) -> None:
        """Let the dispatcher's task run; only while it sleeps."""
        self.clock = self.now()
        self.host.wake(self)

    def assist(self, ask: Ask) -> None:
        """Drain on the asker's stack until the answer is there or the pass is over."""
        # While we drain, a handler's `tell` need not wake the dispatcher's task.
        sleeping, self.waiter = self.waiter, None
        self.clock = self.now()
        try:
            self.credit -= self.variables.run(self.drain, ask)
        finally:
            self.waiter = sleeping

    @uninterrupted
    def drain(self, ask: Ask | None) -> int:
        """One pass over the run queue; returns the number of turns."""
        runnable = self.runnable
        left = TURNS_PER_PASS_MAX
        until = self.clock + PASS_S_MAX
        self.running = True
        try:
            while runnable and left > 0:
                left -= runnable.popleft().drain(min(left, TURNS_PER_DRAIN_MAX))
                if (ask is not None and ask.done) or self.clock > until:
                    break
        finally:
            self.running = False
        return TURNS_PER_PASS_MAX - left

    def report_overrun(self, path: str, kind: type, seconds: float) -> None:
        """Tell the log about a turn that kept everybody waiting."""
        log.warning("turn_overran", path=path, message=kind.__name__, turn_ms=round(seconds * 1e3, 1))


__all__ = [
    "PASS_S_MAX",
    "TURNS_PER_DRAIN_MAX",
    "TURNS_PER_PASS_MAX",
    "TURN_S_MAX",
    "Dispatcher",
]
