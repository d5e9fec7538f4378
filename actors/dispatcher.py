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
from typing import TYPE_CHECKING, Any

import structlog

from actors.actor import NOREPLY
from actors.ask import Ask
from actors.cell import CellState
from actors.shim import Seat, uninterrupted

if TYPE_CHECKING:
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

RUNNING = CellState.RUNNING

log = structlog.get_logger("actors")


class Dispatcher(Seat):
    """The run queue of one system, and the loop that runs turns.

    Attributes:
        runnable: actors with mail, in the order in which they got it.
        running: a drain is on some stack.
        current: whose turn it is; stale between drains.
        clock: the loop's time at the end of the last turn, seconds.
        credit: turns that askers may still run before one of them must let others run.
        fault: what broke the runtime itself; raised by the dispatcher's task.
    """

    __slots__ = (
        "clock",
        "credit",
        "current",
        "fault",
        "host",
        "now",
        "remember",
        "runnable",
        "running",
        "variables",
    )

    def __init__(self, host: Host, trace: TraceRing) -> None:
        super().__init__()
        self.host = host
        self.now = host.now
        self.remember = trace.turns.append
        self.runnable: deque[ReactiveCell] = deque()
        self.running = False
        self.current: ReactiveCell | None = None
        self.clock = host.now()
        self.credit = TURNS_PER_DRAIN_MAX
        self.fault: Exception | None = None
        # Turns see these and not the asker's context variables.
        self.variables = Variables()

    async def serve(self) -> None:
        """The dispatcher's task: drain, let others run, sleep when nothing is runnable."""
        while True:
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

    async def rest(self) -> None:
        """Let others run: the askers' credit is used up."""
        self.credit = TURNS_PER_DRAIN_MAX
        await self.host.breathe()

    @uninterrupted
    def drain(self, awaited: Ask | None) -> None:
        """One pass over the run queue.

        Args:
            awaited: the request of the asker on whose stack this runs; the pass ends with its
                answer.
        """
        # While this drains, a handler's `tell` need not wake the dispatcher's task.
        sleeping, self.waiter = self.waiter, None
        self.running = True
        remember, runnable = self.remember, self.runnable
        began = self.clock = self.now()
        until = began + PASS_S_MAX
        left = TURNS_PER_PASS_MAX
        try:
            while runnable and left > 0:
                cell = runnable.popleft()
                if cell.state is not RUNNING:
                    cell.step_aside()
                    continue
                self.current = cell
                path, actor, queue, handlers = cell.path, cell.actor, cell.queue, cell.handlers
                if len(queue) > cell.peak:
                    cell.peak = len(queue)
                crashed = None
                before = left
                last = left - TURNS_PER_DRAIN_MAX
                while queue and left > last:
                    left -= 1
                    message: Any = queue.popleft()
                    kind = type(message)
                    try:
                        if kind is not Ask:
                            remember((began, path, kind))
                            handlers[kind](actor, message)
                        else:
                            cell.in_hand = message
                            request = message.message
                            kind = type(request)
                            remember((began, path, kind))
                            answer = handlers[kind](actor, request)
                            cell.in_hand = None
                            if answer is not NOREPLY:
                                message.reply(answer)
                    except Exception as error:
                        crashed = error
                        break
                    if cell.control is not None:
                        break
                    if not left & 15:
                        ended = self.now()
                        if ended - began > TURN_S_MAX:
                            self.report_overrun(path, kind, ended - began)
                        began = self.clock = ended
                        if ended > until:
                            left = min(left, 0)
                            break
                cell.handled += before - left
                if crashed is not None:
                    self.current = None
                    cell.crash(crashed, kind, None)
                    began = self.clock = self.now()
                elif cell.control is not None or cell.senders is not None:
                    self.current = None
                    cell.settle()
                elif queue:
                    cell.since = began
                    runnable.append(cell)
                else:
                    cell.idle = True
                if awaited is not None and awaited.done:
                    break
        finally:
            self.running = False
            self.current = None
            self.waiter = sleeping
        ended = self.now()
        if ended - began > TURN_S_MAX:
            self.report_overrun(path, kind, ended - began)
        self.credit -= TURNS_PER_PASS_MAX - left
        if sleeping is not None and (runnable or self.fault is not None):
            self.wake()

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
