"""Vandals at the page door: whatever bytes arrive, the program and its other pages go on.

Each case is sent three times: by a stranger, by somebody who claims to be our page and so gets to
the websocket parser, and by somebody who holds a token. After each an honest page still answers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
import structlog.testing
import trio
import trio.testing

from tests.kit.page_visitor import Bookkeeper, Visitor, open_door, upgrade
from tests.kit.running import run_real
from wire.page import app, server
from wire.page.places import HOLDERS_MAX, STRANGERS_MAX, Place, Places

DRIP_AGAIN_S = 0.2
SOON_S = 0.2
MASK = b"\x01\x02\x03\x04"


def masked(first: int, payload: bytes, *, length: int | None = None) -> bytes:
    """A client frame, masked; `length` may lie."""
    claimed = len(payload) if length is None else length
    body = bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))
    if claimed < 126:
        return bytes([first, 0x80 | claimed]) + MASK + body
    if claimed < 2**16:
        return bytes([first, 0xFE]) + claimed.to_bytes(2, "big") + MASK + body
    return bytes([first, 0xFF]) + claimed.to_bytes(8, "big") + MASK + body


def request(headers: dict[str, str], *more: str, line: str = "GET / HTTP/1.1") -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers.items()), *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


H2C = "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

ABUSE: dict[str, Callable[[dict[str, str]], bytes]] = {
    "one byte after the upgrade": lambda own: upgrade(own) + b"x",
    "a frame right after the upgrade": lambda own: upgrade(own) + masked(0x81, b"{}"),
    "half a frame after the upgrade": lambda own: upgrade(own) + masked(0x81, b"{}")[:3],
    "a close right after the upgrade": lambda own: upgrade(own) + masked(0x88, b"\x03\xe8"),
    "a second upgrade in the first": lambda own: upgrade(own) + upgrade(own),
    "a request after the upgrade": lambda own: upgrade(own) + request(own),
    "h2c with bad settings": lambda own: request(own, *H2C, "HTTP2-Settings: !!!"),
    "h2c with short settings": lambda own: request(own, *H2C, "HTTP2-Settings: AAMAAABk"),
    "h2c with odd settings": lambda own: request(own, *H2C, "HTTP2-Settings: AAM"),
    "h2c without settings": lambda own: request(own, *H2C),
    "h2c and then rubbish": lambda own: request(own, *H2C, "HTTP2-Settings: AAMAAABkAAQ") + b"zz",
    "http/2 by prior knowledge": lambda own: PREFACE + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "http/2 preface, then rubbish": lambda own: PREFACE + b"\xff" * 64,
    "http/2 settings flood": lambda own: PREFACE + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 500,
    "no websocket key": lambda own: request(own, "Upgrade: websocket", "Connection: Upgrade"),
    "upgrade without connection": lambda own: request(own, "Upgrade: websocket"),
    "connection without upgrade": lambda own: request(own, "Connection: Upgrade"),
    "old websocket version": lambda own: upgrade(own).replace(b"Version: 13", b"Version: 8"),
    "websocket to nowhere": lambda own: upgrade(own, "/nowhere"),
    "websocket to the document": lambda own: upgrade(own, "/"),
    "rubbish": lambda own: b"\x00\xff\x16\x03\x01" * 50,
    "a TLS hello": lambda own: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "an endless request line": lambda own: b"GET /" + b"a" * 40_000,
    "an endless header": lambda own: b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000,
    "two lengths": lambda own: request(own, "Content-Length: 1", "Content-Length: 2"),
    "a length and chunks": lambda own: request(
        own, "Content-Length: 4", "Transfer-Encoding: chunked", line="POST /upload HTTP/1.1"
    ),
    "a bad chunk size": lambda own: (
        request(own, "Transfer-Encoding: chunked", line="POST /upload HTTP/1.1") + b"zz\r\n"
    ),
    "a negative length": lambda own: request(own, "Content-Length: -1"),
    "an absolute target": lambda own: request(own, line="GET http://evil.test/ HTTP/1.1"),
    "a path with bytes of no text": lambda own: request(own, line="GET /%ff%fe HTTP/1.1"),
    "a bare non-ascii path": lambda own: request(own, line="GET /\xe9 HTTP/1.1"),
    "http/0.9": lambda own: b"GET /\r\n",
    "a proxy's CONNECT": lambda own: request(own, line="CONNECT evil.test:443 HTTP/1.1"),
    "hundreds of pipelined requests": lambda own: request(own) * 300,
}

FRAMES: dict[str, bytes] = {
    "an unmasked frame": b"\x81\x02{}",
    "reserved bits": masked(0xF1, b"{}"),
    "a reserved opcode": masked(0x83, b"{}"),
    "text that is no utf-8": masked(0x81, b"\xff\xfe"),
    "a binary message": masked(0x82, b"{}"),
    "an empty message": masked(0x81, b""),
    "a ping that is too long": masked(0x89, b"p" * 200),
    "a ping in fragments": masked(0x09, b"p"),
    "two thousand pings": masked(0x89, b"p") * 2000,
    "a pong that nobody asked for": masked(0x8A, b"p"),
    "a continuation of nothing": masked(0x80, b"{}"),
    "a message inside a message": masked(0x01, b"{") + masked(0x81, b"{}"),
    "a frame that claims a terabyte": masked(0x81, b"{}", length=2**40),
    "a length with its top bit set": b"\x81\xff" + b"\xff" * 8,
    "a message above the limit": masked(0x81, b"m" * 200_000),
    "a million bytes in fragments": masked(0x01, b"m") + masked(0x00, b"m" * 60_000) * 17,
    "ten thousand one-byte fragments": masked(0x01, b"f") + masked(0x00, b"f") * 10_000,
    "a close with a forbidden code": masked(0x88, b"\x03\xed"),
    "a close of one byte": masked(0x88, b"\x03"),
    "a close with a reason that is no text": masked(0x88, b"\x03\xe8\xff"),
    "two closes": masked(0x88, b"\x03\xe8") * 2,
    "talk after the close": masked(0x88, b"\x03\xe8") + masked(0x81, b"{}"),
    "http after the upgrade": b"GET / HTTP/1.1\r\n\r\n",
    "a hundred commands at once": masked(0x81, b'{"type":"command","id":1,"name":"x"}') * 100,
    "a command with a vast id": masked(
        0x81, b'{"type":"command","id":99999999999999999999,"name":"add"}'
    ),
    "a number beyond all floats": masked(
        0x81, b'{"type":"command","id":1,"name":"add","args":{"amount_fen":1e999}}'
    ),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "main.js").write_text("")
    return tmp_path


@pytest.mark.parametrize("kind", ["stranger", "claimant", "insider"])
def test_nothing_that_a_visitor_sends_reaches_another(files: Path, kind: str) -> None:
    """Every case in turn against one door; an honest page is open all the while."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, visitor.page() as honest:
            own = {
                "stranger": {"Host": visitor.door.host},
                "claimant": visitor.stranger_headers(),
                "insider": visitor.own_headers(),
            }[kind]
            for count, (name, script) in enumerate(ABUSE.items(), start=1):
                await visitor.raw(script(own))

                answer = await honest.command("add", amount_fen=1)
                assert answer["value"] == count, name

    with structlog.testing.capture_logs():
        run_real(story)


