"""A person opens a page, sees the state, does things, and comes back after the link broke."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import msgspec
import pytest
import trio

from tests.kit.page_visitor import JPEG, Bookkeeper, open_door
from tests.kit.running import run_real
from tests.kit.sources import ROOT, product_sources
from wire.errors import LocalMisuse
from wire.message import Code, Refusal
from wire.page.connection import REQUESTS_IN_FLIGHT_MAX
from wire.page.gate import SESSIONS_MAX
from wire.page.pages import Pages
from wire.page.server import HEAD_BYTES_MAX, LOOPBACKS
from wire.page.shell import IMPORT_MAP_HASH, SHARED_FILES


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.js").write_text("export const here = true;\n")
    (folder / "style.css").write_text("main { display: grid; }\n")
    (folder / "secret.pem").write_text("no page file\n")
    return folder


def test_the_document_carries_the_import_map_that_its_policy_names(files: Path) -> None:
    """The page loads only our own files, and no inline script but the one with our hash."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            status, headers, body = await visitor.ask("/", headers={"Host": visitor.door.host})
            policy = headers["content-security-policy"]

            assert status == 200
            assert IMPORT_MAP_HASH in policy
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert not [name for name in headers if name.startswith("access-control")]
            assert "server" not in headers
            assert "测试页 &lt;bank&gt;" in body.decode()

    run_real(story)


@pytest.mark.parametrize(
    ("path", "status", "media"),
    [
        ("/app/main.js", 200, "text/javascript; charset=utf-8"),
        ("/app/style.css", 200, "text/css; charset=utf-8"),
        ("/shared/ui.js", 200, "text/javascript; charset=utf-8"),
        ("/shared/vendor/preact/preact.mjs", 200, "text/javascript; charset=utf-8"),
        ("/shared/icons.svg", 200, "image/svg+xml"),
        ("/shared/favicon.svg", 200, "image/svg+xml"),
        ("/app/secret.pem", 404, "text/plain; charset=utf-8"),
        ("/app/../server.py", 404, "text/plain; charset=utf-8"),
        ("/shared/%2e%2e/server.py", 404, "text/plain; charset=utf-8"),
        ("/shared//vendor/preact/preact.mjs", 404, "text/plain; charset=utf-8"),
        ("/nowhere", 404, "text/plain; charset=utf-8"),
    ],
)
def test_files_come_from_memory(files: Path, path: str, status: int, media: str) -> None:
    """Known files have their type; nothing else on the disk can be named."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            await visitor.open()

            found, headers, _ = await visitor.ask(path)

            assert (found, headers["content-type"]) == (status, media)

    run_real(story)


def test_a_page_sees_the_state_and_its_commands_are_answered(files: Path) -> None:
    """Show, ask, refuse: each answer carries its command's number."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor, visitor.page() as page:
            assert await page.hear() == {"type": "state", "state": {"total_fen": 0}}

            done = await page.command("add", amount_fen=500)
            refused = await page.command("forbid")

            assert done == {"type": "answer", "id": 1, "ok": True, "value": 500}
            assert refused["ok"] is False
            assert refused["refusal"] == {
                "code": "E_FORBIDDEN",
                "message": "不允许",
                "field": "",
                "retryable": False,
            }

    run_real(story)


