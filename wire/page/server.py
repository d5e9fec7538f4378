"""Serves a program's page on 127.0.0.1, and outlives whatever a visitor sends.

hypercorn speaks HTTP/1.1 and RFC 6455 for us, one connection at a time: we accept the connections
ourselves and run its connection handler under a guard, because hypercorn 0.18.0 alone lets some
malformed input (a byte after an upgrade, a bad HTTP/2 settings header) escape as an exception that
takes down the whole nursery (tests/wire/test_page_abuse.py). That handler is an internal name, so
the version is pinned exactly. No lifespan, no reload, no workers, no TLS: this is a loopback door.

Invariant: nothing that a visitor sends ends anything but that visitor's own connection, at most
`CONNECTIONS_MAX` of them are open, and stopping never waits for a visitor longer than
`SEND_WAIT_S_MAX`.
"""

from __future__ import annotations

import logging
import os
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

from wire.page.app import PageProgram, page_app
from wire.page.guard import LAUNCH_LIFE_S, OPEN_PATH, Gate
from wire.page.protocol import MESSAGE_BYTES_MAX

LOOPBACK = "127.0.0.1"
CONNECTIONS_MAX = 64
"""Open connections; a further one is closed at once."""
IDLE_S_MAX = 5
"""How long a connection may stay without a complete request, in seconds."""
SEND_WAIT_S_MAX = 5
"""How long a visitor may leave our bytes unread before we hang up, in seconds."""

log = structlog.get_logger()


@dataclass(frozen=True)
class PageDoor:
    """An open page door.

    Attributes:
        host: `127.0.0.1:port`.
    """

    host: str
    _gate: Gate

    def launch_address(self) -> str:
        """A fresh address that opens the page in a browser once, while the launch token lives."""
        return f"http://{self.host}{OPEN_PATH}?t={self._gate.mint_launch()}"


async def serve_page(
    program: PageProgram,
    *,
    entropy: Callable[[int], bytes],
    launch_file: Path | None = None,
    launch_life_s: float = LAUNCH_LIFE_S,
    port: int = 0,
    task_status: trio.TaskStatus[PageDoor] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the page until cancelled; `task_status.started` gives the open door.

    Args:
        program: the page and what stands behind it.
        entropy: unpredictable bytes, for tokens.
        launch_file: holds an address that works, for this user's eyes only, as long as we serve.
        launch_life_s: how long a launch address can be used, in seconds.
        port: 0 for a random one, which is what a page wants.
        task_status: for `nursery.start`.

    Raises:
        OSError: the port is taken, or the launch file cannot be written.
    """
    (listener,) = await trio.open_tcp_listeners(port, host=LOOPBACK)
    port = listener.socket.getsockname()[1]
    gate = Gate(port=port, entropy=entropy, now=trio.current_time, launch_life_s=launch_life_s)
    connections = _Connections(program, gate)
    door = PageDoor(gate.host, gate)
    try:
        async with trio.open_nursery() as nursery:
            if launch_file is not None:
                _write_private(launch_file, door.launch_address())
                nursery.start_soon(_renew, launch_file, door, launch_life_s / 2)
            task_status.started(door)
            await trio.serve_listeners(connections.handle, [listener])
    finally:
        if launch_file is not None:
            launch_file.unlink(missing_ok=True)  # noqa: ASYNC240 - one tiny local file


async def _renew(launch_file: Path, door: PageDoor, every_s: float) -> None:
    while True:
        await trio.sleep(every_s)
        _write_private(launch_file, door.launch_address())


def _write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only its owner can read."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    draft.replace(path)


class _Connections:
    """Runs each accepted connection through hypercorn, under the guard."""

    def __init__(self, program: PageProgram, gate: Gate) -> None:
        self._app = ASGIWrapper(page_app(program, gate))  # type: ignore[arg-type] # starlette and hypercorn spell the same ASGI types differently
        self._config = _config()
        self._context = WorkerContext(max_requests=None)
        self._open = 0

    async def handle(self, stream: trio.SocketStream) -> None:
        if self._open >= CONNECTIONS_MAX:
            log.warning("page_connections_full", connections_max=CONNECTIONS_MAX)
            return
        self._open += 1
        try:
            await _Connection(
                self._app,
                self._config,
                self._context,
                ConnectionState({}),
                stream,  # type: ignore[arg-type] # hypercorn takes plain sockets too
            )
        except Exception as problem:  # the guard: see the module's first paragraph
            log.warning("page_connection_failed", problem=type(problem).__name__)
        finally:
            self._open -= 1


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
    config.websocket_max_message_size = MESSAGE_BYTES_MAX
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("backpack.page")
    return config


__all__ = ["CONNECTIONS_MAX", "PageDoor", "serve_page"]
