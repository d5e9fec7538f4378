"""Requests that wait for a session: given on any thread, taken on the asyncio loop."""

from __future__ import annotations

import asyncio
from collections import deque

from actors.inbox import Delivery
from actors.store.lanes import LANE_REQUESTS_MAX
from actors.store.port import StoreClosed, StoreError


class Lane:
    """Whatever gathers while a session works is taken together.

    Made on the loop. Each step that another thread may see is one operation of a deque or one
    assignment.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._waiting: deque[Delivery] = deque()
        self._is_nudged = False
        self._is_over = False
        self.served = 0

    def put(self, delivery: Delivery) -> bool:
        """Let a request wait for its turn, or refuse it when too many do; False at the end."""
        if self._is_over:
            return False
        if len(self._waiting) >= LANE_REQUESTS_MAX:
            delivery.fail(StoreError(f"{LANE_REQUESTS_MAX} requests wait already"))
            return True
        self._waiting.append(delivery)
        if not self._is_nudged:
            self._is_nudged = True
            self._loop.call_soon_threadsafe(self._nudge)
        return True

    async def take(self, most: int) -> list[Delivery]:
        """Those who wait, at least one; none when the lane has ended."""
        while not self._waiting:
            if self._is_over:
                return []
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self.served += len(taken)
        return taken

    def end(self) -> None:
        """Take nothing more; what waits may still be taken."""
        self._is_over = True
        self._arrived.set()

    def abandon(self) -> None:
        """Take nothing more, and tell everybody who waits that it did not come to them."""
        self.end()
        while self._waiting:
            gone = StoreClosed("the database's actor stopped; the outcome is unknown")
            self._waiting.popleft().fail(gone)

    def inspect(self) -> dict[str, object]:
        """Counts since the actor started."""
        return {"waiting": len(self._waiting), "served": self.served}

    def _nudge(self) -> None:
        # Before anybody looks: whoever finds it set is among those who are taken.
        self._is_nudged = False
        self._arrived.set()


__all__ = ["Lane"]
