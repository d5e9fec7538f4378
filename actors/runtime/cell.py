"""The runtime part of one actor, and everything its supervisor may do to it.

A cell is the actor's `Ref` seen from inside: it keeps the mailbox, the counters and the present
*incarnation* (the object made by the factory), and outlives it. Supervisors hold cells; everybody
else holds the same object as a `Ref`.

It decides nothing. When an incarnation ends, the cell has already put the poison message into dead
letters, answered its asker, cancelled tasks and timers and told the monitors; then it calls
`supervisor.on_down` once and does what it is told. Until then it keeps its mailbox and takes
messages, up to the bound, without handling any.

    NEW ──start──> (STARTING) ──> RUNNING ──crash | halt──> DOWN ──restart──> RUNNING
                   RUNNING <──suspend | resume──> SUSPENDED
                   any ──stop──> (STOPPING) ──> STOPPED, for good

`ReactiveCell` (actors.runtime.reactive) does all of it within the call. `ProcessCell`
(actors.runtime.process_cell) has a task: `stop` and `halt` ask it to end, `run_process`
(actors.runtime.trio_host) starts and restarts it.
"""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from actors.ask import Ask
from actors.errors import TooManyWatchers, summarize
from actors.ref import STOPPED, Down
from actors.runtime.mailbox import Mailbox
from actors.shim import Seat

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.actor import Actor
    from actors.context import Context
    from actors.node import Node
    from actors.process import Process
    from actors.ref import Watcher
    from actors.signals import Monitor, RunningTask, Signal
    from actors.timers import Timer

T = TypeVar("T")

WATCHERS_MAX = 4_096
"""The most watchers of one incarnation, and the most tasks that wait for its end."""


