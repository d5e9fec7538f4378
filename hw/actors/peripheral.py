"""The actor of one peripheral: it owns the line, runs the session on it, and answers.

A process actor with one loop: pieces from the line, requests from the mailbox and the session's
deadlines come to one place, in order. A lost link is a crash; the supervisor opens a new one after
its back-off. Deliberately not here: what a device does (`hw.device`) and how bytes travel
(`hw.transport`). Invariants: every request taken is answered before the actor ends; the queue of
unhandled pieces is bounded, and a full one ends the link instead of losing a piece.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import trio

from actors import Delivery, Inbox, Process, Ref
from hw.actors.panel import PeripheralStatus
from hw.device import Action, Answer, Device, Hang, Send, Session, Tell
from hw.errors import PeripheralError, PeripheralLost
from hw.messages import Abandon, DeviceRequest, Finish
from hw.transport import Piece, Transport
from wire.form import Capability

EVENTS_MAX = 512
"""The most pieces and requests that wait to be handled."""

BATTERY_EVERY_S = 60.0
CONNECT_S_MAX = 10.0
CLOSE_S_MAX = 3.0

FrameT = TypeVar("FrameT")


class _Battery(msgspec.Struct, frozen=True):
    percent: int | None


_Event = Piece | Delivery | _Battery


class Peripheral(Process):
    """One peripheral under its supervisor.

    Attributes:
        name: which peripheral this is; also its place in the panel.
    """

    def __init__(
        self, name: Capability, device: Device[Any], transport: Transport, panel: str
    ) -> None:
        """Take the device and its line, and the id of the sibling that shows its state."""
        self.name = name
        self._session: Session[Any] = Session(device)
        self._transport = transport
        self._panel = panel
        self._asked: list[Delivery] = []
        self._shown: PeripheralStatus | None = None
        self._last_error = ""

    def inspect(self) -> dict[str, object]:
        """State, link and battery; never what was read."""
        return {
            "state": self._session.device.shown_state,
            "epoch": self._session.epoch,
            "battery": self._session.battery,
            "frames": self._session.device.frames_heard,
            "discarded": self._session.device.decoder.discarded,
            "stale": self._session.stale,
            "last_error": self._last_error,
        }

    async def run(self, inbox: Inbox) -> None:
        """Open the line and converse until asked to end.

        Raises:
            PeripheralLost: the link could not be opened or died.
        """
        self._show("connecting")
        try:
            async with self._link() as epoch:
                await self._perform(self._session.link_up(epoch, self.context.now()))
                await self._live(inbox)
        except PeripheralLost as lost:
            self._last_error = str(lost)
            raise
        finally:
            await self._perform(self._session.link_lost(self.context.now()), last=True)
            for delivery in self._asked:
                delivery.fail(PeripheralLost("the peripheral went away"))
            self._show("offline")

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[int]:
        try:
            with trio.fail_after(CONNECT_S_MAX):
                epoch = await self._transport.open()
            yield epoch
        except trio.TooSlowError:
            raise PeripheralLost("no connection in time") from None
        finally:
            with trio.move_on_after(CLOSE_S_MAX, shield=True):
                await self._transport.close()

    async def _live(self, inbox: Inbox) -> None:
        """Three feeders and the one loop that handles; the first loss ends them all."""
        send, receive = trio.open_memory_channel[_Event](EVENTS_MAX)
        lost: list[PeripheralLost] = []

        async def feed_pieces() -> None:
            while True:
                try:
                    send.send_nowait(await self._transport.receive())
                except trio.WouldBlock:
                    raise PeripheralLost("pieces came faster than they were handled") from None

        async def feed_battery() -> None:
            while True:
                await send.send(_Battery(await self._transport.battery()))
                await trio.sleep(BATTERY_EVERY_S)

        async def feed_requests() -> None:
            async for delivery in inbox:
                self._asked.append(delivery)
                await send.send(delivery)

        async def guarded(feeder: Callable[[], Awaitable[None]]) -> None:
            try:
                await feeder()
            except PeripheralLost as error:
                lost.append(error)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            for feeder in (feed_pieces, feed_battery, feed_requests):
                nursery.start_soon(guarded, feeder)
            await guarded(lambda: self._handle(receive))
        if lost:
            raise lost[0]

    async def _handle(self, events: trio.MemoryReceiveChannel[_Event]) -> None:
        while True:
            self._show(self._session.device.shown_state)
            event: _Event | None = None
            with trio.move_on_after(max(self._session.due() - self.context.now(), 0.0)):
                event = await events.receive()
            now = self.context.now()
            if event is None:
                actions = self._session.tick(now)
            elif isinstance(event, Piece):
                actions = self._session.received(event.epoch, event.data, now)
            elif isinstance(event, Delivery):
                actions = self._asked_for(event, now)
            else:
                self._session.battery, actions = event.percent, []
            await self._perform(actions)

    def _asked_for(self, delivery: Delivery, now: float) -> list[Action]:
        message = delivery.message
        if isinstance(message, DeviceRequest):
            return self._session.start(message, now)
        self._asked.remove(delivery)
        if isinstance(message, Abandon):
            return self._session.abandon(message.ticket, now)
        if isinstance(message, Finish):
            return self._session.finish(message.ticket, now)
        delivery.fail(PeripheralError("no such request"))
        return []

    async def _perform(self, actions: list[Action], *, last: bool = False) -> None:
        """Do what the session wants; the last time there is no line to send on."""
        for action in actions:
            match action:
                case Send(data):
                    if not last:
                        await self._transport.send(data)
                case Answer(request, outcome):
                    self._answer(request, outcome)
                case Tell(message):
                    self._tell(message)
                case Hang(reason):
                    raise PeripheralLost(reason)

    def _answer(self, request: DeviceRequest[Any], outcome: object) -> None:
        for delivery in self._asked:
            if delivery.message is request:
                self._asked.remove(delivery)
                if isinstance(outcome, PeripheralError):
                    self._last_error = f"{type(outcome).__name__}: {outcome}"
                    delivery.fail(outcome)
                else:
                    self._last_error = ""
                    delivery.reply(outcome)
                return

    def _tell(self, message: object) -> None:
        panel = self._panel_ref()
        if panel is not None:
            panel.tell(message)

    def _show(self, state: str) -> None:
        status = PeripheralStatus(self.name, state, self._last_error, self._session.battery)
        if status != self._shown:
            self._shown = status
            self._tell(status)

    def _panel_ref(self) -> Ref | None:
        return self.context.lookup(f"{self.context.path.rpartition('/')[0]}/{self._panel}")


__all__ = ["Peripheral"]
