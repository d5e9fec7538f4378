"""The port that every door of the wire implements: whole frames, in order, until it dies.

A channel promises order and integrity of frame boundaries, nothing more. It may die at any moment,
and then what was in flight is unknown; sessions (`wire.session`) turn that into exactly-once.
Implementations: `wire.socket` (RFC 6455 websocket) and `wire.memory` (in-process, with faults).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

FRAME_BYTES_MAX = 64 * 1024
"""The largest frame either side accepts, in bytes; a larger one ends the channel."""


class Channel(Protocol):
    """One live, ordered link to one peer."""

    async def send(self, frame: bytes) -> None:
        """Hand over one frame; waits while the link's own buffer is full.

        Raises:
            ChannelClosed: the link is gone; the frame may or may not have arrived.
            LocalMisuse: the frame is larger than `FRAME_BYTES_MAX`.
        """

    async def receive(self) -> bytes:
        """The next frame.

        Raises:
            ChannelClosed: the link is gone.
            BadFrame: the peer sent something that is no binary frame, or one that is too large.
        """

    async def aclose(self) -> None:
        """Close the link; safe to call twice."""


class Dialer(Protocol):
    """Opens channels to an address such as `ws://127.0.0.1:7420`."""

    async def dial(self, address: str) -> Channel:
        """Open a channel.

        Raises:
            LinkLost: nobody answers there, or not in time.
        """


ChannelHandler = Callable[[Channel], Awaitable[None]]


class Listener(Protocol):
    """Accepts channels; one call of the handler per channel."""

    async def serve(
        self,
        handler: ChannelHandler,
        *,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled; `task_status.started` gets the address that dialers use.

        A handler that raises a `WireError` ends only its own channel.
        """


__all__ = ["FRAME_BYTES_MAX", "Channel", "ChannelHandler", "Dialer", "Listener"]
