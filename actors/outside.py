"""The production `Outside`: the one file that touches civil time, entropy, ids and threads."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import TypeVar

import trio

from actors.offload import Slots
from actors.ports import Outside

T = TypeVar("T")


stopwatch = time.monotonic
"""Seconds from an arbitrary start, for measuring how long something took; the fastest reading."""


class SystemWall:
    """The machine's civil time."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


def uuid7(unix_ms: int, randomness: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7).

    Args:
        unix_ms: 48 bits of Unix time in milliseconds.
        randomness: 10 bytes, of which the version and variant take 6 bits.
    """
    bits = (unix_ms & (1 << 48) - 1) << 80 | int.from_bytes(randomness, "big")
    bits = bits & ~(0xF << 76) | 7 << 76
    bits = bits & ~(0x3 << 62) | 0b10 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class RandomIds:
    """UUIDv7 from the machine's clock and entropy."""

    def new(self) -> str:
        """A fresh UUIDv7 as 36 lower-case characters."""
        return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


async def offload_to_thread(work: Callable[[], T], /) -> T:
    """Run blocking work in one of trio's worker threads, however many there are."""
    return await trio.to_thread.run_sync(work)


def production_outside() -> Outside:
    """The real world."""
    return Outside(
        wall=SystemWall(),
        ids=RandomIds(),
        entropy=os.urandom,
        random=random.SystemRandom(),
        offload=Slots(offload_to_thread),
    )


__all__ = [
    "RandomIds",
    "SystemWall",
    "offload_to_thread",
    "production_outside",
    "stopwatch",
    "uuid7",
]
