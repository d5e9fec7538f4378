"""Serves a program's page on this machine's loopback, and outlives whatever a visitor sends.

hypercorn speaks HTTP/1.1 and RFC 6455 for us, one connection at a time: we accept the connections
ourselves and run its connection handler under a guard, because hypercorn 0.18.0 alone lets some
malformed input (a byte after an upgrade, a bad HTTP/2 settings header) escape as an exception that
takes down the whole nursery (tests/wire/test_page_abuse.py). That handler is an internal name, so
the version is pinned exactly. No lifespan, no reload, no workers, no TLS: this is a loopback door.

Browsers try both loopbacks for a name below `localhost`, ::1 first, so both are ours or the port is
not: whoever had the other one would serve scripts to our own page's origin.

Invariant: nothing that a visitor sends ends anything but that visitor's own connection, no more
than `wire.page.places` allows are open, and stopping never waits for a visitor longer than
`SEND_WAIT_S_MAX`.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from wire.door_file import DOOR_FILE, KEY_BYTES, DoorFile
from wire.page.app import PageProgram, page_app
from wire.page.gate import Gate, page_host
from wire.page.guard import PLACE
from wire.page.places import Places
from wire.page.protocol import MESSAGE_BYTES_MAX

LOOPBACKS = ("127.0.0.1", "::1")
NO_SUCH_LOOPBACK = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""How a machine without IPv6 says so."""
PORT_TRIES_MAX = 16
"""How many random ports are tried until one is free on both loopbacks."""
HEAD_BYTES_MAX = 1024 * 1024
"""The longest head of a request, in bytes. Ours are short; but a neighbour's page under our host's
name can plant 180 cookies of 4 KiB, and a browser then sends them to us too.
"""
IDLE_S_MAX = 5
"""How long a connection may stay without a complete request, in seconds."""
SEND_WAIT_S_MAX = 5
"""How long a visitor may leave our bytes unread before we hang up, in seconds."""

log = structlog.get_logger()


@dataclass(frozen=True)
class PageDoor:
    """An open page door.

    Attributes:
        host: `name:port`.
        printed: the address for people; it lets a browser in only if the door has a lasting link.
    """

    host: str
    printed: str
    _gate: Gate

    def link(self) -> str:
        """A fresh address that lets one browser in, once, within a minute."""
        return self._gate.mint_link()


async def serve_page(
    program: PageProgram,
    *,
    device: str,
    entropy: Callable[[int], bytes],
    folder: Path | None = None,
    lasting_link: bool = False,
    now: Callable[[], float] = trio.current_time,
    port: int = 0,
    task_status: trio.TaskStatus[PageDoor] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the page until cancelled; `task_status.started` gives the open door.

    Args:
        program: the page and what stands behind it.
        device: whose page it is; names its host.
        entropy: unpredictable bytes, for tokens.
        folder: where who may read it finds the way to a link; None for nobody.
        lasting_link: the printed address lets browsers in as often as anybody likes (training).
        now: seconds of a clock that only rises, for the life of links.
        port: 0 for any.
        task_status: for `nursery.start`.

    Raises:
        LocalMisuse: the device's id cannot name a host.
        OSError: the port is taken, or the folder cannot be written to.
    """
    name = page_host(device)
    listeners = await _listen(port)
    host = f"{name}:{listeners[0].socket.getsockname()[1]}"
    gate = Gate(host=host, entropy=entropy, now=now, lasting=lasting_link)
    door_file = DoorFile(host, entropy(KEY_BYTES))
    connections = _Connections(program, gate, door_file)
    try:
        if folder is not None:
            door_file.write(folder / DOOR_FILE)
        task_status.started(PageDoor(host, gate.printed, gate))
        await trio.serve_listeners(connections.handle, listeners)
    finally:
        if folder is not None:
            (folder / DOOR_FILE).unlink(missing_ok=True)


async def _listen(port: int) -> list[trio.SocketListener]:
    """Listeners with one port on every loopback that the machine has.

    Raises:
        OSError: it is taken on one of them.
    """
    for _ in range(PORT_TRIES_MAX - 1):
        try:
            return await _listen_once(port)
        except OSError as problem:
            if port != 0 or problem.errno != errno.EADDRINUSE:
                raise
    return await _listen_once(port)


async def _listen_once(port: int) -> list[trio.SocketListener]:
    listeners: list[trio.SocketListener] = []
    try:
        for loopback in LOOPBACKS:
            try:
                listeners += await trio.open_tcp_listeners(port, host=loopback)
            except OSError as problem:
                if not listeners or problem.errno not in NO_SUCH_LOOPBACK:
                    raise
            port = listeners[0].socket.getsockname()[1]
    except BaseException:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


class _Connections:
    """Runs each accepted connection through hypercorn, under the guard."""

    def __init__(self, program: PageProgram, gate: Gate, door_file: DoorFile) -> None:
        self._app = ASGIWrapper(page_app(program, gate, door_file))  # type: ignore[arg-type] # starlette and hypercorn spell the same ASGI types differently
        self._config = _config()
        self._context = WorkerContext(max_requests=None)
        self._places = Places()

    async def handle(self, stream: trio.SocketStream) -> None:
        try:
            with self._places.take(stream.socket.close) as place:
                await _Connection(
                    self._app,
                    self._config,
                    self._context,
                    ConnectionState({PLACE: place}),
                    stream,  # type: ignore[arg-type] # hypercorn takes plain sockets too
                )
        except Exception as problem:  # the guard: see the module's first paragraph
            log.warning("page_connection_failed", problem=type(problem).__name__)


class _Connection(TCPServer):
    """hypercorn's connection, which gives up on a visitor that does not read or has gone."""

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()  # or a visitor who has gone would keep its place until then

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            with trio.move_on_after(SEND_WAIT_S_MAX, shield=True) as limit:
                try:
                    await self.stream.send_all(event.data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    await self.protocol.handle(Closed())
        if limit.cancelled_caught:
            await trio.aclose_forcefully(self.stream)
            await self.protocol.handle(Closed())


def _config() -> Config:
    config = Config()
    config.keep_alive_timeout = IDLE_S_MAX
    config.h11_max_incomplete_size = HEAD_BYTES_MAX
    config.websocket_max_message_size = MESSAGE_BYTES_MAX
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("backpack.page")
    return config


__all__ = ["PageDoor", "serve_page"]
