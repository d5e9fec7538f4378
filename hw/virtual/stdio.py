"""Lets a virtual device be a process: its line is standard input and output, keys come by a pipe.

The device object is the same that serves in simulation. Deliberately not here: faults; a process
has those of its own. Invariant: nothing is written to standard output but what the device sends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import msgspec
import trio

from hw.transport import PIECE_BYTES_MAX, VirtualDevice

INPUTS_MAX = 64
"""The most pieces read and not yet handled."""


class _Line(msgspec.Struct, frozen=True):
    data: bytes


class _Keys(msgspec.Struct, frozen=True):
    data: bytes

    def __repr__(self) -> str:
        return "_Keys(***)"


async def serve(
    device: VirtualDevice, keyboard_fd: int | None, typed: Callable[[bytes], None]
) -> None:
    """Serve until standard input ends.

    Args:
        device: what is served.
        keyboard_fd: a pipe from which keys come, None without one.
        typed: takes the bytes of that pipe.
    """
    send, receive = trio.open_memory_channel[_Line | _Keys](INPUTS_MAX)
    device.plugged(trio.current_time())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, sys.stdin.fileno(), _Line, send)
        if keyboard_fd is not None:
            nursery.start_soon(_feed, keyboard_fd, _Keys, send)
        while True:
            piece: _Line | _Keys | None = None
            with trio.move_on_at(device.due()):
                piece = await receive.receive()
            if piece is None:
                outputs = device.tick(trio.current_time())
            elif isinstance(piece, _Keys):
                typed(piece.data)
                outputs = device.tick(trio.current_time())
            elif piece.data:
                outputs = device.received(piece.data, trio.current_time())
            else:
                nursery.cancel_scope.cancel()
                break
            await trio.to_thread.run_sync(_write, b"".join(outputs))


async def _feed(
    fd: int, kind: type[_Line | _Keys], send: trio.MemorySendChannel[_Line | _Keys]
) -> None:
    """Read a pipe in a worker thread, which works for pipes on every system."""
    while True:
        data = await trio.to_thread.run_sync(os.read, fd, PIECE_BYTES_MAX, abandon_on_cancel=True)
        if data or kind is _Line:
            await send.send(kind(data))
        if not data:
            return


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


__all__ = ["serve"]