@pytest.mark.parametrize("introduced", [False, True])
def test_no_frame_reaches_another_page(files: Path, *, introduced: bool) -> None:
    """Every frame in turn, before the hello and after it."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, visitor.page() as honest:
            for count, (name, frames) in enumerate(FRAMES.items(), start=1):
                async with visitor.websocket() as vandal:
                    assert vandal.status == 101
                    if introduced:
                        await vandal.say(visitor.hello())
                        await vandal.hear()
                    with trio.move_on_after(0.1), suppress(trio.BrokenResourceError):
                        await vandal.stream.send_all(frames)
                        while await vandal.stream.receive_some():
                            pass

                answer = await honest.command("add", amount_fen=1)
                assert answer["value"] == count, name

    with structlog.testing.capture_logs():
        run_real(story)


def test_the_guard_catches_what_the_library_lets_escape(files: Path) -> None:
    """The door would be dead without it; when the library is mended this test says so."""
    killers = ("one byte after the upgrade", "h2c with odd settings")

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            await visitor.open()
            for name in killers:
                with structlog.testing.capture_logs() as logged:
                    await visitor.raw(ABUSE[name](visitor.own_headers()))

                    await visitor.ask("/")
                assert "page_connection_failed" in [entry["event"] for entry in logged], name

    run_real(story)


DRIPPERS = STRANGERS_MAX + HOLDERS_MAX + 1
FIRST_BYTES: dict[str, Callable[[Visitor], bytes]] = {
    "nothing": lambda visitor: b"",
    "half a request": lambda visitor: b"GET / HTTP/1.1\r\nHost: ",
    "a websocket that keeps silent": lambda visitor: upgrade(visitor.stranger_headers()),
    "an upload without a token": lambda visitor: request(
        visitor.stranger_headers(), "Content-Length: 4000000", line="POST /upload HTTP/1.1"
    ),
    "a script that nobody reads": lambda visitor: request({"Host": visitor.door.host}),
}  # fmt: skip


@pytest.mark.parametrize("way", FIRST_BYTES)
def test_neighbours_that_drip_do_not_shut_the_user_out(files: Path, way: str) -> None:
    """However many connections they hold and open again, its user gets in, and stays in."""
    first = FIRST_BYTES[way]

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, visitor.page() as open_before:
            await open_before.hear()
            async with trio.open_nursery() as nursery:
                dripping = 0

                async def drip() -> None:
                    nonlocal dripping
                    while True:
                        with suppress(OSError, trio.BrokenResourceError):
                            stream = await trio.open_tcp_stream("127.0.0.1", visitor.port)
                            async with stream:
                                await stream.send_all(first(visitor))
                                dripping += 1
                                while await stream.receive_some():
                                    await stream.send_all(b"x")
                        await trio.sleep(DRIP_AGAIN_S)

                for _ in range(DRIPPERS):
                    nursery.start_soon(drip)
                while dripping < DRIPPERS:  # noqa: ASYNC110 - it only counts
                    await trio.sleep(DRIP_AGAIN_S)

                for path in ("/", "/shared/ui.js"):
                    assert (await visitor.ask(path, headers={"Host": visitor.door.host}))[0] == 200
                async with visitor.page() as opened_now:
                    assert (await opened_now.command("add", amount_fen=1))["value"] == 1
                assert (await open_before.command("add", amount_fen=1))["value"] == 2
                nursery.cancel_scope.cancel()

    with structlog.testing.capture_logs():
        run_real(story)


@pytest.mark.parametrize("way", ["nothing", "half a request"])
def test_who_drips_is_cut_off(files: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not put off the end; only a whole request does."""
    monkeypatch.setattr(server, "IDLE_S_MAX", SOON_S)

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            stream = await trio.open_tcp_stream("127.0.0.1", visitor.port)
            async with stream:
                with trio.fail_after(5), suppress(trio.BrokenResourceError):
                    await stream.send_all(FIRST_BYTES[way](visitor))
                    while True:
                        with trio.move_on_after(SOON_S / 10):
                            if await stream.receive_some() == b"":
                                break
                        await stream.send_all(b"x" if way != "nothing" else b"")

    run_real(story)


