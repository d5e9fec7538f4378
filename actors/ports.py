"""The outside world, as the few things that rules, actors and programs are handed.

Nothing else in the project touches time, random, uuid, os.urandom, sockets or threads. Production
implementations are in `actors.outside`; simulation and tests hand in seeded, virtual ones. That is
what lets a whole bank run in one process under virtual time, with the same trace for the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


class WallClock(Protocol):
    """What people call the time."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""


class Ids(Protocol):
    """Names for new things."""

    def new(self) -> str:
        """A fresh UUIDv7 (RFC 9562 §5.7) as 36 lower-case characters."""


class Entropy(Protocol):
    """Bytes that nobody can guess: keys, nonces, one-time codes."""

    def __call__(self, size: int, /) -> bytes:
        """Return `size` unpredictable bytes."""


class Offload(Protocol):
    """Runs slow, pure, blocking work (a PDF, a password hash) beside the loop: `actors.offload`."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Run `work` and return its result; its exception passes through.

        Raises:
            Overloaded: too much waits already; nothing was done.
        """


@dataclass(frozen=True)
class Outside:
    """The ports that every program takes, in one hand.

    Attributes:
        wall: civil time.
        ids: names for new things.
        entropy: unpredictable bytes.
        random: jitter and choices that need no secrecy; seeded in simulation.
        offload: where blocking pure work runs.
    """

    wall: WallClock
    ids: Ids
    entropy: Entropy
    random: random.Random
    offload: Offload


__all__ = ["Entropy", "Ids", "Offload", "Outside", "WallClock"]
