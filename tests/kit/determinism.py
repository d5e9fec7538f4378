"""Runs a story so that the same seed gives the same trace, in this process or any other.

trio shuffles the tasks that are ready, and breaks ties between timers by memory address, on
purpose, so that nobody relies on an order. A simulation wants one order for each seed, and for that
trio keeps two private switches; both are needed (tests/test_determinism.py), and both are put back
afterwards. trio is pinned because of them.

What it cannot hide, and what stories therefore must not do: iterate sets, abandon async generators,
order by `id()` or `hash()`, use threads.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import trio
import trio.testing
from trio._core import _run as trio_run

T = TypeVar("T")


@contextmanager
def seeded_scheduling(seed: int) -> Iterator[None]:
    """Within this block trio chooses by `seed` alone."""
    allowed_before = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    order_before = trio_run._r.getstate()
    setattr(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)  # noqa: B010 - declared Final
    trio_run._r.seed(seed)
    try:
        yield
    finally:
        setattr(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", allowed_before)  # noqa: B010 - as above
        trio_run._r.setstate(order_before)


def run_seeded(story: Callable[[], Awaitable[T]], seed: int) -> T:
    """Run `story` on virtual time, starting at 0, scheduled by `seed`."""
    with seeded_scheduling(seed):
        return trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))


def stream(seed: int, purpose: str) -> random.Random:
    """A stream of chance for one purpose, so that one more draw here moves nothing there.

    Seeding by a string does not depend on the process's hash seed.
    """
    return random.Random(f"{seed}:{purpose}")


__all__ = ["run_seeded", "seeded_scheduling", "stream"]