@pytest.mark.parametrize(
    ("name", "args", "field"),
    [
        ("steal", {}, ""),
        ("add", {}, "amount_fen"),
        ("add", {"amount_fen": "500"}, "amount_fen"),
        ("add", {"amount_fen": 1.5}, "amount_fen"),
        ("add", {"amount_fen": 1, "note": 7}, "note"),
        ("add", {"amount_fen": 1, "type": "forbid"}, ""),
    ],
)
def test_a_command_that_is_none_is_refused_and_names_the_field(
    files: Path, name: str, args: dict[str, object], field: str
) -> None:
    """The page stays open: only this command is refused."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor, visitor.page() as page:
            refused = await page.command(name, **args)
            done = await page.command("add", amount_fen=1)

            refusal = refused["refusal"]
            assert isinstance(refusal, dict)
            assert (refusal["code"], refusal["field"]) == (Code.FORMAT, field)
            assert done["value"] == 1

    run_real(story)


def test_only_the_latest_state_goes_out_and_not_too_often(files: Path) -> None:
    """A program that shows a thousand states at once costs the page two messages."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor, visitor.page() as page:
            await page.hear()
            for total in range(1, 1001):
                program.pages[0].show({"total_fen": total})

            second = await page.hear()

            assert second == {"type": "state", "state": {"total_fen": 1000}}

    run_real(story)


def test_too_many_unanswered_commands_are_refused_as_busy(files: Path) -> None:
    """A page that asks faster than the program answers hears so at once, and may try again."""

    async def story() -> None:
        program = Bookkeeper(holding=True)
        async with open_door(program, files) as visitor, visitor.page() as page:
            await page.hear()
            for number in range(100, 100 + REQUESTS_IN_FLIGHT_MAX):
                command = {"type": "command", "id": number, "name": "forbid", "args": {}}
                await page.say(command)

            refused = await page.command("forbid")
            program.held[0].answer("done")
            answered = await page.hear()
            program.holding = False
            retried = await page.command("add", amount_fen=3)

            refusal = refused["refusal"]
            assert isinstance(refusal, dict)
            assert (refusal["code"], refusal["retryable"]) == ("E_BUSY", True)
            assert (answered["id"], answered["value"]) == (100, "done")
            assert retried["value"] == 3

    run_real(story)


def test_a_request_is_answered_once(files: Path) -> None:
    """A second answer is our own mistake, and says so."""

    async def story() -> None:
        program = Bookkeeper(holding=True)
        async with open_door(program, files) as visitor, visitor.page() as page:
            await page.say({"type": "command", "id": 1, "name": "forbid", "args": {}})
            await page.command("unknown")  # its refusal comes after the first was handed over
            request = program.held[0]
            request.refuse(Refusal(code=Code.STATE, message="不行"))
            with pytest.raises(LocalMisuse):
                request.answer()

    run_real(story)


def test_a_page_that_reconnects_sees_the_present(files: Path) -> None:
    """The same document may open its websocket again and is shown what is true now."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor:
            async with visitor.page() as page:
                await page.command("add", amount_fen=42)
            async with visitor.websocket() as again:
                await again.say(visitor.hello())

                assert await again.hear() == {"type": "state", "state": {"total_fen": 42}}

    run_real(story)


def test_an_image_goes_up_and_comes_back(files: Path) -> None:
    """Upload gives the digest by which the page shows the image; it is never cached."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            await visitor.open()
            headers = {**visitor.own_headers(), "Content-Type": "image/jpeg"}

            status, _, body = await visitor.ask(
                "/upload", method="POST", headers=headers, body=JPEG
            )
            digest = body.decode().split('"value":"')[1].split('"')[0]
            shown, image_headers, image = await visitor.ask(f"/image/{digest}")
            missing, _, _ = await visitor.ask("/image/" + "0" * 64)

            assert (status, shown, image, missing) == (200, 200, JPEG, 404)
            assert image_headers["cache-control"] == "no-store"

    run_real(story)


