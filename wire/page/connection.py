"""One open page, as its program sees it: something to show to, and somebody who asks.

What the page shows is one view model, sent whole. `show` may be called as often as the program
likes: only the latest is kept, and it goes out at most ten times a second, so a fast program cannot
flood a slow browser. It deliberately keeps nothing across a reconnect: a page that comes back is a
new connection and is shown the present state.

Invariant: memory per page is bounded by one view model, `REQUESTS_IN_FLIGHT_MAX` requests and as
many answers; each request is answered at most once, and a page that stops reading is cut off.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import msgspec
import trio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from wire.errors import BadFrame, LocalMisuse
from wire.message import Code, Refusal
from wire.page.gate import Gate, Session
from wire.page.protocol import (
    Answer,
    CommandSet,
    PageCommand,
    PageHello,
    State,
    Token,
    decode_from_page,
    encode_to_page,
)

STATE_INTERVAL_S = 0.1
"""The shortest time between two view models to one page, in seconds."""
REQUESTS_IN_FLIGHT_MAX = 16
"""Commands of one page that may wait for their answer; a further one is refused as busy."""
CLOSE_DONE = 1000
CLOSE_BAD_MESSAGE = 4400
CLOSE_REFUSED = 4403
"""The page brought no session's token, or its session ended."""


class PageSession(Protocol):
    """What a program does with its pages."""

    async def connected(self, page: PageConnection) -> None:
        """Serve one page: show it the state, answer its requests.

        Runs in a task of its own and is cancelled when the page goes away; returning closes the
        page. An exception closes the page too and is logged: the page reconnects to a fresh call.
        """


class PageRequest:
    """One command of a page, which waits to be answered.

    Attributes:
        command: the program's own Struct, already checked against its type.
    """

    def __init__(self, command: msgspec.Struct, request_id: int, page: PageConnection) -> None:
        self.command = command
        self._id = request_id
        self._page = page
        self._answered = False

    def __repr__(self) -> str:
        return f"PageRequest({type(self.command).__name__}, id={self._id})"

    def answer(self, value: object = None) -> None:
        """Say that it was done; `value` is what the page's promise resolves with.

        Raises:
            LocalMisuse: it was answered before.
        """
        self._settle(Answer(id=self._id, ok=True, value=value))

    def refuse(self, refusal: Refusal) -> None:
        """Say no, with the reason that the page shows.

        Raises:
            LocalMisuse: it was answered before.
        """
        self._settle(Answer(id=self._id, ok=False, refusal=refusal))

    def let_others_go(self) -> None:
        """Close every other window: see `PageConnection.let_others_go`."""
        self._page.let_others_go()

    def _settle(self, answer: Answer) -> None:
        if self._answered:
            raise LocalMisuse("a page's request is answered once")
        self._answered = True
        self._page._post(answer)  # noqa: SLF001 - the two classes are one conversation


class PageConnection:
    """One open page.

    Attributes:
        requests: what the page asks for, in order: `async for request in page.requests`.
    """

    def __init__(
        self, socket: WebSocket, commands: CommandSet, gate: Gate, session: Session
    ) -> None:
        self._socket = socket
        self._commands = commands
        self._gate = gate
        self._let_in = session
        self._offer, self.requests = trio.open_memory_channel[PageRequest](REQUESTS_IN_FLIGHT_MAX)
        self._in_flight = 0
        self._answers: deque[Answer] = deque()
        self._token: Token | None = None
        self._latest: State | None = None
        self._wake = trio.Event()
        self._sending = trio.Lock()

    def show(self, state: object) -> None:
        """Let the page draw `state`: a Struct or a dict that nobody changes afterwards."""
        self._latest = State(state=state)
        self._wake.set()

    def let_others_go(self) -> None:
        """Of all windows only this one stays open: its user leaves, and a token may have been kept.

        This window's own token changes too; whatever was opened with another is closed.
        """
        token, self._let_in = self._gate.begin_alone()
        self._token = Token(token=token)
        self._wake.set()

    async def run(self, session: PageSession) -> int:
        """Serve the page until it, the program or its session ends; the close code to send.

        Raises:
            ExceptionGroup: what `session.connected` raised.
        """
        close_code = CLOSE_DONE
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, nursery.cancel_scope)
                nursery.start_soon(self._serve, session, nursery.cancel_scope)
                nursery.start_soon(self._until_ended, nursery.cancel_scope)
                try:
                    await self._read()
                except BadFrame:
                    close_code = CLOSE_BAD_MESSAGE
                except (WebSocketDisconnect, WebSocketDisconnected):
                    pass  # gone between its question and our answer
                nursery.cancel_scope.cancel()
        finally:
            self._offer.close()
        return CLOSE_REFUSED if self._let_in.ended.is_set() else close_code

    async def _until_ended(self, whole: trio.CancelScope) -> None:
        while not self._let_in.ended.is_set():
            await self._let_in.ended.wait()
        whole.cancel()

    async def _serve(self, session: PageSession, whole: trio.CancelScope) -> None:
        await session.connected(self)
        whole.cancel()

    async def _read(self) -> None:
        """Take the page's commands until it is gone.

        Raises:
            BadFrame: the page sent something that is no command.
        """
        while True:
            text = await receive_text(self._socket)
            if text is None:
                return
            message = decode_from_page(text)
            if isinstance(message, PageHello):
                raise BadFrame("hello comes once")
            refusal = self._accept(message)
            if refusal is not None:
                await self._send(Answer(id=message.id, ok=False, refusal=refusal))

    def _accept(self, message: PageCommand) -> Refusal | None:
        command = self._commands.read(message)
        if isinstance(command, Refusal):
            return command
        if self._in_flight >= REQUESTS_IN_FLIGHT_MAX:
            return Refusal(code=Code.BUSY, message="操作太快，请稍候再试", retryable=True)
        self._in_flight += 1
        self._offer.send_nowait(PageRequest(command, message.id, self))
        return None

    def _post(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._wake.set()

    async def _write(self, whole: trio.CancelScope) -> None:
        """Send answers at once and the latest state at a measured pace, until the page is gone."""
        next_state_at = trio.current_time()
        try:
            while True:
                if self._token is not None:
                    token, self._token = self._token, None
                    await self._send(token)
                elif self._answers:
                    await self._send(self._answers.popleft())
                    self._in_flight -= 1
                elif self._latest is not None and trio.current_time() >= next_state_at:
                    latest, self._latest = self._latest, None
                    next_state_at = trio.current_time() + STATE_INTERVAL_S
                    await self._send(latest)
                else:
                    with trio.CancelScope() as pause:
                        if self._latest is not None:
                            pause.deadline = next_state_at
                        await self._wake.wait()
                    self._wake = trio.Event()
        except (WebSocketDisconnect, WebSocketDisconnected):
            whole.cancel()

    async def _send(self, message: State | Answer | Token) -> None:
        text = encode_to_page(message)
        async with self._sending:
            await self._socket.send_text(text)


async def receive_text(socket: WebSocket) -> str | None:
    """The next message of a page; None when the page is gone.

    Raises:
        BadFrame: the page sent a binary message.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        return None
    text = message.get("text")
    if not isinstance(text, str):
        raise BadFrame("a page speaks text")
    return text


__all__ = ["PageConnection", "PageRequest", "PageSession", "receive_text"]
