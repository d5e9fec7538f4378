"""The office's one door: a process actor that serves the wire and hands messages to sessions.

It admits nobody (that is `admission`) and answers nothing (that is the session actor of
the device); it only knows which connection a device speaks over now. Asked to end, it tells every
peer that the office restarts, so that nobody takes the silence for a bad link.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
import trio

from actors import Inbox, Process
from actors.ports import Outside
from backoffice.office import BUSY, Keyed
from backoffice.peers.access import UPWARD
from backoffice.peers.admission import Admission
from backoffice.peers.devices import Device
from backoffice.peers.session import Left, Sessions
from wire.channel import Listener
from wire.codec import MessageCodec
from wire.connection import Connection
from wire.incoming import Handler, Incoming
from wire.keys import DeviceKeys
from wire.link import LinkState, Status
from wire.server import Server

log = structlog.get_logger("office")


class Gateway(Process):
    """Serves until stopped.

    Args:
        actors: the pool of sessions.
        opened: set when the office is whole; nobody is served before.
        listening: called with the address once peers can dial it.
    """

    def __init__(
        self,
        *,
        keys: DeviceKeys,
        listener: Listener,
        admission: Admission,
        sessions: Sessions,
        actors: Callable[[], Keyed],
        outside: Outside,
        opened: trio.Event,
        listening: Callable[[str], None],
    ) -> None:
        self._listener = listener
        self._admission = admission
        self._sessions = sessions
        self._actors = actors
        self._listening = listening
        self._opened = opened
        self._server = Server(
            static=keys.noise,
            signing_key=keys.signing.public,
            authenticator=admission,
            open_session=self._open_session,
            codec=MessageCodec(UPWARD),
            entropy=outside.entropy,
            now_ms=outside.wall.now_ms,
            crashed=_crashed,
        )

    async def started(self) -> None:
        """Learn the open invitations before anybody knocks."""
        await self._admission.load()

    async def run(self, inbox: Inbox) -> None:
        """Accept peers; a `Device` in the mailbox ends that device's session."""
        await self._opened.wait()
        async with trio.open_nursery() as nursery:
            address = await nursery.start(self._server.serve, self._listener)
            self._listening(address)
            async for delivery in inbox:
                if isinstance(delivery.message, Device):
                    self._server.revoke(delivery.message.noise)
            await self._server.shut_down()
            nursery.cancel_scope.cancel()

    def inspect(self) -> dict[str, object]:
        """How many peers there are, and how greetings ended."""
        return {
            "sessions": len(self._server.connections),
            "greetings": self._server.greetings,
            "ended": dict(sorted(self._server.counts.items())),
        }

    def _open_session(self, connection: Connection) -> Handler:
        device = connection.identity
        assert isinstance(device, Device), "the admission names a device"
        self._sessions.attach(device.device, connection)
        session = self._actors().ref(device.device)

        def follow(status: Status) -> None:
            if status.state is LinkState.CLOSED and self._sessions.of(device.device) is None:
                session.tell(Left())

        connection.watch = follow

        def handle(incoming: Incoming) -> None:
            if not session.tell(incoming):
                incoming.reply(BUSY)

        return handle


def _crashed(identity: object, fault: Exception) -> None:
    """One session is over because of our own code; whoever reads the log should mend that."""
    device = identity.device if isinstance(identity, Device) else ""
    log.error("session_crashed", device=device, exc_info=fault)


__all__ = ["Gateway"]
