"""A line to a peripheral that lives in a child process, over its standard input and output.

A child that dies is a lost link, and opening again starts a new one: that is what plugging a device
in means here. Deliberately not here: what the child is. Invariants: at most one child at a time;
nothing but framed bytes on its two pipes is ever looked at, its error output goes nowhere.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import trio

from hw.errors import PeripheralLost
from hw.transport.port import PIECE_BYTES_MAX, Piece

STOP_S_MAX = 1.0
"""A child that does not end by itself for so long is killed, in seconds."""


class ProcessTransport:
    """One line to one child process.

    Attributes:
        epoch: of the latest child.
        process: the running child, None between links; tests kill it.
    """

    def __init__(self, argv: Sequence[str], *, pass_fds: Sequence[int] = ()) -> None:
        """Take the command, and (POSIX only) file descriptors that the child inherits."""
        self.epoch = 0
        self.process: trio.Process | None = None
        self._argv = tuple(argv)
        self._pass_fds = tuple(pass_fds)

    async def open(self) -> int:
        """See `Transport.open`."""
        await self.close()
        try:
            self.process = await trio.lowlevel.open_process(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=self._pass_fds,
            )
        except OSError as error:
            raise PeripheralLost(f"no such device: {type(error).__name__}") from error
        self.epoch += 1
        return self.epoch

    async def close(self) -> None:
        """See `Transport.close`."""
        process, self.process = self.process, None
        if process is None:
            return
        with trio.CancelScope(shield=True):
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    await pipe.aclose()
            with trio.move_on_after(STOP_S_MAX):
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        process = self._running()
        assert process.stdin is not None, "opened with pipes"
        try:
            await process.stdin.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeripheralLost("the device's process is gone") from error

    async def receive(self) -> Piece:
        """See `Transport.receive`."""
        process = self._running()
        assert process.stdout is not None, "opened with pipes"
        try:
            data = await process.stdout.receive_some(PIECE_BYTES_MAX)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeripheralLost("the device's process is gone") from error
        if not data:
            raise PeripheralLost("the device's process ended")
        return Piece(self.epoch, bytes(data))

    async def battery(self) -> int | None:
        """A process has no battery."""
        await trio.lowlevel.checkpoint()
        return None

    def _running(self) -> trio.Process:
        if self.process is None:
            raise PeripheralLost("there is no link")
        return self.process


__all__ = ["ProcessTransport"]
