"""Lets an operator look into a running program: the live actor tree over the encrypted wire.

An inspector is a door of its own, on loopback, that knows exactly one question (`GetTree`) and
exactly those keys that it was told; everybody else is refused before saying anything. Terminals and
desks have one; an office answers the same question at its own door.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import trio

from supervisors import render
from supervisors.snapshot import snapshot
from wire.codec import MessageCodec
from wire.message import Code, Refusal
from wire.messages.session import GetTree, TreeSnapshot
from wire.server import Admitted, Server

if TYPE_CHECKING:
    from supervisors.tree import Tree
    from wire.channel import Listener
    from wire.connection import Connection
    from wire.hello import Hello
    from wire.incoming import Handler, Incoming
    from wire.keys import DeviceKeys

UNKNOWN = Refusal(Code.FORBIDDEN, "该密钥无权查看运行状态")


class _Operators:
    def __init__(self, keys: Collection[bytes]) -> None:
        self._keys = frozenset(keys)

    def psk_for(self, ticket: str) -> bytes | None:
        del ticket
        return None

    async def admit(self, remote_static: bytes, hello: Hello) -> Admitted | Refusal:
        del hello
        return Admitted("operator") if remote_static in self._keys else UNKNOWN


def tree_json(tree: Tree) -> bytes:
    """The live tree as JSON."""
    return render.json(snapshot(tree)).encode()


async def serve_inspector(
    tree: Tree,
    listener: Listener,
    keys: DeviceKeys,
    operators: Collection[bytes],
    *,
    entropy: Callable[[int], bytes],
    now_ms: Callable[[], int],
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer `GetTree` until cancelled; `task_status.started` gets the address.

    Args:
        keys: the program's own identity.
        operators: the Noise keys that may ask, 32 bytes each.
    """

    def open_session(_connection: Connection) -> Handler:
        def handle(incoming: Incoming) -> None:
            incoming.reply(TreeSnapshot(tree_json(tree)))

        return handle

    server = Server(
        static=keys.noise,
        signing_key=keys.signing.public,
        authenticator=_Operators(operators),
        open_session=open_session,
        codec=MessageCodec(GetTree),
        entropy=entropy,
        now_ms=now_ms,
    )
    await server.serve(listener, task_status=task_status)


__all__ = ["serve_inspector", "tree_json"]
