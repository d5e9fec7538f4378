"""What sealing costs: echoes over loopback websockets, sealed and bare, of the same bytes.

Three kinds: bare trio-websocket; a sealed channel (Noise over our websocket door); and the whole
stack, a request to its reply through session, codec and connection. All run in one process, in
alternating batches, so that whatever else the machine does hits all alike.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, open_websocket, serve_websocket

from tests.bench.source import Samples, Size, Source
from tests.kit.running import run_real
from wire.channel import Channel
from wire.client import Introduction, open_client
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.errors import ChannelClosed
from wire.hello import Credentials, Hello, answer, knock
from wire.incoming import Handler, Incoming
from wire.message import Message, Refusal, Request
from wire.noise import KeyPair
from wire.sealed import SealedChannel
from wire.server import Admitted, Server
from wire.socket import WebSocketDialer, WebSocketListener

BODY: Final = random.Random(1).randbytes(256)
WARM_UP = 50
BATCH = 100
BATCHES = 20

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
    with suppress(ConnectionClosed):
        while True:
            await websocket.send_message(await websocket.get_message())


@dataclass
class _Sealed:
    """An office that sends every sealed frame back, without sessions or messages."""

    static: KeyPair

    async def converse(self, channel: Channel) -> None:
        transport, _ = await answer(
            channel, static=self.static, psk_for=lambda _: None, entropy=os.urandom
        )
        link = SealedChannel(channel, transport)
        with suppress(ChannelClosed):
            while True:
                await link.send(await link.receive())


async def _timed(echo: Echoing, batch: int) -> float:
    """Microseconds of CPU time per echo over one batch, both ends together."""
    began = time.process_time()
    for _ in range(batch):
        await echo()
    return (time.process_time() - began) / batch * 1e6


@asynccontextmanager
async def _bare(nursery: trio.Nursery) -> AsyncIterator[Echoing]:
    server = await nursery.start(serve_websocket, _bare_server, "127.0.0.1", 0, None)
    async with open_websocket("127.0.0.1", server.port, "/", use_ssl=False) as websocket:

        async def echo() -> None:
            await websocket.send_message(BODY)
            assert BODY == await websocket.get_message()

        yield echo


@asynccontextmanager
async def _channel(nursery: trio.Nursery, office: KeyPair) -> AsyncIterator[Echoing]:
    listener = WebSocketListener("127.0.0.1", 0)
    address = await nursery.start(listener.serve, _Sealed(office).converse)
    channel = await WebSocketDialer(nursery).dial(address)
    credentials = Credentials(KeyPair.generate(os.urandom), office.public)
    link = SealedChannel(channel, await knock(channel, credentials, os.urandom))

    async def echo() -> None:
        await link.send(BODY)
        assert BODY == await link.receive()

    yield echo
    await link.aclose()


@asynccontextmanager
async def _request(nursery: trio.Nursery, office: KeyPair) -> AsyncIterator[Echoing]:
    server = Server(
        static=office,
        signing_key=bytes(32),
        authenticator=Everybody(),
        open_session=_echoes,
        codec=MessageCodec(Echo),
        entropy=os.urandom,
        now_ms=lambda: 0,
    )
    address = await nursery.start(server.serve, WebSocketListener("127.0.0.1", 0))
    async with open_client(
        WebSocketDialer(nursery),
        address,
        credentials=Credentials(KeyPair.generate(os.urandom), office.public),
        introduction=Introduction("terminal", "bench"),
        codec=MessageCodec(()),
        handler=_echo,
        entropy=os.urandom,
        chance=random.Random(1),
    ) as connection:

        async def echo() -> None:
            assert BODY == (await connection.request(Echo(BODY), within=10)).body

        yield echo


async def _echoes_of_all_kinds(batches: int) -> Samples:
    """Microseconds per echo: each batch is timed on every kind in turn."""
    office = KeyPair.generate(os.urandom)
    samples: dict[str, list[float]] = {"bare": [], "channel": [], "request": []}
    async with trio.open_nursery() as nursery:
        async with (
            _bare(nursery) as bare,
            _channel(nursery, office) as channel,
            _request(nursery, office) as request,
        ):
            kinds = {"bare": bare, "channel": channel, "request": request}
            for echo in kinds.values():
                await _timed(echo, WARM_UP)
            for _ in range(batches):
                for kind, echo in kinds.items():
                    samples[kind].append(await _timed(echo, BATCH))
        nursery.cancel_scope.cancel()
    return samples


def echoes(size: Size) -> Samples:
    """Every kind of echo, in one process and one run."""
    return run_real(partial(_echoes_of_all_kinds, size.count(BATCHES)))


SOURCES: Final[dict[str, Source]] = {"echo": echoes}

__all__ = ["SOURCES"]