def test_a_websocket_that_keeps_silent_is_closed(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a moment to say whose window it is, and takes no page's place until then."""
    monkeypatch.setattr(app, "HELLO_WAIT_S_MAX", SOON_S)

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, AsyncExitStack() as stack:
            silent = [
                await stack.enter_async_context(visitor.websocket(visitor.stranger_headers()))
                for _ in range(app.PAGES_MAX)
            ]
            async with visitor.page() as page:
                assert (await page.hear())["type"] == "state"
                assert [await one.hear() for one in silent] == [{"closed": 4403}] * len(silent)
            assert len(program.pages) == 1

    run_real(story)


def test_strangers_are_few_and_the_longest_silent_goes_first(files: Path) -> None:
    """A stranger more than there are places ends the first; whoever holds a token is untouched."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor, visitor.page() as holder:
            await holder.hear()
            async with AsyncExitStack() as stack:
                silent = []
                for _ in range(STRANGERS_MAX + 1):
                    stream = await trio.open_tcp_stream("127.0.0.1", visitor.port)
                    silent.append(await stack.enter_async_context(stream))

                with trio.fail_after(5):
                    assert await silent[0].receive_some() == b""
                await silent[1].send_all(request({"Host": visitor.door.host}))
                with trio.fail_after(5):
                    assert (await silent[1].receive_some()).startswith(b"HTTP/1.1 200")
                await stack.enter_async_context(
                    await trio.open_tcp_stream("127.0.0.1", visitor.port)
                )
                with trio.fail_after(5):
                    assert await silent[2].receive_some() == b""
            assert (await holder.command("add", amount_fen=1))["value"] == 1

    with structlog.testing.capture_logs():
        run_real(story)


def test_the_reserve_has_an_end() -> None:
    """Beyond it even a holder of a token stands among the strangers; places become free again."""

    async def story() -> None:
        places = Places()
        hung_up: list[int] = []
        async with trio.open_nursery() as nursery:
            taken: list[Place] = []

            async def sit(number: int) -> None:
                with places.take(lambda: hung_up.append(number)) as place:
                    place.proven()
                    taken.append(place)
                    await trio.sleep_forever()

            for number in range(HOLDERS_MAX + STRANGERS_MAX + 1):
                nursery.start_soon(sit, number)
                await trio.testing.wait_all_tasks_blocked()
            assert hung_up == [HOLDERS_MAX]
            taken[0].put_out()
            await trio.testing.wait_all_tasks_blocked()
            taken[-1].proven()
            nursery.start_soon(sit, -1)
            await trio.testing.wait_all_tasks_blocked()
            assert hung_up == [HOLDERS_MAX, 0]
            nursery.cancel_scope.cancel()

    with structlog.testing.capture_logs():
        trio.run(story)


def test_a_page_that_stops_reading_does_not_hold_up_the_others(files: Path) -> None:
    """Its view models are dropped, not queued; the honest page is shown its own at once."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, visitor.page() as deaf:
            await deaf.hear()
            async with visitor.websocket() as honest:
                await honest.say(visitor.hello())
                await honest.hear()
                for number in range(5):
                    program.pages[0].show({"padding": "p" * 4_000_000, "number": number})
                    await trio.lowlevel.checkpoint()

                answer = await honest.command("add", amount_fen=1)

                assert answer["value"] == 1

    run_real(story)
