"""What sealing costs: a request over the session, against the same bytes echoed bare.

Both run over loopback websockets in one process and one run, in alternating batches, so that
whatever else the machine does hits both alike. `python -m tests.bench.wire_workloads` prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, open_websocket, serve_websocket

from tests.kit.running import run_real
from wire.client import Introduction, open_client
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.hello import Credentials, Hello
from wire.incoming import Handler, Incoming
from wire.message import Message, Refusal, Request
from wire.noise import KeyPair
from wire.server import Admitted, Server
from wire.socket import WebSocketDialer, WebSocketListener

BODY_BYTES = 256
BATCH = 200
BATCHES = 25

Echoing = Callable[[], Awaitable[None]]


class Echoed(Message, frozen=True):
    body: bytes


class Echo(Request[Echoed], frozen=True, tag="Echo"):
    body: bytes


class Everybody:
    """Admits whoever proves to hold a key."""

    def psk_for(self, _ticket: str) -> bytes | None:
        return None

    async def admit(self, _remote_static: bytes, hello: Hello) -> Admitted | Refusal:
        return Admitted(hello.name)


def _echo(incoming: Incoming) -> None:
    assert isinstance(incoming.message, Echo)
    incoming.reply(Echoed(incoming.message.body))


def _echoes(_connection: Connection) -> Handler:
    return _echo


async def _bare_server(request: WebSocketRequest) -> None:
    websocket = await request.accept()
    try:
        while True:
            await websocket.send_message(await websocket.get_message())
    except ConnectionClosed:
        pass


async def _timed(echo: Echoing) -> float:
    """Microseconds per echo over one batch."""
    started = time.perf_counter()
    for _ in range(BATCH):
        await echo()
    return (time.perf_counter() - started) / BATCH * 1e6


async def sealed_and_bare_echo() -> dict[str, float]:
    """Medians in microseconds, and the median of the batches' ratios."""
    body = random.Random(1).randbytes(BODY_BYTES)
    office = KeyPair.generate(os.urandom)
    server = Server(
        static=office,
        signing_key=bytes(32),
        authenticator=Everybody(),
        open_session=_echoes,
        codec=MessageCodec(Echo),
        entropy=os.urandom,
        now_ms=lambda: 0,
    )
    async with trio.open_nursery() as nursery:
        address = await nursery.start(server.serve, WebSocketListener("127.0.0.1", 0))
        bare_server = await nursery.start(serve_websocket, _bare_server, "127.0.0.1", 0, None)
        async with (
            open_websocket("127.0.0.1", bare_server.port, "/", use_ssl=False) as websocket,
            open_client(
                WebSocketDialer(nursery),
                address,
                credentials=Credentials(KeyPair.generate(os.urandom), office.public),
                introduction=Introduction("terminal", "bench"),
                codec=MessageCodec(()),
                handler=_echo,
                entropy=os.urandom,
                chance=random.Random(1),
            ) as connection,
        ):

            async def bare() -> None:
                await websocket.send_message(body)
                assert await websocket.get_message() == body

            async def sealed() -> None:
                assert (await connection.request(Echo(body), within=10)).body == body

            await _timed(bare)
            await _timed(sealed)
            pairs = [(await _timed(bare), await _timed(sealed)) for _ in range(BATCHES)]
        nursery.cancel_scope.cancel()
    return {
        "bare_us": statistics.median(bare for bare, _ in pairs),
        "sealed_us": statistics.median(sealed for _, sealed in pairs),
        "ratio": statistics.median(sealed / bare for bare, sealed in pairs),
    }


if __name__ == "__main__":
    json.dump(run_real(sealed_and_bare_echo), sys.stdout, indent=2)
    sys.stdout.write("\n")
