"""Runs an async story on virtual time, so that an hour passes in a millisecond."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
import trio.testing

T = TypeVar("T")


def run(story: Callable[[], Awaitable[T]]) -> T:
    """Run `story` under trio with a clock that jumps whenever everybody waits."""
    return trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))


def run_real(story: Callable[[], Awaitable[T]]) -> T:
    """Run `story` on real time: for sockets, threads and processes, which no virtual clock sees."""
    return trio.run(story)
