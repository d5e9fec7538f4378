"""A TCP connection as a trio stream that yields only when it has to wait.

trio's own stream hands control to the scheduler after every call, even one that the kernel could
satisfy at once; on a small sealed frame that costs more than the cipher. Whoever uses this stream
must therefore reach a checkpoint elsewhere between two sends; a websocket does, at its lock.

It takes over the socket of a `trio.SocketStream`; how to connect and to listen stays trio's.
"""

from __future__ import annotations

import socket

import trio

RECEIVE_BYTES_DEFAULT = 16 * 1024
"""How much is read at once when the caller does not say."""


class TcpStream(trio.abc.Stream):
    """The bytes of one connection.

    Args:
        stream: a connected stream, of no use to anybody else afterwards.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.peer: str = stream.socket.getpeername()[0]
        family, kind, protocol = stream.socket.family, stream.socket.type, stream.socket.proto
        self._socket = socket.socket(family, kind, protocol, fileno=stream.socket.detach())
        self._socket.setblocking(False)
        self._drained = True

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything; waits while the kernel's buffer is full.

        Raises:
            trio.BrokenResourceError: the connection is gone.
            trio.ClosedResourceError: it was closed here.
        """
        left = data
        while True:
            try:
                sent = self._socket.send(left)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as problem:
                raise self._gone() from problem
            if sent == len(left):
                return
            left = memoryview(left)[sent:]
            await self.wait_send_all_might_not_block()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for room in the kernel's buffer."""
        await trio.lowlevel.wait_writable(self._open())

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The next bytes; empty when the peer has finished.

        Raises:
            trio.BrokenResourceError: the connection is gone.
            trio.ClosedResourceError: it was closed here.
        """
        size = max_bytes or RECEIVE_BYTES_DEFAULT
        while True:
            if self._drained:
                await trio.lowlevel.wait_readable(self._open())
            try:
                data = self._socket.recv(size)
            except (BlockingIOError, InterruptedError):
                self._drained = True
                continue
            except OSError as problem:
                raise self._gone() from problem
            # Less than asked for means that the kernel has no more: the next call would only fail.
            self._drained = 0 < len(data) < size
            return data

    async def aclose(self) -> None:
        """Close the connection; whoever waits on it is woken with `ClosedResourceError`."""
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
        await trio.lowlevel.checkpoint()

    def _open(self) -> socket.socket:
        """The socket to wait on; waiting on a closed one would confuse the event loop."""
        if self._socket.fileno() == -1:
            raise trio.ClosedResourceError("this connection was closed here")
        return self._socket

    def _gone(self) -> Exception:
        """What an error of the kernel means."""
        if self._socket.fileno() == -1:
            return trio.ClosedResourceError("this connection was closed here")
        return trio.BrokenResourceError("the connection is gone")


__all__ = ["TcpStream"]
