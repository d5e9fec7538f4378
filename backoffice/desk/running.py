"""A desk as a process: its program, its page, and the scripted authorizer in place of a person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import msgspec
import trio

from backoffice.desk.clerk import DeskClerk
from backoffice.desk.page_model import Asked, SignOutHere
from backoffice.desk.program import Desk, Setup, open_desk
from supervisors.client import Client, ClientOptions, Joining
from wire.message import Refusal
from wire.messages.session import Role
from wire.page import PageProgram, Pages

PAGE_FILES: Final = Path(__file__).parent / "page"


@dataclass(frozen=True, kw_only=True)
class Options(ClientOptions):
    """How a desk is run.

    Attributes:
        auto: a scripted authorizer approves whatever agrees.
        staff_id: who the scripted authorizer is.
    """

    auto: bool
    staff_id: str
    passcode: str


class Decided(msgspec.Struct, frozen=True, tag="decided", tag_field="event"):
    """The scripted authorizer decided a case."""

    case_id: str


async def run_desk(options: Options, say: Callable[[object], None]) -> None:
    """Run until stopped.

    Raises:
        NotEnrolled, BadInvitation, KeyFileUnusable, FolderUnusable: the folder is unusable.
    """
    desks: list[Desk] = []
    pages: Pages[Asked] = Pages(
        lambda: desks[0].state(),
        lambda asked: desks[0].answer(asked),
        leaving=SignOutHere,
    )

    @asynccontextmanager
    async def start(joining: Joining) -> AsyncIterator[Desk]:
        membership = joining.membership
        setup = Setup(
            device=membership.name,
            outside=joining.outside,
            keys=membership.keys,
            credentials=membership.credentials,
            introduction=membership.introduction(Role.DESK),
            address=membership.address,
            dialer=joining.dialer,
            watch=pages.changed,
            welcomed=membership.welcomed,
        )
        async with open_desk(setup) as desk:
            desks.append(desk)
            yield desk

    async def work(desk: Desk, _done: Callable[[], None]) -> None:
        clerk = DeskClerk(
            desk,
            options.staff_id,
            options.passcode,
            decided=lambda case_id: say(Decided(case_id)),
        )
        await clerk.work()

    client = Client(start, lambda desk: _page(desk, pages), work if options.auto else None)
    await client.run(options, say)


def _page(desk: Desk, pages: Pages[Asked]) -> PageProgram:
    return PageProgram(
        title="背包银行 授权台",
        files=PAGE_FILES,
        commands=get_args(Asked),
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


__all__ = ["Decided", "Options", "run_desk"]
