"""The context of an actor that lives on its system's own loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from actors.ask import NOBODY
from actors.context import Context, EffectFailed
from actors.errors import ActorStopped
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.ask import ReplyTo
    from actors.cell import Cell
    from actors.ports import Outside
    from actors.ref import Ref

EFFECTS_MAX = 1_024
"""The most effects of one actor at a time; one more is a crash."""

TIMERS_MAX = 4_096
"""The most timers of one actor at a time; one more is a crash."""


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

    def effect(self, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
        """See `Context.effect`."""
        start_effect(self._cell, label, work)

    def after(self, seconds: float, message: object) -> Timer:
        """See `Context.after`."""
        cell = self._cell
        if cell.timers is None:
            cell.timers = {}
        assert len(cell.timers) < TIMERS_MAX, "too many timers of one actor"
        timer = Timer(cell, message)
        cell.timers[timer] = None
        cell.system.wheel.add(timer, seconds)
        return timer

    def caller(self) -> ReplyTo:
        """See `Context.caller`."""
        return self._cell.in_hand or NOBODY

    def monitor(self, ref: Ref) -> None:
        """See `Context.monitor`."""
        ref.watch(self._cell)

    def lookup(self, name: str) -> Ref | None:
        """See `Context.lookup`."""
        return self._cell.system.find(name)

    def stop(self) -> None:
        """See `Context.stop`."""
        self._cell.halt()


def start_effect(cell: Cell, label: str, work: Callable[[], Awaitable[object | None]]) -> None:
    """Run `work` as a task of the system and bring its outcome back as a message."""
    incarnation = cell.incarnation

    async def perform() -> None:
        outcome: object | None
        try:
            try:
                outcome = await work()
            except Exception as error:  # any failure is the actor's to judge, as EffectFailed
                outcome = EffectFailed(label, error)
            if outcome is not None and cell.incarnation == incarnation:
                with suppress(ActorStopped):
                    await cell.send(outcome)
        finally:
            if cell.effects is not None:
                cell.effects.pop(handle, None)

    if cell.effects is None:
        cell.effects = {}
    assert len(cell.effects) < EFFECTS_MAX, "too many effects of one actor"
    handle = cell.system.host.start_task(perform, f"{cell.path}#{label}")
    cell.effects[handle] = None


__all__ = ["EFFECTS_MAX", "TIMERS_MAX", "CellContext", "start_effect"]
