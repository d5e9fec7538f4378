"""The websocket door: channels over TCP (RFC 6455), and the only place that knows trio-websocket.

A frame of ours is one binary websocket message. No text, no extensions, no subprotocols, no TLS:
what travels is sealed already. Everything a stranger could use to hold on to this machine is
bounded before the library sees it (`wire.websocket_guard`) or by a deadline here.

Invariant: whatever the other side sends, a caller of this file sees a frame, `ChannelClosed` or
`BadFrame`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Final, cast
from urllib.parse import urlsplit

import trio
from h11 import ProtocolError as HttpError
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
    wrap_server_stream,
)
from wsproto.utilities import ProtocolError as WebSocketError

from wire.channel import FRAME_BYTES_MAX, Channel, ChannelHandler
from wire.errors import BadFrame, ChannelClosed, LinkLost, LocalMisuse, WireError
from wire.tcp import TcpStream
from wire.websocket_guard import WebSocketGuard

resource: ModuleType | None
try:
    import resource
except ModuleNotFoundError:  # Windows has no such limit
    resource = None

CONNECT_S_MAX: Final = 10.0
"""The longest that a dial takes, to the end of the upgrade."""

UPGRADE_S_MAX: Final = 5.0
"""The longest that a caller takes from the TCP connection to the end of the upgrade."""

CLOSE_S_MAX: Final = 1.0
"""The longest that closing waits for the other side's agreement."""

CHANNELS_MAX: Final = 10_240
"""The most connections of one listener; one more is closed at once. Room for all sessions of a
server, all its greetings, and some that only begin."""

CHANNELS_PER_SOURCE_MAX: Final = 4096
"""The most connections from one address, unless the listener is told otherwise: a carrier shows
thousands of tablets under one."""

OTHER_FILES_MAX: Final = 1024
"""How many open files a listener's process may need besides its connections."""

QUEUE_MESSAGES_MAX: Final = 4
"""The most received messages that wait for their reader; the peer is held up beyond that."""

RECEIVE_BYTES: Final = 16 * 1024
"""How much is read from a socket at once."""

SCHEME: Final = "ws"

# What trio-websocket, wsproto and h11 are known to raise on hostile bytes. ValueError stands for
# UnicodeError among others: a Host header is decoded as IDNA.
_FAULTS: Final = (
    ConnectionClosed,
    HandshakeError,
    WebSocketError,
    HttpError,
    ValueError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
)

StreamOpener = Callable[[str, int], Awaitable[trio.abc.Stream]]
"""Opens a byte stream to a host and port; `OSError` when nobody answers."""


class WebSocketChannel:
    """One websocket; see `wire.channel.Channel`."""

    def __init__(self, websocket: WebSocketConnection, stream: GuardedStream) -> None:
        self._websocket = websocket
        self._stream = stream

    async def send(self, frame: bytes) -> None:
        """Send one binary message; waits while the socket is full."""
        if len(frame) > FRAME_BYTES_MAX:
            raise LocalMisuse(f"a frame has at most {FRAME_BYTES_MAX} bytes")
        try:
            await self._websocket.send_message(frame)
        except (ConnectionClosed, WebSocketError):
            raise ChannelClosed("the websocket is closed") from None

    async def receive(self) -> bytes:
        """The next binary message."""
        try:
            frame = await self._websocket.get_message()
        except ConnectionClosed:
            raise self._stream.fault or ChannelClosed("the websocket is closed") from None
        if isinstance(frame, str):
            raise BadFrame("a text message")
        return frame

    async def aclose(self) -> None:
        """Close the websocket, then the connection, whether or not the peer agrees."""
        try:
            if self._stream.fault is None:
                with trio.move_on_after(CLOSE_S_MAX):
                    await self._websocket.aclose()
        except _FAULTS:
            pass
        finally:
            await trio.aclose_forcefully(self._stream)


