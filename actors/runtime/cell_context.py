"""The context of an actor that lives on its system's own loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from actors.ask import NOBODY
from actors.context import Context
from actors.errors import ActorError
from actors.signals import TASKS_MAX, Monitor, RunningTask
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.ask import ReplyTo
    from actors.ports import Outside
    from actors.ref import Ref
    from actors.runtime.cell import Cell


class CellContext(Context):
    """Does it by the actor's cell."""

    __slots__ = ("_cell", "me", "path")

    def __init__(self, path: str) -> None:
        self.path = path

    def bind(self, cell: Cell) -> None:
        """Attach the cell, which is made after its context."""
        self._cell = cell
        self.me = cell

    @property
    def outside(self) -> Outside:
        """See `Context.outside`."""
        return self._cell.system.outside

    def now(self) -> float:
        """See `Context.now`."""
        return self._cell.system.host.now()

    def start_task(self, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
        """See `Context.start_task`."""
        start_task(self._cell, label, work)

    def after(self, seconds: float, message: object) -> Timer:
        """See `Context.after`."""
        cell = self._cell
        if cell.timers is None:
            cell.timers = {}
        timer = Timer(cell, cell.timers, message)
        cell.system.wheel.add(timer, seconds)
        return timer

    def caller(self) -> ReplyTo:
        """See `Context.caller`."""
        return self._cell.in_hand or NOBODY

    def monitor(self, ref: Ref) -> None:
        """See `Context.monitor`."""
        cell = self._cell
        if cell.monitors is None:
            cell.monitors = {}
        monitor = Monitor(cell, cell.monitors, ref)
        try:
            ref.watch(monitor)
        except ActorError:
            monitor.forget()
            raise

    def demonitor(self, ref: Ref) -> None:
        """See `Context.demonitor`."""
        cancel_monitors(self._cell.monitors, ref)

    def lookup(self, name: str) -> Ref | None:
        """See `Context.lookup`."""
        return self._cell.system.find(name)

    def stop(self) -> None:
        """See `Context.stop`."""
        self._cell.halt()


def cancel_monitors(monitors: Iterable[Monitor] | None, ref: Ref) -> None:
    """Cancel those of one actor."""
    for monitor in [m for m in monitors or () if m.watched.path == ref.path]:
        monitor.cancel()


def start_task(cell: Cell, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
    """Run `work` as a task of the system and bring its outcome back as a signal."""
    if cell.tasks is None:
        cell.tasks = {}
    running = RunningTask(cell, cell.tasks, TASKS_MAX)
    perform = partial(running.perform, label, work)
    running.handle = cell.system.host.start_task(perform, f"{cell.path}#{label}")


__all__ = ["CellContext", "cancel_monitors", "start_task"]
