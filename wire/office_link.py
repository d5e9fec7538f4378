"""Where everybody in a client program finds the present connection to the office, if there is one.

The actor that owns the connection may crash and be restarted with a new one; whoever wants to ask
the office holds this instead, waits until the office can be reached, and asks.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import trio

from wire.connection import Connection
from wire.errors import LinkLost, OutcomeUnknown, PeerRefused
from wire.link import LinkState, Status
from wire.message import Code, Refusal, ReplyT, Request

OFFLINE: Final = Refusal(Code.BUSY, "现在连不上后台，请稍后再试", retryable=True)
"""What a person hears when a deed needs the link and there is none, or no answer came."""


class Reach(StrEnum):
    """Whether the office can be reached, as a person wants to know it.

    A lost link is tried again every few seconds; until one of these tries succeeds it is lost.
    """

    ONLINE = "online"
    CONNECTING = "connecting"
    """The first try since the program started."""
    OFFLINE = "offline"


class OfficeLink:
    """The present connection, and whether it reaches the office.

    Args:
        watch: called after every change of the status.

    Attributes:
        status: of the present connection; None before the first one.
        reach: in one word.
        since: since when it is that word, seconds of trio's clock; None before the first try.
    """

    def __init__(self, watch: Callable[[], None]) -> None:
        self._watch = watch
        self._there = trio.Event()
        self._connection: Connection | None = None
        self.status: Status | None = None
        self.reach = Reach.CONNECTING
        self.since: float | None = None

    @property
    def is_online(self) -> bool:
        """Whether the office can be reached now."""
        return self.status is not None and self.status.state is LinkState.ONLINE

    def attach(self, connection: Connection | None) -> None:
        """The owner has a session now, or lost it."""
        self._connection = connection
        if connection is not None:
            self._there.set()
        else:
            self._there = trio.Event()

    def changed(self, status: Status) -> None:
        """Note the link's state and tell the watcher."""
        self.status = status
        reach = self._reach(status)
        if reach is not self.reach or self.since is None:
            self.reach, self.since = reach, status.since
        self._watch()

    def _reach(self, status: Status) -> Reach:
        match status.state:
            case LinkState.ONLINE:
                return Reach.ONLINE
            case LinkState.CONNECTING if self.reach is not Reach.ONLINE:
                return self.reach
            case _:
                return Reach.OFFLINE

    async def online(self) -> Connection:
        """Wait until the office can be reached."""
        while True:
            await self._there.wait()
            connection = self._connection
            if connection is not None:
                status = await connection.until(LinkState.ONLINE, LinkState.CLOSED)
                if status.state is LinkState.ONLINE:
                    return connection
            await trio.lowlevel.checkpoint()

    async def request(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """Ask the office as soon as it can be reached; for work that may wait.

        Raises:
            PeerRefused: the office said no.
            OutcomeUnknown: no answer within `within` seconds after the office could be reached.
            LinkLost: the request never left this machine.
        """
        connection = await self.online()
        return await connection.request(request, within=within)

    async def request_now(self, request: Request[ReplyT], *, within: float) -> ReplyT | Refusal:
        """Ask the office while a person waits: at most `within` seconds, the link included.

        Returns:
            The answer, the office's refusal, or `OFFLINE`, after which the outcome is unknown.
        """
        try:
            with trio.fail_after(within):
                return await self.request(request, within=within)
        except PeerRefused as refused:
            return refused.refusal
        except (trio.TooSlowError, LinkLost, OutcomeUnknown):
            return OFFLINE


__all__ = ["OFFLINE", "OfficeLink"]
