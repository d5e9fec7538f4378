"""A virtual outside world: the same seed gives the same ids, entropy, jitter and time of day."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import trio

from actors.outside import uuid7
from actors.ports import Outside

T = TypeVar("T")

EPOCH_MS = 1_750_000_000_000
"""Unix milliseconds when virtual time is 0: 15 June 2025, 15:06:40 UTC."""


class VirtualWall:
    """Civil time that follows trio's clock; Unix milliseconds when that is 0: `begins_ms`.

    Attributes:
        off_ms: how far this clock is from the right one; somebody may set it at any moment.
    """

    def __init__(self, begins_ms: int = EPOCH_MS) -> None:
        self._begins_ms = begins_ms
        self.off_ms = 0

    def now_ms(self) -> int:
        return max(0, self._begins_ms + self.off_ms + int(trio.current_time() * 1000))


class SeededIds:
    """UUIDv7 with virtual time and seeded randomness."""

    def __init__(self, seed: int | str, wall: VirtualWall) -> None:
        self._wall = wall
        self._random = random.Random(f"{seed}:ids")

    def new(self) -> str:
        return uuid7(self._wall.now_ms(), self._random.randbytes(10))


async def inline_offload(work: Callable[[], T], /) -> T:
    """Blocking work done at once: virtual time does not see threads."""
    await trio.lowlevel.checkpoint()
    return work()


def virtual_outside(seed: int | str = 0, begins_ms: int = EPOCH_MS) -> Outside:
    """An outside world in which nothing is left to chance; use it inside `run`."""
    wall = VirtualWall(begins_ms)
    return Outside(
        wall=wall,
        ids=SeededIds(seed, wall),
        entropy=random.Random(f"{seed}:entropy").randbytes,
        random=random.Random(f"{seed}:random"),
        offload=inline_offload,
    )
