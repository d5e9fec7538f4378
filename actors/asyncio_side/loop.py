"""asyncio behind the runtime's few calls, for the bodies that live on its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from actors.errors import summarize

if TYPE_CHECKING:
    from actors.shim import Seat

log = structlog.get_logger("actors")


class AsyncioLoop:
    """See `actors.shim.Host`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.now = loop.time
        self.stopwatch = loop.time

    async def checkpoint(self) -> None:
        """See `Host.checkpoint`."""
        await asyncio.sleep(0)

    async def breathe(self) -> None:
        """See `Host.breathe`; asyncio cancels at any wait, so this is one too."""
        await asyncio.sleep(0)

    async def check_cancelled(self) -> None:
        """See `Host.check_cancelled`; asyncio raises at the next wait by itself."""

    def cancelled(self) -> bool:
        """See `Host.cancelled`."""
        return False

    async def park(self, seat: Seat) -> None:
        """See `Host.park`."""
        assert seat.waiter is None, "the seat is taken"
        seat.waiter = future = self._loop.create_future()
        try:
            await future
        finally:
            seat.waiter = None

    def wake(self, seat: Seat) -> None:
        """See `Host.wake`."""
        waiter, seat.waiter = seat.waiter, None
        if not waiter.done():
            waiter.set_result(None)

    def start_task(self, work: Callable[[], Awaitable[None]], path: str) -> asyncio.Task[None]:
        """See `Host.start_task`."""

        async def perform() -> None:
            try:
                await work()
            except Exception as error:  # asyncio would tell it only when the task is collected
                log.warning("task_failed", path=path, error=summarize(error))

        return self._loop.create_task(perform(), name=path)

    def set_alarm(self, at: float) -> None:
        """See `Host.set_alarm`: there is no wheel here, asyncio's own timers serve."""


__all__ = ["AsyncioLoop"]
