"""The port that every way to a peripheral implements: bytes in order, until the link dies.

A transport outlives its links. Each `open` makes a new link with a higher epoch; bytes carry the
epoch of the link they came by, so what an old link still delivers cannot pass for an answer.
Implementations: `hw.transport.virtual` (in-process, with faults) and `hw.transport.process` (a
child process); Bluetooth and serial lines fit behind the same port.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

PIECE_BYTES_MAX = 16 * 1024
"""The most bytes that `receive` returns at once."""


class Piece(msgspec.Struct, frozen=True):
    """Some bytes, cut anywhere, and the link they came by."""

    epoch: int
    data: bytes

    def __repr__(self) -> str:
        return f"Piece({self.epoch}, {len(self.data)} bytes)"


class Transport(Protocol):
    """A way to one peripheral.

    Every method may raise `PeripheralLost`; after that only `open` and `close` are of use. One task
    receives, another may send.
    """

    async def open(self) -> int:
        """Close what is open, connect, and return the new link's epoch."""

    async def close(self) -> None:
        """Disconnect; harmless when there is no link."""

    async def send(self, data: bytes) -> None:
        """Hand over bytes; whether they arrived only an answer tells."""

    async def receive(self) -> Piece:
        """The next bytes, waiting for them."""

    async def battery(self) -> int | None:
        """The peripheral's charge in percent, None when it does not tell."""


__all__ = ["PIECE_BYTES_MAX", "Piece", "Transport"]
