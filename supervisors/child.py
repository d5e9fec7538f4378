"""One place in a supervisor: what the specification says, and what there is of it now.

Workers, pools and supervisors are all children; a supervisor treats them alike. A child starts,
halts and tells how it is. It never decides about its own restart: it reports its end to its parent,
once for each life, and waits.

`Birth` is the start of a task that may fail, hang, or refuse to be cancelled. `nursery.start`
cannot be told to go on without a task that ignores its cancellation, and a supervisor must.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import trio

from supervisors.child_spec import Restart
from supervisors.errors import summary
from supervisors.snapshot import State

if TYPE_CHECKING:
    from actors.runtime.system import System
    from supervisors.child_spec import AnySpec
    from supervisors.snapshot import Look, Node
    from wire.backoff import Backoff

START_S_MAX = 10.0
"""How long a worker's `started()` may take, in seconds."""

KILL_S_MAX = 1.0
"""How long a cancelled task may take to end, in seconds, before it is WEDGED."""

AT_REST = frozenset({State.STOPPED, State.FAILED, State.WEDGED, State.BACKOFF})
"""States in which there is nothing to stop (or nothing that can be stopped)."""


class Parent(Protocol):
    """Who is told about the ends of children; called synchronously, must not wait or raise."""

    def ended(self, child: Child, error: Exception | None) -> None:
        """The present life of `child` is over by itself; None is a normal end."""

    def freed(self, child: Child) -> None:
        """A WEDGED child has ended at last."""


class Child(ABC):
    """What a supervisor knows of one child.

    Attributes:
        id: unique among its siblings.
        path: its address.
        restart: when it is started again.
        backoff: how long that waits.
        dynamic: added while running; gone when its supervisor ends.
        state: as a snapshot shows it.
        life: counts the starts; an end that belongs to an earlier life is stale.
        due: when the pending restart is to happen, loop seconds; None when none is pending.
        crashes: ends in a row, for the back-off.
        restarts: starts after the first.
        last_error: summary of the latest crash or failed start.
    """

    kind = "child"

    def __init__(self, system: System, spec: AnySpec, path: str, parent: Parent) -> None:
        self.system = system
        self.id = spec.id
        self.path = path
        self.parent = parent
        self.restart: Restart = spec.restart
        self.backoff: Backoff | None = spec.backoff
        self.dynamic = False
        self.state = State.STOPPED
        self.life = 0
        self.due: float | None = None
        self.crashes = 0
        self.restarts = 0
        self.last_error = ""
        self._up_since = math.inf

    @abstractmethod
    async def start(self, nursery: trio.Nursery) -> None:
        """Begin the next life, in a task of `nursery` if it needs one.

        Raises:
            Exception: the child's own, unchanged, when it could not start.
            StartTimeout: it did not start in time.
            Wedged: it did not start, and cannot be stopped either.
        """

    @abstractmethod
    async def halt(self) -> None:
        """End the present life within its budget; mailboxes and Refs are kept.

        The state is then STOPPED, or WEDGED. Never interrupted by cancellation, never reported to
        the parent, and harmless when there is nothing to end.
        """

    @abstractmethod
    def discard(self) -> None:
        """For good, after `halt`: mailboxes become dead letters, Refs are dead, names are free."""

    @abstractmethod
    def node(self, look: Look) -> Node:
        """How it is, for a snapshot."""

    def can_restart_at_once(self) -> bool:
        """Whether `restart_at_once` may be called now."""
        return False

    def restart_at_once(self) -> None:
        """Begin the next life within this call.

        Raises:
            Exception: as `start`.
        """
        raise NotImplementedError

    def stuck_at(self) -> str:
        """The line at which a task of this child is, or empty."""
        return ""

    def await_restart(self, due: float) -> None:
        """Show BACKOFF until the restart at `due`; a WEDGED child stays so, and starts after it."""
        self.due = due
        if self.state is not State.WEDGED:
            self.state = State.BACKOFF

    def lived_s(self, now: float) -> float:
        """How long the present life has been up, in seconds; negative when it never came up."""
        return now - self._up_since

    def _begin(self) -> None:
        self.restarts += self.life > 0
        self.life += 1
        self.due = None
        self.state = State.STARTING
        self._up_since = math.inf

    def _is_up(self) -> None:
        """Started; unless it has already ended again, which was reported."""
        if self.state is State.STARTING:
            self.state = State.RUNNING
        self._up_since = self.system.host.now()

    def _end(self, error: Exception | None) -> None:
        """The life is over: tell the parent, unless it is the parent that ends it."""
        was, self.state = self.state, State.STOPPED
        if error is not None:
            self.last_error = summary(error)
        if was is State.WEDGED:
            self.parent.freed(self)
        elif was is not State.STOPPING:
            self.parent.ended(self, error)


class Birth:
    """The start of one task.

    Attributes:
        scope: around the whole task; shields it from the outside once it is up.
        over: it is up, or it ended before.
        is_up: it came up.
        error: why it did not; None also when it was cancelled.
    """

    def __init__(self, on_late: Callable[[], None]) -> None:
        self._on_late = on_late
        self.scope = trio.CancelScope()
        self.over = trio.Event()
        self.is_up = False
        self.error: Exception | None = None

    def started(self, value: object = None) -> None:
        """The task is up: from now on only its supervisor ends it (`trio.TaskStatus.started`).

        If its start was given up before, it is late: it is told to end, and does not count as up.
        """
        if self.scope.cancel_called:
            self._on_late()
            return
        self.is_up = True
        self.scope.shield = True
        self.over.set()

    def failed(self, error: Exception | None) -> None:
        """The task could not start; None when it was cancelled."""
        self.error = error
        self.over.set()

    async def wait(self, within_s: float, kill_s: float) -> None:
        """Wait until it is up or has failed; cancel it when that takes too long.

        Args:
            within_s: until the task is cancelled.
            kill_s: how long it may then take to end; this returns in any case after that.

        Raises:
            trio.Cancelled: the caller was cancelled; so was the task.
        """
        try:
            with trio.move_on_after(within_s):
                await self.over.wait()
        except trio.Cancelled:
            await self._give_up(kill_s)
            # Up in the last moment is up: the caller meets its cancellation at its next wait.
            if not self.is_up:
                raise
        else:
            await self._give_up(kill_s)
            if not self.is_up and self.error is None:
                await trio.lowlevel.checkpoint_if_cancelled()

    async def _give_up(self, kill_s: float) -> None:
        if not self.over.is_set():
            self.scope.cancel()
            with trio.move_on_after(kill_s, shield=True):
                await self.over.wait()


def give_birth(
    nursery: trio.Nursery,
    live: Callable[[Birth], Awaitable[None]],
    name: str,
    on_late: Callable[[], None],
) -> Birth:
    """Start `live` as a task; it must end its `Birth` whatever happens.

    Args:
        nursery: whose task it is.
        live: the task.
        name: of the task.
        on_late: makes the task end when it came up too late.
    """
    birth = Birth(on_late)
    nursery.start_soon(live, birth, name=name)
    return birth
