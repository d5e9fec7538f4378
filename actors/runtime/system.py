"""One node's actors: run queue, timers, names, dead letters and trace, on one event loop.

A system starts nothing by itself but actors for tests and benches (`spawn`); programs build trees
with supervisors, which make their cells here. `actors.runtime.trio_host.open_system` opens one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.actor import Actor
from actors.dead_letters import DeadLetters
from actors.runtime.cell_context import CellContext
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.process_cell import ProcessCell
from actors.runtime.reactive import ReactiveCell
from actors.runtime.registry import Registry
from actors.runtime.trace import TraceRing
from actors.timers import Wheel

if TYPE_CHECKING:
    from actors.ports import Outside
    from actors.process import Process
    from actors.ref import Ref
    from actors.runtime.cell import Cell, Overseer
    from actors.shim import Host

CELLS_MAX = 1_000_000
"""The most actors of one system."""


class Unsupervised:
    """Stands in for a supervisor under `System.spawn`: an actor that ends is stopped for good."""

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        """See `actors.runtime.cell.Overseer`."""
        cell.stop()


class System:
    """The actors of one node.

    Attributes:
        name: of the node.
        outside: the ports handed to every actor.
        host: the event loop.
        dispatcher: whose turn it is.
        wheel: every deadline.
        dead_letters: what nobody handled.
        trace: the last turns.
        registry: names.
        cells: every actor that is not stopped for good, by path, in the order they were made.
    """

    def __init__(
        self,
        name: str,
        outside: Outside,
        host: Host,
        start_process: Callable[[ProcessCell], None],
    ) -> None:
        self.name = name
        self.outside = outside
        self.host = host
        self.dead_letters = DeadLetters(outside.wall)
        self.trace = TraceRing()
        self.dispatcher = Dispatcher(host, self.trace)
        self.wheel = Wheel(host)
        self.registry = Registry()
        self.cells: dict[str, Cell] = {}
        self._start_process = start_process

    def cell(
        self, path: str, factory: Callable[[], Actor | Process], supervisor: Overseer
    ) -> ReactiveCell | ProcessCell:
        """Make a cell and its first object; nothing runs yet.

        A reactive cell is then started with `start()`, a process cell with
        `await nursery.start(run_process, cell)`. Messages are taken from now on.

        Args:
            path: absolute, as `/office/queue`.
            factory: makes the object of every incarnation; called here for the first one, what it
                raises is a failed start.
            supervisor: decides when an incarnation ends.

        Raises:
            ValueError: the path is in use.
        """
        if path in self.cells:
            raise ValueError(f"{path} is in use")
        assert len(self.cells) < CELLS_MAX, "too many actors"
        first = factory()
        context = CellContext(path)
        cell: ReactiveCell | ProcessCell
        if isinstance(first, Actor):
            cell = ReactiveCell(self, path, factory, supervisor, first, context, self.dispatcher)
        else:
            cell = ProcessCell(self, path, factory, supervisor, first, context)
        context.bind(cell)
        self.cells[path] = cell
        return cell

    def spawn(
        self,
        name: str,
        factory: Callable[[], Actor | Process],
        supervisor: Overseer | None = None,
    ) -> Ref:
        """Start an actor outside any tree, at `/name`; for tests and benches.

        A reactive actor has started on return, and what its start raised is raised here. A process
        actor starts soon; its failed start stops it.

        Args:
            name: its path without the leading slash.
            factory: makes the object of every incarnation.
            supervisor: decides when an incarnation ends; without one the actor stops for good.
        """
        cell = self.cell(f"/{name}", factory, supervisor or UNSUPERVISED)
        if isinstance(cell, ReactiveCell):
            try:
                cell.start()
            except Exception:  # whatever failed, the cell must not stay; raised again
                cell.stop()
                raise
        else:
            self._start_process(cell)
        return cell

    def find(self, path_or_name: str) -> Ref | None:
        """The Ref registered under a name, or at a path; None if there is none."""
        return self.registry.lookup(path_or_name) or self.cells.get(path_or_name)

    def ref(self, path_or_name: str) -> Ref:
        """The Ref registered under a name, or at a path.

        Raises:
            LookupError: there is none.
        """
        ref = self.find(path_or_name)
        if ref is None:
            raise LookupError(path_or_name)
        return ref

    def register(self, name: str, ref: Ref) -> None:
        """Give an actor a name for as long as it is not stopped; see `Registry.register`."""
        self.registry.register(name, ref)

    def forget(self, ref: Ref) -> None:
        """An actor stopped for good: its path and names are free."""
        if self.cells.get(ref.path) is ref:
            del self.cells[ref.path]
        self.registry.forget(ref)

    def panic(self, error: Exception) -> None:
        """The runtime itself is broken (a supervisor's hook raised): end the system."""
        dispatcher = self.dispatcher
        if dispatcher.fault is None:
            dispatcher.fault = error
        dispatcher.wake()


UNSUPERVISED = Unsupervised()
"""The one `Unsupervised`."""


__all__ = ["System", "Unsupervised"]
