"""A visitor of the page door who writes every byte himself: browser, stranger or vandal."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import h11
import msgspec
import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, TextMessage

from wire.message import Code, Refusal
from wire.page import (
    FRAGMENT,
    PageConnection,
    PageDoor,
    PageProgram,
    PageRequest,
    PageSession,
    serve_page,
)

JPEG = b"\xff\xd8\xff\xe0 a small picture"
WAIT_S_MAX = 5.0
HTTP_OK = 200


class Add(msgspec.Struct, frozen=True, tag="add"):
    """A command of the page under test."""

    amount_fen: int
    note: str = ""


class Forbid(msgspec.Struct, frozen=True, tag="forbid"):
    """A command that the program under test refuses."""


class Sum(msgspec.Struct, frozen=True):
    """The view model under test."""

    total_fen: int


@dataclass
class Bookkeeper:
    """A program that adds up what its pages tell it, and holds images."""

    total_fen: int = 0
    pages: list[PageConnection] = field(default_factory=list)
    held: list[PageRequest] = field(default_factory=list)
    holding: bool = False
    images: dict[str, bytes] = field(default_factory=dict)

    async def connected(self, page: PageConnection) -> None:
        self.pages.append(page)
        page.show(Sum(self.total_fen))
        async for request in page.requests:
            if self.holding:
                self.held.append(request)
            elif isinstance(request.command, Add):
                self.total_fen += request.command.amount_fen
                page.show(Sum(self.total_fen))
                request.answer(self.total_fen)
            else:
                request.refuse(Refusal(code=Code.FORBIDDEN, message="不允许"))

    async def fetch(self, digest: str) -> bytes | None:
        return self.images.get(digest)

    async def keep(self, jpeg: bytes) -> str | Refusal:
        digest = f"{len(jpeg):064x}"
        self.images[digest] = jpeg
        return digest


@dataclass
class Visitor:
    """Talks to one page door over raw sockets."""

    door: PageDoor
    token: str = ""

    @property
    def port(self) -> int:
        return int(self.door.host.rsplit(":", 1)[1])

    def own_headers(self) -> dict[str, str]:
        """What our own page's browser sends."""
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**self.stranger_headers(), **token}

    def stranger_headers(self) -> dict[str, str]:
        """What a process of this machine can claim without a token."""
        return {"Host": self.door.host, "Origin": f"http://{self.door.host}"}

    async def raw(self, data: bytes) -> bytes:
        """Send bytes on a fresh connection; all that comes back within a short while."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        answer = b""
        async with stream:
            with trio.move_on_after(0.15):
                try:
                    await stream.send_all(data)
                    async for chunk in stream:
                        answer += chunk
                except trio.BrokenResourceError:
                    pass
        return answer

    async def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, dict[str, str], bytes]:
        """One request with exactly these headers (our own page's, when None)."""
        sent = dict(self.own_headers() if headers is None else headers)
        if method == "GET" and headers is None:
            del sent["Origin"]
        if method != "GET":
            sent.setdefault("Content-Length", str(len(body)))
        sent["Connection"] = "close"
        client = h11.Connection(h11.CLIENT)
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            with trio.fail_after(WAIT_S_MAX):
                head = client.send(
                    h11.Request(method=method, target=path, headers=list(sent.items()))
                )
                assert head is not None
                with suppress(trio.BrokenResourceError):  # refused before the body was read
                    await stream.send_all(head + body)
                return await _response(client, stream)

    async def trade(self, link: str) -> str:
        """Trade a link for a session's token, as a page does; empty when it is refused."""
        token = link.removeprefix(f"http://{self.door.host}/{FRAGMENT}")
        headers = {**self.own_headers(), "Authorization": f"Bearer {token}"}
        status, _, body = await self.ask("/session", method="POST", headers=headers)
        if status != HTTP_OK:
            return ""
        return str(msgspec.json.decode(body)["value"])

    async def open(self) -> None:
        """Do what a browser does with a link."""
        self.token = await self.trade(self.door.link())
        assert self.token

    @asynccontextmanager
    async def websocket(
        self, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[PageSocket]:
        """A websocket to the door; `PageSocket.status` says whether it was let in."""
        sent = dict(self.own_headers() if headers is None else headers)
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            await stream.send_all(upgrade(sent))
            head = b""
            with trio.fail_after(WAIT_S_MAX):
                while b"\r\n\r\n" not in head:
                    chunk = await stream.receive_some()
                    if not chunk:
                        break
                    head += chunk
            head, _, rest = head.partition(b"\r\n\r\n")
            status = int(head.split()[1]) if head else 0
            yield PageSocket(stream, status, head, rest)

    @asynccontextmanager
    async def page(self) -> AsyncIterator[PageSocket]:
        """Our own page: opened, introduced, and shown its first state."""
        await self.open()
        async with self.websocket() as socket:
            await socket.say(self.hello())
            yield socket

    def hello(self) -> dict[str, str]:
        """The page's first message."""
        return {"type": "hello", "token": self.token}


def upgrade(headers: Mapping[str, str], path: str = "/socket") -> bytes:
    """The bytes of a websocket handshake."""
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _response(
    client: h11.Connection, stream: trio.SocketStream
) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = 0, {}, b""
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await stream.receive_some())
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            return status, headers, body


class PageSocket:
    """The page's end of the websocket."""

    def __init__(self, stream: trio.SocketStream, status: int, head: bytes, rest: bytes) -> None:
        self.stream = stream
        self.status = status
        self.head = head
        self._connection = Connection(ConnectionType.CLIENT)
        if rest:
            self._connection.receive_data(rest)
        self._events = self._connection.events()
        self._ids = itertools.count(1)

    async def say(self, message: object) -> None:
        """Send one JSON message."""
        await self.say_text(msgspec.json.encode(message).decode())

    async def say_text(self, text: str) -> None:
        await self.stream.send_all(self._connection.send(TextMessage(data=text)))

    async def say_bytes(self, data: bytes) -> None:
        await self.stream.send_all(self._connection.send(BytesMessage(data=data)))

    async def hear(self) -> dict[str, object]:
        """The next message; `{"closed": code}` when the program closed."""
        text = ""
        with trio.fail_after(WAIT_S_MAX):
            while True:
                for event in self._events:
                    if isinstance(event, CloseConnection):
                        return {"closed": event.code}
                    if isinstance(event, Message):
                        text += str(event.data)
                        if event.message_finished:
                            found: dict[str, object] = msgspec.json.decode(text)
                            return found
                data = await self.stream.receive_some()
                if not data:
                    return {"closed": 1006}
                self._connection.receive_data(data)
                self._events = self._connection.events()

    async def command(self, name: str, **args: object) -> dict[str, object]:
        """Send a command and wait for its answer, letting states pass by."""
        number = next(self._ids)
        await self.say({"type": "command", "id": number, "name": name, "args": args})
        while True:
            message = await self.hear()
            if message.get("type") != "state":
                assert message.get("id") == number, message
                return message


@asynccontextmanager
async def open_door(
    program: PageSession,
    files: Path,
    *,
    commands: Sequence[type[msgspec.Struct]] = (Add, Forbid),
    port: int = 0,
    device: str = "T-0001",
    folder: Path | None = None,
    lasting_link: bool = False,
    now: Callable[[], float] = trio.current_time,
) -> AsyncIterator[Visitor]:
    """The page door of `program`, open on a random port, and a visitor before it."""
    serial = itertools.count()

    def entropy(size: int) -> bytes:
        return next(serial).to_bytes(size, "big")

    page = PageProgram(
        title="测试页 <bank>",
        files=files,
        commands=commands,
        session=program,
        images=program if isinstance(program, Bookkeeper) else None,
    )
    async with trio.open_nursery() as nursery:

        async def serve(task_status: trio.TaskStatus[PageDoor]) -> None:
            await serve_page(
                page,
                device=device,
                entropy=entropy,
                folder=folder,
                lasting_link=lasting_link,
                port=port,
                now=now,
                task_status=task_status,
            )

        yield Visitor(await nursery.start(serve))
        nursery.cancel_scope.cancel()