class CellState(StrEnum):
    """Where a cell stands; see the picture in this module's docstring."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    DOWN = "down"
    STOPPING = "stopping"
    STOPPED = "stopped"


class CellStatistics(msgspec.Struct, frozen=True):
    """What can be told about a cell from outside, also while its actor is stuck.

    Attributes:
        path: of the actor.
        kind: the class of the actor.
        state: see `CellState`.
        mailbox: messages waiting now.
        mailbox_peak: the most that were seen waiting, sampled whenever some are taken out.
        handled: messages taken out since the cell was made.
        oldest_age_s: how long the mailbox has been waiting to be served, seconds; 0 when empty.
        restarts: incarnations after the first.
        last_error: one-line summary of the last crash; empty if there was none.
        stuck_at: the line a process actor waits at; empty for a reactive one.
    """

    path: str
    kind: str
    state: CellState
    mailbox: int
    mailbox_peak: int
    handled: int
    oldest_age_s: float
    restarts: int
    last_error: str
    stuck_at: str


class Overseer(Protocol):
    """Who decides what follows when an incarnation ends."""

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        """One incarnation of `cell` is over; called exactly once for each.

        Runs synchronously, possibly on the stack of an asker, so it must not wait and must not
        raise (what it raises ends the system). It may at once call `cell.restart()` on a reactive
        cell, or `cell.stop()`, or return and act later: meanwhile the mailbox is kept.

        Args:
            cell: now DOWN, or STOPPED when somebody called `stop`.
            error: the crash, or None after a normal end (`stop`, `halt`, `context.stop()`, a
                process body that returned). `restart` is not an end and is not reported.
        """


class Cell(Mailbox):
    """One actor's runtime part; the methods below are the supervisor's.

    Attributes:
        factory: makes the object of an incarnation.
        supervisor: told about every end.
        state: see `CellState`.
        incarnation: counts from 1; 0 before the first start.
        restarts: incarnations after the first.
        last_error: summary of the last crash, or empty.
        handled: messages taken out of the mailbox so far.
    """

    __slots__ = (
        "context",
        "factory",
        "handled",
        "in_hand",
        "incarnation",
        "last_error",
        "monitors",
        "restarts",
        "since",
        "state",
        "supervisor",
        "tasks",
        "timers",
        "waiting_for_down",
        "watchers",
    )

    actor: Actor | Process

    def __init__(
        self,
        system: Node,
        path: str,
        factory: Callable[[], Actor | Process],
        supervisor: Overseer,
        capacity: int,
        context: Context,
    ) -> None:
        super().__init__(system, path, capacity)
        self.factory = factory
        self.supervisor = supervisor
        self.context = context
        self.state = CellState.NEW
        self.since = 0.0
        self.handled = 0
        self.incarnation = 0
        self.restarts = 0
        self.last_error = ""
        self.in_hand: Ask | None = None
        # What this incarnation is still to be told by the runtime, by kind; see actors.signals.
        self.tasks: dict[RunningTask, None] | None = None
        self.timers: dict[Timer, None] | None = None
        self.monitors: dict[Monitor, None] | None = None
        self.watchers: dict[Watcher, None] | None = None
        self.waiting_for_down: dict[Seat, None] | None = None

    # What a supervisor does.

    @abstractmethod
    def halt(self) -> None:
        """End the incarnation without a crash; the mailbox and the Ref are kept.

        A reactive cell is DOWN on return (or right after the turn in hand, when called from it).
        A process cell is asked to end: its inbox ends, or it is cancelled at once if it never
        looked at its inbox. `on_down(cell, None)` follows.
        """

    @abstractmethod
    def stop(self) -> None:
        """End the incarnation, then the actor: as `halt`, and for good.

        What waits in the mailbox becomes dead letters (STOPPED), its askers get `ActorStopped`.
        Harmless when called again. On a cell that is DOWN nothing runs any more, so `on_down` is
        not called a second time.
        """

    @abstractmethod
    def suspend(self) -> None:
        """Keep taking messages but handle none, until `resume`; the turn in hand is finished."""

    @abstractmethod
    def resume(self) -> None:
        """Undo `suspend`; no effect on a cell that is not SUSPENDED."""

    @abstractmethod
    def kill(self) -> None:
        """Cancel a process actor's task now; for a reactive cell the same as `halt`."""

    @abstractmethod
    def stuck_at(self) -> str:
        """`file:line function` a process actor waits at, or empty."""

    async def wait_down(self) -> None:
        """Return once the present incarnation is over; at once if none is alive.

        Raises:
            TooManyWatchers: `WATCHERS_MAX` tasks wait already.
        """
        if self.state in ALIVE:
            seat = Seat()
            seats = self.waiting_for_down = _with_one_more(self.waiting_for_down, seat, self.path)
            try:
                await self.system.host.park(seat)
            finally:
                seats.pop(seat, None)

    def statistics(self) -> CellStatistics:
        """Counters as of now; works also while the actor is stuck."""
        waiting = len(self.queue)
        return CellStatistics(
            path=self.path,
            kind=type(self.actor).__name__,
            state=self.state,
            mailbox=waiting,
            # The dispatcher notes a peak only when it finds more than one message.
            mailbox_peak=max(waiting, self.peak, min(self.handled, 1)),
            handled=self.handled,
            oldest_age_s=self.system.host.stopwatch() - self.waiting_since() if waiting else 0.0,
            restarts=self.restarts,
            last_error=self.last_error,
            stuck_at=self.stuck_at(),
        )

    def waiting_since(self) -> float:
        """When the mailbox was last served, or found its first message, on the stopwatch."""
        return self.since

    def inspect(self) -> dict[str, object]:
        """What the actor shows of its state; its own failure to do so is shown instead."""
        try:
            return self.actor.inspect()
        except Exception as error:  # looking at an actor must never crash it, whatever it shows
            return {"inspect": summarize(error)}

    @abstractmethod
    def deliver(self, signal: Signal) -> None:
        """Put a signal into the mailbox, however full it is; not after the end for good."""

    def watch(self, watcher: Watcher) -> None:
        """See `Ref.watch`."""
        if self.state in (CellState.DOWN, CellState.STOPPED):
            watcher.tell(Down(self.path, self.last_error or STOPPED))
            return
        self.watchers = _with_one_more(self.watchers, watcher, self.path)

    def unwatch(self, watcher: Watcher) -> None:
        """See `Ref.unwatch`."""
        if self.watchers is not None:
            self.watchers.pop(watcher, None)

    # The end of an incarnation, for both kinds of cells.

    def release(self) -> None:
        """Cancel what belongs to the incarnation: tasks, timers and monitors."""
        for running in list(self.tasks or ()):
            running.handle.cancel()
        for timer in list(self.timers or ()):
            timer.cancel()
        for monitor in list(self.monitors or ()):
            monitor.cancel()
        self.tasks = self.timers = self.monitors = None

    def report_down(self, error: Exception | None) -> None:
        """Tell monitors, waiters and the supervisor, in this order."""
        self.announce_down(STOPPED if error is None else self.last_error)
        try:
            self.supervisor.on_down(self, error)
        except Exception as broken:  # nobody stands above it: unsupervised actors must not go on
            self.system.panic(broken)

    def announce_down(self, reason: str) -> None:
        """Tell monitors and waiters; a failed start stops here, its starter has the error."""
        watchers, self.watchers = self.watchers, None
        for watcher in watchers or ():
            watcher.tell(Down(self.path, reason))
        seats, self.waiting_for_down = self.waiting_for_down, None
        for seat in seats or ():
            if seat.waiter is not None:
                self.system.host.wake(seat)


def _with_one_more(seats: dict[T, None] | None, one: T, path: str) -> dict[T, None]:
    """The same seats with one more taken.

    Raises:
        TooManyWatchers: there is none left.
    """
    seats = {} if seats is None else seats
    if len(seats) >= WATCHERS_MAX and one not in seats:
        raise TooManyWatchers(path)
    seats[one] = None
    return seats


ALIVE = frozenset({CellState.STARTING, CellState.RUNNING, CellState.SUSPENDED, CellState.STOPPING})
"""The states in which an incarnation exists."""


__all__ = ["ALIVE", "Cell", "CellState", "CellStatistics", "Overseer"]