@pytest.mark.parametrize(
    ("changes", "body", "status"),
    [
        ({"Content-Type": "image/png"}, JPEG, 415),
        ({}, b"not a picture", 415),
        ({"Content-Length": "4194305"}, JPEG, 413),
        ({"Content-Length": "0"}, b"", 415),
        ({"Origin": "http://127.0.0.1:1"}, JPEG, 403),
        ({"Authorization": "Bearer guess"}, JPEG, 403),
    ],
)
def test_an_upload_that_is_no_photo_of_ours_is_refused(
    files: Path, changes: dict[str, str], body: bytes, status: int
) -> None:
    """Type, content, size, origin and token each have to be right."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor:
            await visitor.open()
            headers = {**visitor.own_headers(), "Content-Type": "image/jpeg", **changes}

            found, _, _ = await visitor.ask("/upload", method="POST", headers=headers, body=body)

            assert found == status
            assert program.images == {}

    run_real(story)


def test_an_upload_without_a_declared_length_is_cut_at_the_limit(files: Path) -> None:
    """A chunked body that never ends is refused once it is too large."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            await visitor.open()
            lines = [f"{name}: {value}" for name, value in visitor.own_headers().items()]
            head = "\r\n".join(["POST /upload HTTP/1.1", *lines, "Content-Type: image/jpeg"])
            start = f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            chunk = b"10000\r\n" + b"\xff" * 0x10000 + b"\r\n"
            stream = await trio.open_tcp_stream("127.0.0.1", visitor.port)
            answer = b""
            async with stream, trio.open_nursery() as nursery:

                async def pour() -> None:
                    try:
                        await stream.send_all(start)
                        for _ in range(100):
                            await stream.send_all(chunk)
                    except trio.BrokenResourceError:
                        pass

                nursery.start_soon(pour)
                with trio.fail_after(5):
                    while b"\r\n\r\n" not in answer:
                        answer += await stream.receive_some()
                nursery.cancel_scope.cancel()

            assert answer.startswith(b"HTTP/1.1 413")

    run_real(story)


def test_no_answer_of_the_door_sets_a_cookie(files: Path, tmp_path: Path) -> None:
    """Cookies ignore ports. Whoever asks for whatever, with a cookie too: none comes back."""
    paths = ("/", "/app/main.js", "/shared/ui.js", "/nowhere", "/image/00", "/link", "/session")
    seen: list[int] = []

    async def story() -> None:
        async with open_door(Bookkeeper(), files, folder=tmp_path) as visitor:
            await visitor.open()
            planted = {"Cookie": f"backpack-session={visitor.token}; t={visitor.token}"}
            stranger = {**visitor.stranger_headers(), **planted}
            for headers in (stranger, {**stranger, **visitor.own_headers()}):
                for method in ("GET", "HEAD", "POST", "PUT"):
                    for path in (*paths, "/upload", "/socket"):
                        status, answered, _ = await visitor.ask(
                            path, method=method, headers=headers
                        )
                        assert "set-cookie" not in answered
                        seen.append(status)
            link = await visitor.trade(visitor.door.link())
            assert link
            status, _, _ = await visitor.ask("/image/00", headers=stranger)
            assert status == 403
            async with visitor.websocket(stranger) as late:
                assert late.status == 101
                assert b"cookie" not in late.head.lower()
                await late.say({"type": "hello", "token": ""})
                assert await late.hear() == {"closed": 4403}

    run_real(story)

    assert {200, 403, 404, 405} <= set(seen)


def test_cookies_that_a_neighbour_planted_bury_nothing(files: Path) -> None:
    """As many as a browser keeps for one host; what no browser sends is still refused."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            buried = {"Host": visitor.door.host, "Cookie": "; ".join(["c=" + "x" * 4000] * 180)}
            status, _, _ = await visitor.ask("/", headers=buried)
            endless = {**buried, "Cookie": "x" * (2 * HEAD_BYTES_MAX)}
            refused, _, _ = await visitor.ask("/", headers=endless)

            assert (status, refused) == (200, 431)

    run_real(story)


COOKIES = re.compile(r"cookie", re.IGNORECASE)
SAYS_WHY = {
    "wire/page/guard.py": "(no cookies)",
    "wire/page/server.py": "can plant 180 cookies of 4 KiB",
}
"""Where the word may stand, in a sentence that says what they have to do with us."""


def test_no_code_reads_or_sets_a_cookie() -> None:
    """In Python or on a page; what a library can do with them, nothing of ours asks for."""
    for source in product_sources():
        text = source.path.read_text("utf-8").replace(SAYS_WHY.get(source.name, "\0"), "")
        assert COOKIES.search(text) is None, source.name
    pages = [SHARED_FILES, ROOT / "terminal" / "page", ROOT / "backoffice" / "desk" / "page"]
    for path in (path for folder in pages for path in folder.rglob("*.*js")):
        assert COOKIES.search(path.read_text("utf-8")) is None, path


def test_the_seventeenth_window_ends_the_first(files: Path) -> None:
    """Many launches do not pile up; the oldest window is told that it is let go."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor, visitor.page() as first:
            await first.hear()
            for _ in range(SESSIONS_MAX):
                assert await visitor.trade(visitor.door.link())

            assert await first.hear() == {"closed": 4403}
            assert (await visitor.ask("/image/00"))[0] == 403

    run_real(story)


