"""Brings back whoever owes something: a message to a partner, a slip, a reminder, what it learned.

Durable actors in pools live only while somebody needs them, and one that crashed comes back with
its next message. What it owes stands in the store and would wait until then. So this process, the
last of the office's children and therefore started again with any of them, wakes every stream that
the store says owes something: when it starts, and every `LOOK_S` seconds.

Invariant: whatever is owed is under way at most `LOOK_S` after its actor was lost. Waking one that
lives already changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from actors import Inbox, Process
from actors.durable import pending_streams
from actors.store import Store

LOOK_S: Final = 60.0
"""How often it looks, in seconds."""


class Revival(Process):
    """Wakes until stopped.

    Args:
        wake: called with a stream's name.
        opened: set when the tree stands and can be asked for refs.
    """

    def __init__(self, store: Store, wake: Callable[[str], None], opened: trio.Event) -> None:
        self._store = store
        self._wake = wake
        self._opened = opened
        self._owing = 0

    async def run(self, inbox: Inbox) -> None:
        """For ever; a store that does not answer ends it, and its supervisor begins anew."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            async for _ in inbox:
                pass
            nursery.cancel_scope.cancel()

    def inspect(self) -> dict[str, object]:
        """How many owed something when it looked last."""
        return {"owing": self._owing}

    async def _watch(self) -> None:
        await self._opened.wait()
        while True:
            streams = await pending_streams(self._store)
            self._owing = len(streams)
            for stream in streams:
                self._wake(stream)
            await trio.sleep(LOOK_S)


__all__ = ["LOOK_S", "Revival"]
