"""One enrolled device as an actor: what it says and what it is told comes through here.

Keyed by device id in the pool `sessions`. It checks the role × message matrix before anything looks
inside a message, asks the registry who the device is *now*, and lets the request be answered beside
the mailbox, so that a slow case never holds up another. It holds no truth: after a crash the next
message finds a fresh one, and the terminal asks again.
"""

from __future__ import annotations

from contextlib import suppress

from actors import Actor, TaskFailed, on
from actors.blobs import BlobError
from actors.errors import Overloaded
from actors.ref import Ref
from actors.store import StoreError
from backoffice.authorization.queue import Unwatch
from backoffice.management.manager import SEEN_EVERY_MS
from backoffice.office import BUSY, Office
from backoffice.peers.access import allowed
from backoffice.peers.desk_requests import DeskRequest, DeskRequests
from backoffice.peers.devices import Device
from backoffice.peers.manager_requests import ManagerRequest, answer_manager
from backoffice.peers.operator_requests import OperatorRequest, OperatorRequests
from backoffice.peers.settlement_requests import ManualRequest, answer_settlement
from backoffice.peers.sign_in import SignInRequest, answer_sign_in
from backoffice.peers.terminal_requests import TerminalRequest, TerminalRequests
from wire.connection import Connection
from wire.errors import WireError
from wire.incoming import Incoming
from wire.link import LinkState
from wire.message import Code, Message, Refusal
from wire.messages.case import CaseChanged
from wire.messages.desk import QueueChanged, WatchQueue

FORBIDDEN = Refusal(Code.FORBIDDEN, "该设备无权进行此操作")


class Sessions:
    """Which device speaks over which connection now."""

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}

    def attach(self, device: str, connection: Connection) -> None:
        """The device has a session; a former one is over."""
        self._connections[device] = connection

    def of(self, device: str) -> Connection | None:
        """The live session of a device, or None."""
        connection = self._connections.get(device)
        if connection is not None and connection.status.state is LinkState.CLOSED:
            del self._connections[device]
            return None
        return connection


class Left(Message, frozen=True):
    """Who was signed in at the device is not any more, or its connection is over."""


class DeviceSession(Actor):
    """Answers one device.

    Args:
        device: its id.
        sessions: finds its connection.
    """

    def __init__(
        self,
        device: str,
        sessions: Sessions,
        office: Office,
        operator: OperatorRequests,
    ) -> None:
        self._device = device
        self._sessions = sessions
        self._office = office
        self._terminal = TerminalRequests(office)
        self._desk = DeskRequests(office)
        self._operator = operator
        self._answering = 0
        self._noted_ms = 0
        self._watched: Ref | None = None

    def busy(self) -> bool:
        """It stays while its device may speak or be told something."""
        return self._answering > 0 or self._sessions.of(self._device) is not None

    def inspect(self) -> dict[str, object]:
        """The link, never what is said over it."""
        connection = self._sessions.of(self._device)
        return {
            "link": connection.status.state if connection else "none",
            "answering": self._answering,
        }

    @on(Incoming)
    def hear(self, incoming: Incoming) -> None:
        """A request or a fact from the device."""
        identity = incoming.connection.identity
        assert isinstance(identity, Device), "only admitted devices have a session"
        if not allowed(identity.role, type(incoming.message)):
            incoming.reply(FORBIDDEN)
            return
        self._answering += 1
        self.context.start_task(
            type(incoming.message).__name__, lambda: self._answer(incoming, identity.union)
        )

    @on(TaskFailed)
    def fail(self, message: TaskFailed) -> None:
        """Answering crashed: the asker's outcome is unknown; the failure is the supervisor's."""
        self._answering -= 1
        raise message.error

    @on(CaseChanged)
    def tell_case(self, message: CaseChanged) -> None:
        """A hint to the terminal; a missed one is made good at the next reconnect."""
        self._tell(message)

    @on(QueueChanged)
    def tell_queue(self, message: QueueChanged) -> None:
        """The newest queue to the desk; a newer one follows if this one is missed."""
        if self._watched is not None:
            self._tell(message)

    @on(Left)
    def leave(self, _message: Left) -> None:
        """Whoever sits there next asks for the queue again."""
        watched, self._watched = self._watched, None
        if watched is not None:
            watched.tell(Unwatch(self.context.path))

    def _tell(self, message: CaseChanged | QueueChanged) -> None:
        connection = self._sessions.of(self._device)
        if connection is not None:
            connection.try_send(message)

    async def _answer(self, incoming: Incoming, union: str) -> None:
        answer: object = BUSY
        try:
            device = await self._office.device(self._device)
            if isinstance(device, Refusal):
                answer = device
            else:
                answer = await self._answer_to(device, incoming.message)
        except (StoreError, BlobError, WireError, Overloaded):
            answer = BUSY
        incoming.reply(answer)
        await self._note(union)
        self._answering -= 1

    async def _note(self, union: str) -> None:
        """That the device spoke, for whoever looks after the fleet; now and then is enough."""
        now_ms = self._office.outside.wall.now_ms()
        if now_ms - self._noted_ms >= SEEN_EVERY_MS:
            self._noted_ms = now_ms
            # Nobody waits for it: a store that fails here fails whoever asks next.
            with suppress(StoreError):
                await self._office.managers.note_seen(union, self._device)

    async def _answer_to(self, device: Device, message: object) -> object:
        if isinstance(message, SignInRequest):
            answer = await answer_sign_in(self._office, device, message)
            if not isinstance(answer, Refusal):
                self.leave(Left())
            return answer
        if isinstance(message, TerminalRequest):
            return await self._terminal.answer(device, message)
        if isinstance(message, DeskRequest):
            return await self._answer_desk(device, message)
        if isinstance(message, ManualRequest):
            return await answer_settlement(self._office, device, message)
        if isinstance(message, ManagerRequest):
            return await answer_manager(self._office, device, message)
        if isinstance(message, OperatorRequest):
            return await self._operator.answer(device, message)
        return FORBIDDEN

    async def _answer_desk(self, device: Device, message: DeskRequest) -> object:
        """A queue is watched from before it is asked for, so that no push is missed."""
        if not isinstance(message, WatchQueue):
            return await self._desk.answer(device, self.context.me, message)
        queue = self._watched = self._office.queue(device.union)
        answer = await self._desk.answer(device, self.context.me, message)
        if self._watched is not queue:
            # Signed out while it was asked for: the question may have come after the farewell.
            queue.tell(Unwatch(self.context.path))
        return answer


__all__ = ["DeviceSession", "Left", "Sessions"]