class GuardedStream(trio.abc.Stream):
    """A byte stream on which a guard reads along.

    Attributes:
        fault: what the peer did; the stream is closed then.
    """

    def __init__(self, stream: trio.abc.Stream, *, masked: bool) -> None:
        self.fault: BadFrame | None = None
        self._stream = stream
        self._guard = WebSocketGuard(masked=masked)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Pass bytes on."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for room."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Bytes that the guard let pass.

        Raises:
            trio.BrokenResourceError: the connection is gone, or the guard ended it.
        """
        data = bytes(await self._stream.receive_some(max_bytes))
        try:
            self._guard.feed(data)
        except BadFrame as fault:
            self.fault = fault
            await trio.aclose_forcefully(self._stream)
            raise trio.BrokenResourceError("the guard has ended this connection") from None
        return data

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


class _Reader:
    """Stands in for the nursery that trio-websocket starts its reader in.

    The reader is the library's code on a stranger's bytes: what it raises ends this connection and
    nothing else. Its end also ends the wait for an upgrade that will never come.
    """

    def __init__(self, nursery: trio.Nursery, stream: GuardedStream) -> None:
        self.patience = trio.CancelScope()
        self._nursery = nursery
        self._stream = stream

    def start_soon(self, reader: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._run, reader)

    async def _run(self, reader: Callable[[], Awaitable[None]]) -> None:
        try:
            await reader()
        except _FAULTS:
            await trio.aclose_forcefully(self._stream)
        finally:
            self.patience.cancel()


async def _open_tcp(host: str, port: int) -> trio.abc.Stream:
    return TcpStream(await trio.open_tcp_stream(host, port))


class WebSocketDialer:
    """Opens websockets to addresses such as `ws://127.0.0.1:7420`.

    Args:
        nursery: where the readers of the opened channels live.
        open_stream: how to reach a host; TCP by default.
    """

    def __init__(self, nursery: trio.Nursery, *, open_stream: StreamOpener = _open_tcp) -> None:
        self._nursery = nursery
        self._open_stream = open_stream

    async def dial(self, address: str) -> Channel:
        """Connect and upgrade.

        Raises:
            LinkLost: nobody answers, not in time, or not with a websocket.
            LocalMisuse: not a `ws://host:port` address.
        """
        host, port = _host_and_port(address)
        with trio.move_on_after(CONNECT_S_MAX):
            try:
                stream = await self._open_stream(host, port)
            except OSError:
                raise LinkLost(f"nobody answers at {address}") from None
            try:
                channel = await self._nursery.start(_hold, stream, f"{host}:{port}")
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
            return cast("Channel", channel)
        raise LinkLost(f"nobody answers in time at {address}")


async def _hold(
    stream: trio.abc.Stream, host: str, *, task_status: trio.TaskStatus[WebSocketChannel]
) -> None:
    """Upgrade a stream, hand over its channel, and live as long as its reader."""
    guarded = GuardedStream(stream, masked=False)
    channel: WebSocketChannel | None = None
    try:
        async with trio.open_nursery() as nursery:
            reader = _Reader(nursery, guarded)
            with reader.patience:
                websocket = await wrap_client_stream(
                    cast("trio.Nursery", reader),
                    cast("trio.SocketStream", guarded),
                    host,
                    "/",
                    message_queue_size=QUEUE_MESSAGES_MAX,
                    max_message_size=FRAME_BYTES_MAX,
                    receive_buffer_size=RECEIVE_BYTES,
                )
                channel = WebSocketChannel(websocket, guarded)
            if channel is not None:
                task_status.started(channel)
    finally:
        await trio.aclose_forcefully(guarded)
    if channel is None:
        raise LinkLost(f"no websocket at {host}")


class WebSocketListener:
    """Accepts websockets on one TCP port.

    Args:
        host: the interface to listen on.
        port: the port; 0 for any free one.
        per_source_max: the most connections from one address.
    """

    def __init__(
        self, host: str, port: int, *, per_source_max: int = CHANNELS_PER_SOURCE_MAX
    ) -> None:
        self._host = host
        self._port = port
        self._per_source_max = per_source_max
        self._sources: Counter[str] = Counter()
        self._channels = 0

    async def check(self) -> None:
        """Bind and let go, so that a port that cannot be had is known before all else starts.

        Raises:
            OSError: the port is taken, or the host is none of this machine's.
        """
        for listener in await trio.open_tcp_listeners(self._port, host=self._host):
            await listener.aclose()

    async def serve(
        self,
        handler: ChannelHandler,
        *,
        task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled; `started` gets `ws://host:port`."""
        _allow_open_files()
        listeners = await trio.open_tcp_listeners(self._port, host=self._host)
        port = listeners[0].socket.getsockname()[1]
        task_status.started(f"{SCHEME}://{_bracketed(self._host)}:{port}")

        async def attend(stream: trio.SocketStream) -> None:
            fast = TcpStream(stream)
            await self.converse(handler, fast, fast.peer)

        await trio.serve_listeners(attend, listeners)

    async def converse(self, handler: ChannelHandler, stream: trio.abc.Stream, source: str) -> None:
        """Upgrade one stream from `source` and run the handler on its channel."""
        if self._sources[source] >= self._per_source_max or self._channels >= CHANNELS_MAX:
            await trio.aclose_forcefully(stream)
            return
        self._sources[source] += 1
        self._channels += 1
        try:
            await _accept(handler, GuardedStream(stream, masked=True))
        finally:
            self._channels -= 1
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]
            await trio.aclose_forcefully(stream)


async def _accept(handler: ChannelHandler, guarded: GuardedStream) -> None:
    async with trio.open_nursery() as nursery:
        reader = _Reader(nursery, guarded)
        channel: WebSocketChannel | None = None
        reader.patience.deadline = trio.current_time() + UPGRADE_S_MAX
        try:
            with reader.patience:
                request = await wrap_server_stream(
                    cast("trio.Nursery", reader),
                    guarded,
                    message_queue_size=QUEUE_MESSAGES_MAX,
                    max_message_size=FRAME_BYTES_MAX,
                    receive_buffer_size=RECEIVE_BYTES,
                )
                channel = WebSocketChannel(await request.accept(), guarded)
                reader.patience.deadline = math.inf
            if channel is not None:
                await handler(channel)
        except (WireError, ConnectionClosed, WebSocketError, HttpError):
            pass
        finally:
            if channel is not None:
                await channel.aclose()
            nursery.cancel_scope.cancel()


def _allow_open_files() -> None:
    """Let this process hold a socket for each channel, as far as the system permits."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CHANNELS_MAX + OTHER_FILES_MAX
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        if parts.scheme == SCHEME and parts.hostname and parts.port is not None:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise LocalMisuse("an address looks like ws://host:port")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


__all__ = [
    "CHANNELS_MAX",
    "CHANNELS_PER_SOURCE_MAX",
    "CLOSE_S_MAX",
    "CONNECT_S_MAX",
    "UPGRADE_S_MAX",
    "WebSocketChannel",
    "WebSocketDialer",
    "WebSocketListener",
]
