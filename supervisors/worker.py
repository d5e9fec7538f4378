"""A worker child: one actor, reactive or process, behind a cell that outlives its incarnations.

A reactive actor starts and halts within the call. A process actor has a task in its supervisor's
nursery: asked to end, given its shutdown budget, then cancelled, and WEDGED if it ignores even
that; nothing can kill a task that does not want to end.

Invariant: no two incarnations of one actor are ever alive at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from actors.asyncio_side.hosted import Hosted
from actors.errors import ActorStopped
from actors.runtime.cell import ALIVE, CellState
from actors.runtime.process_cell import ProcessCell
from actors.runtime.reactive import ReactiveCell
from actors.runtime.trio_host import run_process
from supervisors.child import (
    AT_REST,
    KILL_S_MAX,
    START_S_MAX,
    Birth,
    Child,
    Parent,
    give_birth,
)
from supervisors.errors import StartTimeout, Wedged, summary
from supervisors.snapshot import STUCK_S_MIN, Look, Meter, Node, State

if TYPE_CHECKING:
    from actors.runtime.cell import Cell
    from actors.runtime.system import System
    from supervisors.child_spec import ChildSpec


class Worker(Child):
    """See the module."""

    def __init__(self, system: System, spec: ChildSpec, path: str, parent: Parent) -> None:
        super().__init__(system, spec, path, parent)
        self._spec = spec
        self._cell: ReactiveCell | ProcessCell | None = None
        self._birth: Birth | None = None
        self._meter = Meter()

    async def start(self, nursery: trio.Nursery) -> None:
        """See `Child.start`."""
        self._begin()
        try:
            cell = self._get_cell()
            if isinstance(cell, ProcessCell):
                await self._start_process(nursery, cell)
            else:
                cell.start()
        except BaseException as error:
            self._not_up(error)
            raise
        self._is_up()

    def can_restart_at_once(self) -> bool:
        """See `Child.can_restart_at_once`: a reactive actor that is down can."""
        cell = self._cell
        return isinstance(cell, ReactiveCell) and cell.state is CellState.DOWN

    def restart_at_once(self) -> None:
        """See `Child.restart_at_once`."""
        assert isinstance(self._cell, ReactiveCell)
        self._begin()
        try:
            self._cell.start()
        except Exception as error:
            self._not_up(error)
            raise
        self._is_up()

    def stuck_at(self) -> str:
        """See `Child.stuck_at`."""
        return "" if self._cell is None else self._cell.stuck_at()

    async def halt(self) -> None:
        """See `Child.halt`."""
        self.due = None
        if self.state in AT_REST or self._cell is None:
            self.state = State.WEDGED if self.state is State.WEDGED else State.STOPPED
            return
        cell = self._cell
        self.state = State.STOPPING
        cell.halt()
        with trio.move_on_after(self._spec.shutdown_s, shield=True):
            await cell.wait_down()
        if cell.state in ALIVE:
            cell.kill()
            with trio.move_on_after(KILL_S_MAX, shield=True):
                await cell.wait_down()
        self.state = State.WEDGED if cell.state in ALIVE else State.STOPPED

    def discard(self) -> None:
        """See `Child.discard`."""
        self.due = None
        if self._cell is not None:
            self._cell.stop()

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        """The runtime's report of an end, see `actors.runtime.cell.Overseer`."""
        # Who came up too late has not lived; its task says when it is gone.
        if self._birth is None or self._birth.is_up:
            self._end(error)

    def node(self, look: Look) -> Node:
        """See `Child.node`."""
        cell = self._cell
        if cell is None:
            return Node(self.path, "process", self.state, last_error=self.last_error)
        seen = cell.statistics()
        is_held_up = self.state in (State.STARTING, State.STOPPING, State.WEDGED)
        return Node(
            path=self.path,
            kind=_kind(cell),
            state=self.state,
            mailbox=seen.mailbox,
            mailbox_peak=seen.mailbox_peak,
            rate=self._meter.rate(look.now, seen.handled)
            if isinstance(cell, ProcessCell)
            else look.rate(self.path),
            oldest_age_s=seen.oldest_age_s,
            restarts=self.restarts,
            last_error=self.last_error,
            stuck_at=seen.stuck_at if is_held_up or seen.oldest_age_s >= STUCK_S_MIN else "",
            backoff_until_ms=0 if self.due is None else look.wall_at(self.due),
        )

    def _get_cell(self) -> ReactiveCell | ProcessCell:
        """The cell, made anew when there is none or the former one was stopped for good."""
        if self._cell is None or self._cell.state is CellState.STOPPED:
            self._cell = self.system.cell(self.path, self._spec.start, self)
            self._meter.begin(self.system.host.now(), 0)
            if self._spec.register is not None:
                self.system.register(self._spec.register, self._cell)
        return self._cell

    async def _start_process(self, nursery: trio.Nursery, cell: ProcessCell) -> None:
        async def live(birth: Birth) -> None:
            try:
                with birth.scope:
                    await run_process(cell, task_status=birth)
            except Exception as error:
                birth.failed(error)
            finally:
                if not birth.is_up and cell.state in ALIVE:
                    cell.failed_start(ActorStopped(self.path))
                birth.over.set()
                if not birth.is_up and self.state is State.WEDGED:
                    self._end(None)

        birth = self._birth = give_birth(nursery, live, self.path, cell.halt)
        try:
            await birth.wait(START_S_MAX, KILL_S_MAX)
        finally:
            if not birth.over.is_set():
                self.state = State.WEDGED
        if birth.error is not None:
            raise birth.error
        if not birth.over.is_set():
            raise Wedged(self.path, cell.stuck_at())
        if not birth.is_up:
            raise StartTimeout(self.path, START_S_MAX)

    def _not_up(self, error: BaseException) -> None:
        if self._cell is not None:
            self._cell.release()
        if self.state is not State.WEDGED:
            self.state = State.STOPPED
        if isinstance(error, Exception):
            self.last_error = summary(error)


def _kind(cell: Cell) -> str:
    if isinstance(cell, ReactiveCell):
        return "reactive"
    return "asyncio" if isinstance(cell.actor, Hosted) else "process"
