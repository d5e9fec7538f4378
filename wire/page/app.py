"""The page of one program: its document, files, images, uploads and its one websocket.

    GET  /                the document, empty and the same for everybody
    GET  /shared/… /app/… files, from memory, public too
    POST /link            a link, for who has read the program's folder (wire.door_file)
    POST /session         a link's token for a session's
    GET  /image/<digest>  an image that the program holds; with a session's token, as all below
    GET  /paper/<case>    a case's printed slip, a PDF
    POST /upload          a JPEG for the program to keep
    WS   /socket          the view model out, commands in (wire.page.protocol)

What the page means is the program's business: it implements `PageSession` and, if it has images,
`Images`. Everything here has already passed the guard (wire.page.guard).

Invariant: at most `PAGES_MAX` pages and `UPLOADS_MAX` uploads at a time, and no upload larger than
`UPLOAD_BYTES_MAX` is ever held.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import trio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from wire.door_file import LINK_PATH, DoorFile
from wire.errors import BadFrame
from wire.ids import is_case_id
from wire.message import Code, Refusal
from wire.page.connection import CLOSE_REFUSED, PageConnection, PageSession, receive_text
from wire.page.gate import Gate, Session
from wire.page.guard import (
    NOT_LET_IN,
    SESSION_PATH,
    SOCKET_PATH,
    Guard,
    bearer,
    place_of,
)
from wire.page.protocol import CommandSet, PageHello, decode_from_page
from wire.page.shell import IMPORT_MAP_HASH, Density, document, read_files

PAGES_MAX = 8
"""Open websockets of one program."""
HELLO_WAIT_S_MAX = 5
"""How long a fresh websocket may take to say hello, in seconds."""
UPLOAD_BYTES_MAX = 4 * 1024 * 1024
UPLOAD_WAIT_S_MAX = 30
"""How long one upload may take on the loopback, in seconds."""
UPLOADS_MAX = 2
CLOSE_TOO_MANY = 4429

_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_JPEG_START = b"\xff\xd8\xff"


class Images(Protocol):
    """The program's images, by digest (lower-case hex)."""

    async def fetch(self, digest: str) -> bytes | None:
        """The JPEG with this digest; None when there is none that this page may see."""

    async def keep(self, jpeg: bytes) -> str | Refusal:
        """Take in a JPEG from the page; its digest, or why it is refused."""


@dataclass(frozen=True)
class PageProgram:
    """What a program hands to the page door.

    Attributes:
        title: the window's title.
        files: the folder with the program's own `main.js` and `style.css`.
        commands: the tagged Structs that the page may send.
        session: called once for each page that connects.
        images: where images come from and go to; None for a page without.
        paper: the printed slip of a case by its id, or why there is none; None for a page without.
        density: who sits or stands before it.
    """

    title: str
    files: Path
    commands: Sequence[type[msgspec.Struct]]
    session: PageSession
    images: Images | None = None
    paper: Callable[[str], Awaitable[bytes | Refusal]] | None = None
    density: Density = "roomy"


