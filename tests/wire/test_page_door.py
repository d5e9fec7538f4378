"""A person opens a page, sees the state, does things, and comes back after the link broke."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.kit.page_visitor import JPEG, Bookkeeper, open_door
from tests.kit.running import run_real
from wire.errors import LocalMisuse
from wire.message import Code, Refusal
from wire.page.connection import REQUESTS_IN_FLIGHT_MAX
from wire.page.shell import IMPORT_MAP_HASH


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