def test_who_leaves_closes_every_other_window_and_keeps_a_new_token(files: Path) -> None:
    """The token comes before the state in which nobody is signed in: a reload then still is in."""

    class Leave(msgspec.Struct, frozen=True, tag="forbid"):
        """The command with which the user leaves."""

    signed_in = [True]

    async def perform(command: msgspec.Struct) -> None:
        assert isinstance(command, Leave)
        signed_in[0] = False

    pages: Pages[msgspec.Struct] = Pages(lambda: list(signed_in), perform, leaving=Leave)

    async def story() -> None:
        async with (
            open_door(pages, files, commands=(Leave,)) as visitor,
            visitor.page() as other,
            visitor.websocket() as mine,
        ):
            former = visitor.token
            await mine.say(visitor.hello())
            assert await mine.hear() == {"type": "state", "state": [True]}
            await mine.say({"type": "command", "id": 1, "name": "forbid", "args": {}})

            heard = [await mine.hear()]
            while heard[-1]["type"] != "answer":
                heard.append(await mine.hear())
            token = heard[0]
            assert token["type"] == "token"
            while (await other.hear()) != {"closed": 4403}:
                pass
            visitor.token = str(token["token"])
            assert visitor.token != former
            async with visitor.websocket() as reloaded:
                await reloaded.say(visitor.hello())
                assert await reloaded.hear() == {"type": "state", "state": [False]}
            visitor.token = former
            async with visitor.websocket() as thief:
                await thief.say(visitor.hello())
                assert await thief.hear() == {"closed": 4403}

    run_real(story)


def has(loopback: str) -> bool:
    """Whether this machine has that address; some have no IPv6."""
    with socket.socket(socket.AF_INET6 if ":" in loopback else socket.AF_INET) as trial:
        try:
            trial.bind((loopback, 0))
        except OSError:
            return False
    return True


HERE = [loopback for loopback in LOOPBACKS if has(loopback)]


@pytest.mark.parametrize("taken", HERE)
def test_a_port_that_a_neighbour_has_on_either_loopback_is_not_ours(
    files: Path, taken: str
) -> None:
    """A browser tries ::1 first for our name: whoever sat there would serve our page's scripts."""

    async def story() -> None:
        (squatter,) = await trio.open_tcp_listeners(0, host=taken)
        async with squatter:
            port = squatter.socket.getsockname()[1]
            with pytest.RaisesGroup(OSError, flatten_subgroups=True):
                async with open_door(Bookkeeper(), files, port=port):
                    pass

    run_real(story)


def test_the_door_listens_on_both_loopbacks(files: Path) -> None:
    """So that nobody can sit on the other one later, and a browser finds us on either."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor:
            for loopback in HERE:
                with pytest.raises(OSError, match="in use"):
                    await trio.open_tcp_listeners(visitor.port, host=loopback)
                stream = await trio.open_tcp_stream(loopback, visitor.port)
                async with stream:
                    head = f"GET / HTTP/1.1\r\nHost: {visitor.door.host}\r\n\r\n"
                    await stream.send_all(head.encode())
                    assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")

    run_real(story)
