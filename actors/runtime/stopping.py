"""How a program is asked to end: Ctrl-C or a termination signal, on every system that has them."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import trio


@contextmanager
def stop_signals() -> Iterator[Callable[[], Awaitable[None]]]:
    """Take over the wish to stop for as long as the block; yields what waits for it.

    Held around a program's whole life: a wish that comes while it starts is granted once it has
    started, and one that is repeated while it ends in order (a terminal sends Ctrl-C to parent and
    children alike) changes nothing.
    """
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:

        async def stopped() -> None:
            async for _ in signals:
                return

        yield stopped


__all__ = ["stop_signals"]
