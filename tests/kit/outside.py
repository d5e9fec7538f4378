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
    """Civil time that follows trio's clock from a fixed epoch."""

    def now_ms(self) -> int:
        return EPOCH_MS + int(trio.current_time() * 1000)


class SeededIds:
    """UUIDv7 with virtual time and seeded randomness."""

    def __init__(self, seed: int | str) -> None:
        self._wall = VirtualWall()
        self._random = random.Random(f"{seed}:ids")

    def new(self) -> str:
        return uuid7(self._wall.now_ms(), self._random.randbytes(10))


async def inline_offload(work: Callable[[], T], /) -> T:
    """Blocking work done at once: virtual time does not see threads."""
    await trio.lowlevel.checkpoint()
    return work()


def virtual_outside(seed: int | str = 0) -> Outside:
    """An outside world in which nothing is left to chance; use it inside `run`."""
    return Outside(
        wall=VirtualWall(),
        ids=SeededIds(seed),
        entropy=random.Random(f"{seed}:entropy").randbytes,
        random=random.Random(f"{seed}:random"),
        offload=inline_offload,
    )
