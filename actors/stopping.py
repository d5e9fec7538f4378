"""How a program is asked to end: Ctrl-C or a termination signal, on every system that has them."""

from __future__ import annotations

import signal

import trio


async def until_stopped() -> None:
    """Return when somebody asks this process to stop, so that its tree ends in order."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return


__all__ = ["until_stopped"]
