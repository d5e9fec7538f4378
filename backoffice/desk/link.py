"""The desk's side of the wire: one supervised actor that keeps the session with the office.

It owns the connection, passes on the newest queue, and watches the queue again after every
reconnect and from time to time, because the office may have forgotten who watched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from actors import Inbox, Process
from actors.ports import Outside
from wire.channel import Dialer
from wire.client import Introduction, open_client
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.errors import LinkLost, OutcomeUnknown, PeerRefused
from wire.hello import Credentials
from wire.incoming import Incoming
from wire.link import LinkState
from wire.messages.desk import Queue, QueueChanged, WatchQueue
from wire.office_link import OfficeLink

REQUEST_S_MAX: Final = 15.0
"""How long one request to the office may take before its outcome counts as unknown, seconds."""

WATCH_S: Final = 20.0
"""How long a desk trusts that the office still knows it as a watcher, in seconds."""


class DeskLink(Process):
    """Keeps the session with the office for as long as the desk runs.

    Args:
        link: where the rest of the desk finds the connection.
        queue: gets every new queue; None when it can no longer be known.
    """

    def __init__(
        self,
        *,
        link: OfficeLink,
        dialer: Dialer,
        address: str,
        credentials: Credentials,
        introduction: Introduction,
        outside: Outside,
        queue: Callable[[Queue | None], None],
    ) -> None:
        self._link = link
        self._dialer = dialer
        self._address = address
        self._credentials = credentials
        self._introduction = introduction
        self._outside = outside
        self._queue = queue

    async def run(self, inbox: Inbox) -> None:
        """Serve until stopped; any message asks for the queue again (somebody signed in)."""
        async with open_client(
            self._dialer,
            self._address,
            credentials=self._credentials,
            introduction=self._introduction,
            codec=MessageCodec((QueueChanged,)),
            handler=self._heard,
            entropy=self._outside.entropy,
            chance=self._outside.random,
            watch=self._link.changed,
        ) as connection:
            self._link.attach(connection)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._keep_watching, connection)
                    async for _ in inbox:
                        await self._watch(connection)
                    nursery.cancel_scope.cancel()
            finally:
                self._link.attach(None)

    def inspect(self) -> dict[str, object]:
        """The link's state."""
        status = self._link.status
        return {"link": status.state if status else "none", "office": self._address}

    def _heard(self, incoming: Incoming) -> None:
        if isinstance(incoming.message, QueueChanged):
            self._queue(incoming.message.queue)

    async def _keep_watching(self, connection: Connection) -> None:
        while True:
            await connection.until(LinkState.ONLINE)
            await self._watch(connection)
            with trio.move_on_after(WATCH_S):
                await connection.until(LinkState.OFFLINE, LinkState.CLOSED)
                self._queue(None)

    async def _watch(self, connection: Connection) -> None:
        try:
            queue = await connection.request(WatchQueue(), within=REQUEST_S_MAX)
        except (PeerRefused, LinkLost, OutcomeUnknown):
            self._queue(None)
        else:
            self._queue(queue)


__all__ = ["REQUEST_S_MAX", "WATCH_S", "DeskLink"]
