"""A client of an office as a process: a terminal or a desk, from its folder to its page.

Both are alike: the folder is held, the identity in it is read, or made with an invitation; the
program starts; two loopback doors open, its page and its inspector; it runs until somebody stops
it, or until what works in it by itself is done. What the program is, its caller says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import trio

from actors.outside import production_outside
from actors.ports import Outside
from actors.runtime.stopping import stop_signals
from supervisors.folder import hold
from supervisors.inspector import serve_inspector
from supervisors.operator import with_key
from supervisors.tree import Tree
from wire.membership import Membership
from wire.page import PageProgram, serve_page
from wire.socket import WebSocketDialer, WebSocketListener

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """How a client is run.

    Attributes:
        folder: its data; made if missing.
        name: its device id, with `invitation` at the first start.
        operators: Noise keys that may look at its tree, 32 bytes each.
        port: of the page; 0 for any.
        lasting_link: the printed address lets browsers in, as often as anybody likes; for training.
    """

    folder: Path
    name: str
    invitation: str
    operators: tuple[bytes, ...]
    port: int
    lasting_link: bool


class Ready(msgspec.Struct, frozen=True, tag="ready", tag_field="event"):
    """The program runs: addresses of its page and of its inspector."""

    device: str
    page: str
    inspect: str


class Running(Protocol):
    """A program that has started.

    Attributes:
        tree: what operators may look at.
    """

    tree: Tree | None


ProgramT = TypeVar("ProgramT", bound=Running)


@dataclass(frozen=True)
class Joining:
    """What a program needs to join its office: who it is, the way there, and its world."""

    membership: Membership
    dialer: WebSocketDialer
    outside: Outside


@dataclass(frozen=True)
class Client(Generic[ProgramT]):
    """What makes one kind of client.

    Attributes:
        start: the program, for as long as the block.
        page: what its page shows and takes.
        work: works in it by itself, and may say that all is done; None for a person.
    """

    start: Callable[[Joining], AbstractAsyncContextManager[ProgramT]]
    page: Callable[[ProgramT], PageProgram]
    work: Callable[[ProgramT, Callable[[], None]], Awaitable[None]] | None = None

    async def run(self, options: ClientOptions, say: Callable[[object], None]) -> None:
        """Run until stopped, or until the work is done.

        Raises:
            NotEnrolled, BadInvitation, KeyFileUnusable, FolderUnusable: the folder is unusable.
        """
        with hold(options.folder), stop_signals() as stopped:
            outside = production_outside()
            membership = Membership.begin(
                options.folder, options.name, options.invitation, outside.entropy
            )
            async with trio.open_nursery() as nursery:
                joining = Joining(membership, WebSocketDialer(nursery), outside)
                async with self.start(joining) as program:
                    page, inspect = await _open_doors(
                        nursery,
                        page=self.page(program),
                        options=options,
                        tree=program.tree,
                        membership=membership,
                        outside=outside,
                    )
                    say(Ready(membership.name, page, inspect))
                    async with trio.open_nursery() as working:
                        if self.work is not None:
                            working.start_soon(self.work, program, working.cancel_scope.cancel)
                        await stopped()
                        working.cancel_scope.cancel()
                nursery.cancel_scope.cancel()


async def _open_doors(
    nursery: trio.Nursery,
    *,
    page: PageProgram,
    options: ClientOptions,
    tree: Tree | None,
    membership: Membership,
    outside: Outside,
) -> tuple[str, str]:
    """Serve both until the nursery ends; the address of the page and of the inspector."""
    assert tree is not None, "the doors are opened after the tree has started"
    door = await nursery.start(
        partial(
            serve_page,
            page,
            device=membership.name,
            entropy=outside.entropy,
            folder=options.folder,
            lasting_link=options.lasting_link,
            port=options.port,
        )
    )
    inspect = await nursery.start(
        partial(
            serve_inspector,
            tree,
            WebSocketListener(LOOPBACK, 0),
            membership.keys,
            options.operators,
            entropy=outside.entropy,
            now_ms=outside.wall.now_ms,
        )
    )
    return door.printed, with_key(inspect, membership.keys.noise.public)


__all__ = [
    "Client",
    "ClientOptions",
    "Joining",
    "Ready",
    "Running",
]
