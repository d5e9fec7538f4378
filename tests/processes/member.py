"""A device that speaks to a running office from within a test, with the keys in its folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from actors.outside import production_outside
from wire.client import open_client
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.link import LinkState, Status
from wire.membership import Membership
from wire.messages.case import CaseChanged
from wire.messages.session import Role
from wire.socket import WebSocketDialer

ANSWER_S_MAX = 20.0


class Dialled:
    """A connection, and everything its status has been."""

    def __init__(self) -> None:
        self._moved = trio.Event()
        self.seen: list[Status] = []
        self.connection: Connection | None = None

    def watch(self, status: Status) -> None:
        """The status has changed."""
        self.seen.append(status)
        self._moved.set()
        self._moved = trio.Event()

    async def until(self, state: LinkState, *, failed: bool = False) -> Status:
        """Wait for a state, with an error if `failed`; the status then."""
        with trio.fail_after(ANSWER_S_MAX):
            while True:
                for status in self.seen:
                    if status.state is state and (not failed or status.error is not None):
                        return status
                await self._moved.wait()


@asynccontextmanager
async def dial(folder: Path, name: str = "", invitation: str = "") -> AsyncIterator[Dialled]:
    """Join with an invitation, or call as whoever the folder belongs to."""
    outside = production_outside()
    member = Membership.begin(folder, name, invitation, outside.entropy)
    dialled = Dialled()
    async with trio.open_nursery() as nursery:
        async with open_client(
            WebSocketDialer(nursery),
            member.address,
            credentials=member.credentials,
            introduction=member.introduction(Role.TERMINAL),
            codec=MessageCodec((CaseChanged,)),
            handler=lambda _incoming: None,
            entropy=outside.entropy,
            chance=outside.random,
            watch=dialled.watch,
        ) as connection:
            dialled.connection = connection
            yield dialled
        nursery.cancel_scope.cancel()


__all__ = ["ANSWER_S_MAX", "Dialled", "dial"]
