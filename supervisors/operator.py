"""How an operator's command asks a running program one question over the encrypted wire."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import trio

from actors.outside import production_outside
from wire.client import Introduction, open_client
from wire.codec import MessageCodec
from wire.errors import BadFrame, OutcomeUnknown, PeerRefused, WireError
from wire.hello import Credentials
from wire.keys import DeviceKeys
from wire.link import LinkState, Status
from wire.membership import office_key_beside
from wire.messages.session import Role
from wire.socket import WebSocketDialer

if TYPE_CHECKING:
    from pathlib import Path

    from wire.connection import Connection
    from wire.incoming import Incoming
    from wire.message import ReplyT, Request

REACH_S_MAX: Final = 5.0
"""How long to try to reach the program, in seconds; it may just be starting."""

ANSWER_S_MAX: Final = 10.0
"""How long to wait for its answer then, in seconds."""

PUBLIC_BYTES: Final = 32


async def ask_program(connect: str, key: Path, name: str, request: Request[ReplyT]) -> ReplyT:
    """Dial, ask, hang up.

    Args:
        connect: the address as the program printed it; without `#key` the program is the office
            that `office.json` beside the key file names.
        key: the operator's key file.
        name: the operator's device id.
        request: what to ask.

    Raises:
        KeyFileUnusable, NotEnrolled: the key file or the office's key beside it cannot be read.
        PeerRefused: this key may not ask that.
        WireError: the program cannot be reached or did not answer in time.
    """
    address, _, pinned = connect.partition("#")
    keys = DeviceKeys.load(key)
    peer = _public(pinned) if pinned else office_key_beside(key)
    outside = production_outside()
    settled = trio.Event()

    def watch(status: Status) -> None:
        # A refusal is asked about again, but not while a person waits.
        if status.state is LinkState.ONLINE or isinstance(status.error, PeerRefused):
            settled.set()

    answer: ReplyT | WireError
    async with trio.open_nursery() as nursery:
        async with open_client(
            WebSocketDialer(nursery),
            address,
            credentials=Credentials(keys.noise, peer),
            introduction=Introduction(Role.OPERATOR, name),
            codec=MessageCodec(()),
            handler=_ignore,
            entropy=outside.entropy,
            chance=outside.random,
            watch=watch,
        ) as connection:
            with trio.move_on_after(REACH_S_MAX):
                await settled.wait()
            if connection.status.state is LinkState.ONLINE:
                answer = await _answer(connection, request)
            else:
                answer = connection.status.error or OutcomeUnknown("no answer in time")
        nursery.cancel_scope.cancel()
    if isinstance(answer, WireError):
        raise answer
    return answer


async def _answer(connection: Connection, request: Request[ReplyT]) -> ReplyT | WireError:
    """The answer or why there is none; nothing is raised through the nurseries of a client."""
    try:
        return await connection.request(request, within=ANSWER_S_MAX)
    except WireError as error:
        return error


def with_key(address: str, public: bytes) -> str:
    """An address that also says whom to expect there."""
    return f"{address}#{base64.urlsafe_b64encode(public).decode().rstrip('=')}"


def _public(text: str) -> bytes:
    try:
        public = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        public = b""
    if len(public) != PUBLIC_BYTES:
        raise BadFrame("the part after # is no public key")
    return public


def _ignore(_incoming: Incoming) -> None:
    """Nobody tells an operator anything unasked."""


__all__ = ["ANSWER_S_MAX", "REACH_S_MAX", "ask_program", "with_key"]