def page_app(program: PageProgram, gate: Gate, door_file: DoorFile) -> ASGIApp:
    """The guarded ASGI application of one program's page."""
    handlers = _Handlers(program, gate, door_file)
    routes = [
        Route("/", handlers.document),
        Route(LINK_PATH, handlers.link, methods=["POST"]),
        Route(SESSION_PATH, handlers.session, methods=["POST"]),
        Route("/image/{digest}", handlers.image),
        Route("/paper/{case_id}", handlers.paper),
        Route("/upload", handlers.upload, methods=["POST"]),
        WebSocketRoute(SOCKET_PATH, handlers.socket),
        Route("/{path:path}", handlers.file),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Guard(app, gate, import_map_hash=IMPORT_MAP_HASH)


class _Handlers:
    def __init__(self, program: PageProgram, gate: Gate, door_file: DoorFile) -> None:
        self._program = program
        self._gate = gate
        self._door_file = door_file
        self._commands = CommandSet(*program.commands)
        self._files = read_files(program.files)
        self._document = document(title=program.title, density=program.density)
        self._pages = 0
        self._uploads = 0

    async def document(self, request: Request) -> Response:
        del request
        return HTMLResponse(self._document)

    async def link(self, request: Request) -> Response:
        question = _token(request)
        if not self._door_file.is_question(question):
            return _not_let_in()
        return _json(200, self._door_file.answer(question, self._gate.mint_link()))

    async def session(self, request: Request) -> Response:
        token = self._gate.redeem(_token(request))
        if token is None:
            return _not_let_in()
        place_of(request.scope).proven()
        return _json(200, {"ok": True, "value": token})

    async def file(self, request: Request) -> Response:
        file = self._files.get(request.scope["path"])
        if file is None:
            return PlainTextResponse("没有这个文件。 No such file.", 404)
        return Response(file.content, media_type=file.media_type)

    async def image(self, request: Request) -> Response:
        digest = request.path_params["digest"]
        jpeg = None
        if self._program.images is not None and _DIGEST.fullmatch(digest):
            jpeg = await self._program.images.fetch(digest)
        if jpeg is None:
            return PlainTextResponse("没有这张图片。 No such image.", 404)
        return Response(jpeg, media_type="image/jpeg")

    async def paper(self, request: Request) -> Response:
        case_id = request.path_params["case_id"]
        if self._program.paper is None or not is_case_id(case_id):
            return _refused(404, Refusal(code=Code.NOT_FOUND, message="没有这份确认单"))
        drawn = await self._program.paper(case_id)
        if isinstance(drawn, Refusal):
            return _refused(422, drawn)
        return Response(drawn, media_type="application/pdf")

    async def upload(self, request: Request) -> Response:
        images = self._program.images
        if images is None:
            return _refused(404, Refusal(code=Code.NOT_FOUND, message="此页面不接收图片"))
        if self._uploads >= UPLOADS_MAX:
            busy = Refusal(code=Code.BUSY, message="正在保存其他图片，请稍候再试", retryable=True)
            return _refused(503, busy)
        self._uploads += 1
        try:
            body = await _read_jpeg(request)
            if isinstance(body, Response):
                return body
            kept = await images.keep(body)
        finally:
            self._uploads -= 1
        if isinstance(kept, Refusal):
            return _refused(422, kept)
        return _json(200, {"ok": True, "value": kept})

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect, WebSocketDisconnected):  # the page closed first
            await socket.close(await self._serve(socket))

    async def _serve(self, socket: WebSocket) -> int:
        """Serve one websocket to its end; returns the close code to send."""
        session = await self._introduced(socket)
        if session is None:
            return CLOSE_REFUSED
        place_of(socket.scope).proven()
        if self._pages >= PAGES_MAX:
            return CLOSE_TOO_MANY
        self._pages += 1
        try:
            page = PageConnection(socket, self._commands, self._gate, session)
            return await page.run(self._program.session)
        finally:
            self._pages -= 1

    async def _introduced(self, socket: WebSocket) -> Session | None:
        """The session whose token the first message brought, in time."""
        with trio.move_on_after(HELLO_WAIT_S_MAX):
            try:
                text = await receive_text(socket)
                hello = decode_from_page(text or "")
            except BadFrame:
                return None
            return self._gate.session(hello.token) if isinstance(hello, PageHello) else None
        return None


def _token(request: Request) -> str:
    return bearer({"authorization": request.headers.getlist("authorization")})


def _not_let_in() -> Response:
    return PlainTextResponse(NOT_LET_IN.reason, NOT_LET_IN.status)


async def _read_jpeg(request: Request) -> bytes | Response:
    """The body of an upload, or the response that refuses it."""
    wrong = Refusal(code=Code.FORMAT, field="image", message="只接收 JPEG 图片")
    too_large = Refusal(code=Code.LIMIT, field="image", message="图片超过 4 MB，请压缩后重试")
    if request.headers.get("content-type") != "image/jpeg":
        return _refused(415, wrong)
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared) > UPLOAD_BYTES_MAX:
        return _refused(413, too_large)
    body = bytearray()
    with trio.move_on_after(UPLOAD_WAIT_S_MAX) as limit:
        try:
            async with aclosing(request.stream()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > UPLOAD_BYTES_MAX:
                        return _refused(413, too_large)
        except ClientDisconnect:
            return _refused(400, wrong)
    if limit.cancelled_caught:
        slow = Refusal(code=Code.BUSY, message="图片传送超时，请重试", retryable=True)
        return _refused(408, slow)
    if not body.startswith(_JPEG_START):
        return _refused(415, wrong)
    return bytes(body)


def _json(status: int, content: object) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _refused(status: int, refusal: Refusal) -> Response:
    return _json(status, {"ok": False, "refusal": refusal})


__all__ = ["Images", "PageProgram", "page_app"]
