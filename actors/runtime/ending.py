"""How everything that opens on a loop ends: in order, and with the error that ended it.

What is open when the block is left closes in the reverse order of its opening, undisturbed by
whatever cancels the block; then what is left in the nursery is cancelled, and what the block raised
is raised as it is, not in a group.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import trio

from actors.runtime.cell import ALIVE

if TYPE_CHECKING:
    from actors.runtime.cell import Cell

CLOSE_S_MAX = 5.0
"""How long the actors that are still alive may take to end, altogether, seconds."""

KILL_S_MAX = 5.0
"""How long those that were cancelled then may take, altogether, seconds."""


@asynccontextmanager
async def open_in_order() -> AsyncIterator[tuple[trio.Nursery, AsyncExitStack]]:
    """A nursery, and a stack of what closes before it is cancelled."""
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        closing = AsyncExitStack()
        try:
            yield nursery, closing
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            # Raised below, outside the nursery, so that it is not wrapped in a group.
            failure = error
        finally:
            with trio.CancelScope(shield=True):
                await closing.aclose()
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def stop_in_order(cells: Sequence[Cell]) -> None:
    """Ask each in turn, the youngest first, and wait; then cancel whoever is still there.

    Args:
        cells: in the order in which they were made.
    """
    with trio.move_on_after(CLOSE_S_MAX):
        for cell in reversed(cells):
            cell.stop()
            await cell.wait_down()
    left = [cell for cell in reversed(cells) if cell.state in ALIVE]
    for cell in left:
        cell.kill()
    with trio.move_on_after(KILL_S_MAX):
        for cell in left:
            await cell.wait_down()


__all__ = ["CLOSE_S_MAX", "KILL_S_MAX", "open_in_order", "stop_in_order"]
