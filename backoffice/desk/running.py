"""A desk as a process: its folder, its page, until somebody stops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import msgspec
import trio

from actors.outside import production_outside
from actors.stopping import stop_signals
from backoffice.desk.clerk import DeskClerk
from backoffice.desk.page_model import Command
from backoffice.desk.program import Desk, Setup, open_desk
from supervisors.doors import open_doors
from supervisors.folder import hold
from wire.membership import Membership
from wire.message import Refusal
from wire.messages.session import Role
from wire.page import PageProgram, Pages
from wire.socket import WebSocketDialer

PAGE_FILES: Final = Path(__file__).parent / "page"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a desk is run.

    Attributes:
        folder: its data; made if missing.
        name: its device id, with `invitation` at the first start.
        operators: Noise keys that may look at its tree.
        auto: a scripted authorizer approves whatever agrees.
        port: of the page; 0 for any.
    """

    folder: Path
    name: str
    invitation: str
    operators: tuple[bytes, ...]
    auto: bool
    staff_id: str
    passcode: str
    port: int


class Ready(msgspec.Struct, frozen=True, tag="ready", tag_field="event"):
    """The desk runs: addresses of its page and of its inspector."""

    device: str
    page: str
    inspect: str


class Decided(msgspec.Struct, frozen=True, tag="decided", tag_field="event"):
    """The scripted authorizer decided a case."""

    case_id: str


async def run_desk(options: Options, say: Callable[[object], None]) -> None:
    """Run until stopped.

    Raises:
        NotEnrolled, BadInvitation, KeyFileUnusable, FolderInUse: the folder is unusable.
    """
    with hold(options.folder), stop_signals() as stopped:
        await _serve(options, say, stopped)


async def _serve(
    options: Options, say: Callable[[object], None], stopped: Callable[[], Awaitable[None]]
) -> None:
    outside = production_outside()
    membership = Membership.begin(options.folder, options.name, options.invitation, outside.entropy)
    desks: list[Desk] = []
    pages: Pages[Command] = Pages(
        lambda: desks[0].state(), lambda command: desks[0].perform(command)
    )
    async with trio.open_nursery() as nursery:
        setup = Setup(
            device=membership.name,
            outside=outside,
            keys=membership.keys,
            credentials=membership.credentials,
            introduction=membership.introduction(Role.DESK),
            address=membership.address,
            dialer=WebSocketDialer(nursery),
            watch=pages.changed,
            welcomed=membership.welcomed,
        )
        async with open_desk(setup) as desk:
            desks.append(desk)
            page, inspect = await open_doors(
                nursery,
                page=_page(desk, pages),
                port=options.port,
                folder=options.folder,
                tree=desk.tree,
                keys=membership.keys,
                operators=options.operators,
                outside=outside,
            )
            say(Ready(membership.name, page, inspect))
            async with trio.open_nursery() as work:
                if options.auto:
                    clerk = DeskClerk(
                        desk,
                        options.staff_id,
                        options.passcode,
                        decided=lambda case_id: say(Decided(case_id)),
                    )
                    work.start_soon(clerk.work)
                await stopped()
                work.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


def _page(desk: Desk, pages: Pages[Command]) -> PageProgram:
    return PageProgram(
        title="背包银行 授权台",
        files=PAGE_FILES,
        commands=get_args(Command),
        session=pages,
        images=_Images(desk),
        density="dense",
    )


class _Images:
    """Images of the open cases for the desk's own page; a desk takes none in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def fetch(self, digest: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        return self._desk.image(bytes.fromhex(digest))

    async def keep(self, jpeg: bytes) -> str | Refusal:
        raise AssertionError(f"a desk was sent {len(jpeg)} bytes")


__all__ = ["Decided", "Options", "Ready", "run_desk"]
