"""The websocket door, on loopback and on virtual streams: frames pass, abuse ends one channel."""

from __future__ import annotations

import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing

from tests.kit.network import stream_pair
from tests.kit.running import run, run_real
from tests.wire.test_websocket_guard import BAD, frame
from wire.channel import FRAME_BYTES_MAX, Channel
from wire.errors import BadFrame, ChannelClosed, LinkLost, LocalMisuse
from wire.socket import CONNECT_S_MAX, UPGRADE_S_MAX, WebSocketDialer, WebSocketListener
from wire.tcp import TcpStream
from wire.websocket_guard import HEAD_BYTES_MAX

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: office\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class Seen:
    """What the server's handler saw: frames, and how each channel ended."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.ends: list[str] = []

    async def echo(self, channel: Channel) -> None:
        """Echo until the channel ends."""
        try:
            while True:
                received = await channel.receive()
                self.frames.append(received)
                await channel.send(received)
        except (ChannelClosed, BadFrame) as ended:
            self.ends.append(type(ended).__name__)
            raise


@asynccontextmanager
async def loopback(seen: Seen, **options: int) -> AsyncIterator[tuple[WebSocketDialer, str]]:
    """An echo server on a free port of 127.0.0.1, and a dialer for it."""
    async with trio.open_nursery() as nursery:
        listener = WebSocketListener("127.0.0.1", 0, **options)
        address = await nursery.start(listener.serve, seen.echo)
        yield WebSocketDialer(nursery), address
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def served_stream(seen: Seen) -> AsyncIterator[trio.abc.Stream]:
    """The raw client's end of a virtual stream whose other end is an echo server."""
    here, there = stream_pair()
    async with trio.open_nursery() as nursery:
        listener = WebSocketListener("virtual", 0)
        nursery.start_soon(listener.converse, seen.echo, there, "virtual")
        yield here
        nursery.cancel_scope.cancel()


async def read_all(stream: trio.abc.Stream) -> bytes:
    """Everything until the server closes."""
    received = b""
    while data := await stream.receive_some():
        received += data
    return received


# ---- ordinary use


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, FRAME_BYTES_MAX])
def test_frames_of_any_allowed_size_pass(size: int) -> None:
    """There and back over real TCP."""

    async def story() -> None:
        seen = Seen()
        async with loopback(seen) as (dialer, address):
            channel = await dialer.dial(address)
            sent = random.Random(size).randbytes(size)
            await channel.send(sent)
            assert sent == await channel.receive()
            await channel.aclose()
            await channel.aclose()
            with pytest.raises(ChannelClosed):
                await channel.receive()
            with pytest.raises(ChannelClosed):
                await channel.send(b"x")

    run_real(story)


def test_many_frames_pass_when_both_sides_send_at_once() -> None:
    """Back-pressure, full buffers, and nothing lost."""

    async def story() -> None:
        seen = Seen()
        async with loopback(seen) as (dialer, address), trio.open_nursery() as nursery:
            channel = await dialer.dial(address)
            frames = [random.Random(n).randbytes(n * 37 % 60_000) for n in range(120)]

            async def send_all() -> None:
                for each in frames:
                    await channel.send(each)

            nursery.start_soon(send_all)
            assert frames == [await channel.receive() for _ in frames]
            await channel.aclose()

    run_real(story)


def test_a_frame_that_is_too_large_is_our_own_mistake() -> None:
    """It never reaches the wire."""

    async def story() -> None:
        async with loopback(Seen()) as (dialer, address):
            channel = await dialer.dial(address)
            with pytest.raises(LocalMisuse):
                await channel.send(bytes(FRAME_BYTES_MAX + 1))
            await channel.aclose()

    run_real(story)


def test_the_office_ends_a_channel_and_the_client_notices() -> None:
    """A close from the server's side."""

    async def story() -> None:
        async def close(channel: Channel) -> None:
            await channel.aclose()

        async with trio.open_nursery() as nursery:
            listener = WebSocketListener("127.0.0.1", 0)
            address = await nursery.start(listener.serve, close)
            channel = await WebSocketDialer(nursery).dial(address)
            with pytest.raises(ChannelClosed):
                await channel.receive()
            nursery.cancel_scope.cancel()

    run_real(story)


# ---- dialling


@pytest.mark.parametrize("address", ["http://a:1", "ws://", "ws://a", "nonsense", "ws://a:99999"])
def test_an_address_looks_like_an_address(address: str) -> None:
    """Anything else is our own mistake."""

    async def story() -> None:
        async with trio.open_nursery() as nursery:
            with pytest.raises(LocalMisuse):
                await WebSocketDialer(nursery).dial(address)

    run(story)


