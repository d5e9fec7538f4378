"""Which actor's turn it is: one FIFO queue of actors with mail, drained by one task per system.

An actor is in the queue exactly when it has mail and may run. The dispatcher's task drains it and
sleeps when it is empty; whoever asks drains it on its own stack until its answer is there
(*assist*), because switching tasks costs more than most turns. Only one of the two drains at a
time, a drain never nests, and both stop after a bounded amount of work to let other tasks run.

Order is first in, first out, so the same messages always run in the same order.

The clock is read at both ends of a pass and every `LOOK_EVERY` turns in between. When that shows a
turn that kept everybody waiting, it is logged, with every turn that may have been the one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context as Variables
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from actors.actor import NOREPLY
from actors.ask import OPEN, Ask
from actors.runtime.cell import CellState
from actors.shim import Seat, uninterrupted

if TYPE_CHECKING:
    from actors.actor import Handlers
    from actors.runtime.trace import TraceRing
    from actors.shim import Host

TURNS_PER_PASS_MAX = 128
"""Turns before other tasks get to run."""

TURNS_PER_DRAIN_MAX = 64
"""Turns of one actor before the next actor in the queue."""

PASS_S_MAX = 200e-6
"""Seconds after which a pass ends early, because turns differ in length."""

TURN_S_MAX = 5e-3
"""A longer turn is logged: everybody else waited for it."""

LOOK_EVERY = 16
"""Turns after which the clock is read within a pass."""

RUNNING = CellState.RUNNING

log = structlog.get_logger("actors")


class Runnable(Protocol):
    """An actor whose turns are plain calls, as the dispatcher sees its cell.

    Attributes:
        actor: what the handlers are methods of.
        attention: something is to be done right after this turn.
        idle: it has no mail and is not in the run queue.
    """

    path: str
    actor: Any
    state: CellState
    queue: deque[object]
    handlers: Handlers
    in_hand: Ask | None
    attention: bool
    idle: bool
    since: float
    peak: int
    handled: int

    def step_aside(self) -> None:
        """It may not run: it is off the run queue until it comes back by itself."""

    def settle(self) -> None:
        """Do what the turn left to do, and come back if there is mail."""

    def failed(self, error: Exception, kind: type, message: object) -> None:
        """The turn raised, or there was no handler."""


class Dispatcher(Seat):
    """The run queue of one system, and the loop that runs turns.

    Attributes:
        runnable: actors with mail, in the order in which they got it.
        current: whose turn it is; the dispatcher itself between two turns; None when no drain is
            on any stack.
        busy_since: when the run queue last got its first actor while everybody slept, on the
            stopwatch, seconds.
        credit: turns that may still be run before other tasks get to run.
        fault: what broke the runtime itself; raised by the dispatcher's task.
    """

    __slots__ = (
        "assist",
        "busy_since",
        "cancelled",
        "credit",
        "current",
        "fault",
        "host",
        "remember",
        "runnable",
        "stopwatch",
        "turns",
    )

    def __init__(self, host: Host, trace: TraceRing) -> None:
        super().__init__()
        self.host = host
        self.stopwatch = host.stopwatch
        self.cancelled = host.cancelled
        self.turns = trace.turns
        self.remember = trace.turns.append
        self.runnable: deque[Runnable] = deque()
        self.current: Runnable | Dispatcher | None = None
        self.busy_since = host.stopwatch()
        self.credit = TURNS_PER_PASS_MAX
        self.fault: Exception | None = None
        # Turns see one set of context variables of their own and not those of an asker.
        run: Callable[..., None] = Variables().run
        self.assist: Callable[[Ask], None] = partial(run, self.drain)

    async def serve(self) -> None:
        """The dispatcher's task: drain, let others run, sleep when nothing is runnable."""
        nobody = Ask()
        nobody.done = OPEN
        while True:
            self.credit = TURNS_PER_PASS_MAX
            self.assist(nobody)
            if self.fault is not None:
                raise self.fault
            if self.runnable:
                await self.host.checkpoint()
            else:
                await self.host.park(self)

    def wake(self) -> None:
        """Let the dispatcher's task run, if it sleeps."""
        if self.waiter is not None:
            self.busy_since = self.stopwatch()
            self.host.wake(self)

    async def rest(self) -> None:
        """Let others run before a request: the asker is cancelled, or the credit is used up."""
        self.credit = TURNS_PER_PASS_MAX
        await self.host.checkpoint()

    @uninterrupted
    def drain(self, awaited: Ask) -> None:
        """A pass over the run queue until the credit is used up, or `awaited` is answered."""
        runnable, remember = self.runnable, self.remember
        start = began = self.stopwatch()
        left = self.credit
        look_at = left - LOOK_EVERY
        message: Any = None
        kind: type = object
        try:
            while runnable:
                self.current = cell = runnable.popleft()
                if cell.state is not RUNNING:
                    cell.step_aside()
                    continue
                actor, queue, handlers = cell.actor, cell.queue, cell.handlers
                before = left
                try:
                    while True:
                        left -= 1
                        message = queue.popleft()
                        kind = type(message)
                        if kind is not Ask:
                            remember((began, cell.path, kind))
                            handlers[kind](actor, message)
                        else:
                            cell.in_hand = message
                            request = message.message
                            kind = type(request)
                            remember((began, cell.path, kind))
                            answer = handlers[kind](actor, request)
                            cell.in_hand = None
                            if answer is not NOREPLY:
                                message.reply(answer)
                        if left == look_at:
                            look_at -= LOOK_EVERY
                            began = self._look(began)
                            if began - start > PASS_S_MAX:
                                before, left = before - left, 0  # time is up; turns still count
                        if cell.attention:
                            cell.settle()
                            break
                        if not queue:
                            cell.idle = True
                            break
                        if left <= 0 or before - left >= TURNS_PER_DRAIN_MAX:
                            cell.since = began
                            cell.peak = max(cell.peak, before - left + len(queue))
                            runnable.append(cell)
                            break
                except Exception as error:  # any bug of a handler crashes its actor alone
                    cell.failed(error, kind, message)
                turns = before - left
                cell.handled += turns
                if turns > 1 and turns > cell.peak:
                    cell.peak = turns
                if awaited.done or left <= 0:
                    break
        finally:
            self.current = None
            self.credit = left
        if self.stopwatch() - began > TURN_S_MAX:
            self._look(began)

    def _look(self, began: float) -> float:
        """Read the stopwatch, and log if the turns since `began` took too long."""
        ended = self.stopwatch()
        if ended - began > TURN_S_MAX:
            # Turns that were run between two readings carry the same time.
            same = takewhile(lambda turn: turn[0] == began, reversed(self.turns))
            suspects = list(dict.fromkeys((path, kind.__name__) for _, path, kind in same))
            if suspects:
                log.warning(
                    "turn_overran",
                    path=suspects[0][0],
                    message=suspects[0][1],
                    turn_ms=round((ended - began) * 1e3, 1),
                    or_one_of=suspects[1:],
                )
        return ended


__all__ = [
    "PASS_S_MAX",
    "TURNS_PER_DRAIN_MAX",
    "TURNS_PER_PASS_MAX",
    "TURN_S_MAX",
    "Dispatcher",
    "Runnable",
]
