"""One asyncio loop in a side thread, for libraries that know no other loop, and its actors.

The loop lives exactly as long as the `async with`. A process actor on it is written like every
other (`Process`), but its body is asyncio code; its Ref works on the trio side. It runs in real
time: under a virtual clock nothing here makes sense.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from actors.asyncio_side.bridge import Crossing
from actors.asyncio_side.hosted import Hosted
from actors.asyncio_side.loop import AsyncioLoop
from actors.outside import production_outside
from actors.runtime.ending import open_in_order, stop_in_order
from actors.runtime.process_cell import ProcessCell
from actors.runtime.system import UNSUPERVISED
from actors.runtime.trio_host import open_system, run_process

if TYPE_CHECKING:
    from actors.process import Process
    from actors.ref import Ref
    from actors.runtime.cell import Overseer
    from actors.runtime.system import System

STOP_S_MAX = 5.0
"""How long the thread may take to end when the host closes, seconds."""

log = structlog.get_logger("actors")


class AsyncioHost:
    """Where process actors with asyncio bodies are started.

    Attributes:
        system: the trio side.
    """

    def __init__(
        self, system: System, loop: asyncio.AbstractEventLoop, nursery: trio.Nursery
    ) -> None:
        self.system = system
        self._crossing = Crossing(system, loop)
        self._host = AsyncioLoop(loop)
        self._nursery = nursery
        self._cells: list[ProcessCell] = []

    def child(self, factory: Callable[[], Process]) -> Callable[[], Process]:
        """A factory for a supervisor on the trio side, of actors that live on this loop.

        `factory` itself is called on the asyncio side, once for every incarnation.
        """
        return partial(Hosted, factory, self._host, self._crossing)

    def outward(self, ref: Ref) -> Ref:
        """A Ref to an actor on the trio loop that may be handed to an actor on this one."""
        return self._crossing.outward(ref)

    async def start(
        self,
        name: str,
        factory: Callable[[], Process],
        supervisor: Overseer | None = None,
    ) -> Ref:
        """Start an actor outside any tree, at `/name`; whoever watches its Ref learns of its end.

        Args:
            name: its path without the leading slash.
            factory: makes the object; called on the asyncio side.
            supervisor: decides when it ends; without one it is stopped for good.

        Raises:
            Exception: whatever the factory or `started` raised.
        """
        cell = self.system.cell(f"/{name}", self.child(factory), supervisor or UNSUPERVISED)
        assert isinstance(cell, ProcessCell)
        self._cells.append(cell)
        try:
            await self._nursery.start(run_process, cell)
        except BaseException:
            cell.stop()
            raise
        return cell

    async def close(self) -> None:
        """Stop what `start` started; see `actors.runtime.ending.stop_in_order`."""
        await stop_in_order(self._cells)


class SideThread:
    """The thread that runs the loop."""

    def __init__(self) -> None:
        self._ready: trio.Event = trio.Event()
        self._ended: trio.Event = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        # A daemon: a body that never ends must not keep the program from exiting.
        self._thread = threading.Thread(target=self._run, name="asyncio host", daemon=True)

    async def start(self) -> asyncio.AbstractEventLoop:
        """Start the thread; return once its loop runs."""
        self._thread.start()
        await self._ready.wait()
        assert self._loop is not None
        return self._loop

    async def stop(self) -> None:
        """End the loop and wait for the thread, up to `STOP_S_MAX`."""
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        with trio.move_on_after(STOP_S_MAX):
            await self._ended.wait()
        if self._ended.is_set():
            # It has nothing left to do but return.
            self._thread.join()
        else:
            log.warning("asyncio_host_left_behind")

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        finally:
            self._tell(self._ended)

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tell(self._ready)
        await self._stop.wait()

    def _tell(self, event: trio.Event) -> None:
        try:
            self._token.run_sync_soon(event.set)
        except trio.RunFinishedError:
            return


@asynccontextmanager
async def open_asyncio_host(system: System | None = None) -> AsyncIterator[AsyncioHost]:
    """Run an asyncio loop beside the trio loop; its actors and its thread end with the block.

    Args:
        system: where its actors have their cells; without one they get a system of their own.
    """
    if system is None:
        async with (
            open_system("asyncio", production_outside()) as own,
            open_asyncio_host(own) as host,
        ):
            yield host
        return
    async with open_in_order() as (nursery, closing):
        thread = SideThread()
        host = AsyncioHost(system, await thread.start(), nursery)
        closing.push_async_callback(thread.stop)
        closing.push_async_callback(host.close)
        yield host


__all__ = ["STOP_S_MAX", "AsyncioHost", "open_asyncio_host"]