def test_nobody_there_is_a_lost_link() -> None:
    """A refused connection."""

    async def story() -> None:
        async with loopback(Seen()) as (_dialer, address):
            closed = address
        async with trio.open_nursery() as nursery:
            with pytest.raises(LinkLost):
                await WebSocketDialer(nursery).dial(closed)

    run_real(story)


Answerer = Callable[[trio.abc.Stream], Awaitable[None]]


async def _closes_at_once(stream: trio.abc.Stream) -> None:
    await stream.aclose()


async def _says_no(stream: trio.abc.Stream) -> None:
    await stream.send_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


async def _talks_nonsense(stream: trio.abc.Stream) -> None:
    await stream.send_all(b"\x00\xff" * 50)


async def _talks_for_ever(stream: trio.abc.Stream) -> None:
    while True:
        await stream.send_all(b"HTTP/1.1 101 X\r\n" + b"X: y\r\n" * 500)


async def _agrees_wrongly(stream: trio.abc.Stream) -> None:
    await stream.send_all(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: d3Jvbmc=\r\n\r\n"
    )


async def _says_nothing(_stream: trio.abc.Stream) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize(
    "answerer",
    [
        _closes_at_once,
        _says_no,
        _talks_nonsense,
        _talks_for_ever,
        _agrees_wrongly,
        _says_nothing,
    ],
)
def test_whatever_answers_a_dial_it_is_a_channel_or_a_lost_link(answerer: Answerer) -> None:
    """In bounded time, and nothing else is disturbed."""

    async def story() -> None:
        here, there = stream_pair()

        async def open_stream(_host: str, _port: int) -> trio.abc.Stream:
            return here

        async def answer() -> None:
            with suppress(trio.BrokenResourceError):
                await answerer(there)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            with pytest.raises(LinkLost):
                await WebSocketDialer(nursery, open_stream=open_stream).dial("ws://office:1")

            assert trio.current_time() <= CONNECT_S_MAX
            nursery.cancel_scope.cancel()

    run(story)


# ---- abuse of the listener


def test_a_virtual_stream_carries_a_websocket() -> None:
    """The same door, without a socket."""

    async def story() -> None:
        seen = Seen()
        async with served_stream(seen) as stream:
            await stream.send_all(UPGRADE + b"\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
            await stream.send_all(frame(0x82, b"hello"))
            assert frame(0x82, b"hello", masked=False) == await stream.receive_some()

            assert [b"hello"] == seen.frames

    run(story)


@pytest.mark.parametrize("what", BAD)
def test_a_forbidden_frame_ends_its_channel(what: str) -> None:
    """Text, giants, floods of fragments: cut at the header, before the library sees it."""

    async def story() -> None:
        seen = Seen()
        async with served_stream(seen) as stream:
            await stream.send_all(UPGRADE + b"\r\n")
            await stream.receive_some()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send_quietly, stream, BAD[what])
                await read_all(stream)
            await trio.testing.wait_all_tasks_blocked()

            assert ([], ["BadFrame"]) == (seen.frames, seen.ends)
            assert trio.current_time() < 1

    run(story)


async def send_quietly(stream: trio.abc.Stream, data: bytes) -> None:
    """Send; a server that has hung up by then is what the story is about."""
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


@pytest.mark.parametrize(
    "head",
    [
        UPGRADE + b"\r\nx",
        UPGRADE + b"X: " + b"a" * HEAD_BYTES_MAX,
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        UPGRADE.replace(b"office", b"xn--\x7f..a") + b"\r\n",
        UPGRADE.replace(b"office", b"." * 300) + b"\r\n",
        UPGRADE.replace(b"13", b"12") + b"\r\n",
        UPGRADE + b"Content-Length: 5\r\n\r\nhello",
        UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n",
        UPGRADE + b"\r\n" + UPGRADE,
    ],
)
def test_a_bad_upgrade_never_reaches_a_handler(head: bytes) -> None:
    """Bytes after the request, endless headers, other protocols, hostile host names."""

    async def story() -> None:
        seen = Seen()
        async with served_stream(seen) as stream:
            await send_quietly(stream, head)
            await stream.send_eof()  # type: ignore[attr-defined]  # it is a half-closeable stream
            answer = await read_all(stream)

            assert not seen.frames
            assert trio.current_time() <= UPGRADE_S_MAX
            assert b"permessage-deflate" not in answer

    run(story)


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: ", UPGRADE])
def test_a_stalled_upgrade_is_cut(start: bytes) -> None:
    """Slowloris: one deadline from the connection to the upgrade."""

    async def story() -> None:
        async with served_stream(Seen()) as stream:
            if start:
                await stream.send_all(start)
            await read_all(stream)

            assert UPGRADE_S_MAX == pytest.approx(trio.current_time(), abs=0.1)

    run(story)


