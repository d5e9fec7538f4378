"""How much a store takes on at a time: its lanes, and what becomes of whoever finds one full.

A store has two lanes, one for writing and one for reading. The node's own work waits for its turn,
in order, and comes through: a full lane is back-pressure, never an error. What a peer asked for
waits `PEER_WAIT_S` and is then refused (`StoreError`, nothing was done): the peer is told BUSY and
comes again, so that peers cannot pile up work.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio

from actors.store.port import StoreError

LANE_REQUESTS_MAX: Final = 256
"""The most requests that a lane has in hand, unless a store is given others."""

PEER_WAIT_S: Final = 1.0
"""How long what a peer asked for waits for a place, in seconds."""

LANE_WAITING_MAX: Final = 10_000
"""The most that wait before a lane; the next is refused, whoever asked for it."""


class Lane:
    """One of the two.

    Args:
        most: the most requests in hand.
    """

    def __init__(self, most: int = LANE_REQUESTS_MAX) -> None:
        self._places = trio.Semaphore(most)

    @asynccontextmanager
    async def place(self, *, patient: bool) -> AsyncIterator[None]:
        """A place in the lane, for as long as the block.

        Args:
            patient: wait for one however long it takes, and not just `PEER_WAIT_S`.

        Raises:
            StoreError: there is none.
        """
        if self._places.value > 0:
            self._places.acquire_nowait()
        elif self._places.statistics().tasks_waiting >= LANE_WAITING_MAX:
            raise StoreError(f"{LANE_WAITING_MAX} requests wait already; nothing was done")
        else:
            with trio.move_on_after(math.inf if patient else PEER_WAIT_S) as scope:
                await self._places.acquire()
            if scope.cancelled_caught:
                raise StoreError("the store has its hands full; nothing was done")
        try:
            yield
        finally:
            self._places.release()


@dataclass(frozen=True)
class Lanes:
    """Both, as everybody who uses one store shares them."""

    writes: Lane
    reads: Lane

    @classmethod
    def of(cls, most: int = LANE_REQUESTS_MAX) -> Lanes:
        """Lanes that have so many requests in hand."""
        return cls(Lane(most), Lane(most))


__all__ = ["LANE_REQUESTS_MAX", "LANE_WAITING_MAX", "PEER_WAIT_S", "Lane", "Lanes"]