def test_compression_is_never_agreed_on() -> None:
    """A decompression bomb needs a compressor."""

    async def story() -> None:
        async with served_stream(Seen()) as stream:
            await stream.send_all(UPGRADE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
            answer = await stream.receive_some()

            assert answer.startswith(b"HTTP/1.1 101")
            assert b"deflate" not in answer

    run(story)


def test_four_hundred_mutated_conversations() -> None:
    """Random damage anywhere in a byte stream: nothing but the end of that stream."""

    async def story() -> None:
        chance = random.Random(6455)
        good = (
            UPGRADE + b"\r\n" + frame(0x82, b"hello") + frame(0x89, b"p") + frame(0x82, bytes(300))
        )
        for _ in range(400):
            seen = Seen()
            damaged = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            cut = chance.randrange(len(damaged))
            async with served_stream(seen) as stream, trio.open_nursery() as nursery:
                nursery.start_soon(read_quietly, stream)
                await send_quietly(stream, bytes(damaged[:cut]))
                await trio.testing.wait_all_tasks_blocked()
                await send_quietly(stream, bytes(damaged[cut:]))
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()

    run(story)


async def read_quietly(stream: trio.abc.Stream) -> None:
    """Read whatever comes."""
    with suppress(trio.BrokenResourceError):
        await read_all(stream)


def test_one_address_cannot_take_every_place() -> None:
    """Beyond its share a source is cut; when it leaves, its places are free again."""

    async def story() -> None:
        async with loopback(Seen(), per_source_max=2) as (dialer, address):
            one, two = await dialer.dial(address), await dialer.dial(address)
            with pytest.raises(LinkLost):
                await dialer.dial(address)
            await one.aclose()
            three: Channel | None = None
            while three is None:
                with suppress(LinkLost):
                    three = await dialer.dial(address)
            await three.send(b"x")
            assert b"x" == await three.receive()
            await two.aclose()
            await three.aclose()

    run_real(story)


def test_a_broken_peer_does_not_disturb_another() -> None:
    """While one stream is cut off for abuse, the next echoes."""

    async def story() -> None:
        seen = Seen()
        async with loopback(seen) as (dialer, address):
            good = await dialer.dial(address)
            port = int(address.rsplit(":", 1)[1])
            bad = await trio.open_tcp_stream("127.0.0.1", port)
            await bad.send_all(UPGRADE + b"\r\n")
            await bad.receive_some()
            await send_quietly(bad, BAD["a gigantic frame"] + bytes(50_000))
            await read_quietly(bad)
            await good.send(b"still here")
            assert b"still here" == await good.receive()
            await good.aclose()
            await bad.aclose()

    run_real(story)


def test_a_reset_connection_is_a_closed_channel() -> None:
    """A tablet that loses its network in the middle of a frame."""

    async def story() -> None:
        seen = Seen()
        async with served_stream(seen) as stream:
            await stream.send_all(UPGRADE + b"\r\n")
            await stream.receive_some()
            await stream.send_all(frame(0x82, bytes(300))[:100])
            await stream.aclose()
            await trio.testing.wait_all_tasks_blocked()

            assert ["ChannelClosed"] == seen.ends

    run(story)


def test_a_reader_that_falls_behind_holds_up_its_sender() -> None:
    """Partial writes, a full kernel buffer, and every byte in its place."""

    async def story() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery, listeners[0]:
            here = TcpStream(await trio.open_tcp_stream("127.0.0.1", port))
            there = TcpStream(await listeners[0].accept())
            sent = random.Random(9).randbytes(8_000_000)
            nursery.start_soon(here.send_all, sent)
            received = bytearray()
            while len(received) < len(sent):
                received += await there.receive_some()
            assert sent == received
            await here.aclose()
            assert b"" == await there.receive_some()
            await there.wait_send_all_might_not_block()
            await there.aclose()
            for act in (there.receive_some(), there.send_all(b"x"), there.send_all(b"y" * 99)):
                with pytest.raises(trio.ClosedResourceError):
                    await act

    run_real(story)


def test_a_connection_reset_by_the_kernel_is_broken() -> None:
    """Not an `OSError`: whoever reads trio streams expects trio's words."""

    async def story() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        async with listeners[0]:
            here = TcpStream(await trio.open_tcp_stream("127.0.0.1", port))
            there = await listeners[0].accept()
            await here.send_all(b"unread")
            there.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, struct.pack("ii", 1, 0))
            await there.aclose()
            with pytest.raises(trio.BrokenResourceError):
                await here.receive_some()
            with pytest.raises(trio.BrokenResourceError):
                await here.send_all(b"x")
            await here.aclose()

    run_real(story)
