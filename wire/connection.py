"""One end of a session at work: messages out, messages in, over whatever link there is now.

Both sides use the same `Connection`; `wire.client` and `wire.server` differ only in who dials and
who admits. It keeps the open requests of both directions; numbers and resending are `wire.session`,
the work on one link is `wire.carrier`.

It retries nothing and decides nothing about messages. Invariants: each message is handed over once;
when a session is lost, every open request and every tell that may not have arrived is reported; a
closed connection hands over nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import trio

from wire.asked import Asked
from wire.carrier import BYE_S_MAX, Carrier
from wire.codec import MessageCodec
from wire.envelope import Bye, ByeReason, Numbered, Refuse, Reply, Tell, encode_envelope
from wire.errors import (
    BadFrame,
    ChannelClosed,
    LinkLost,
    OutcomeUnknown,
    PeerMisbehaved,
    PeerRefused,
    WireError,
)
from wire.incoming import Handler, Incoming
from wire.link import LinkState, Status
from wire.message import Code, Refusal, ReplyT, Request
from wire.sealed import SealedChannel
from wire.session import Outgoing, Session, ask, refuse, reply, tell

INFLIGHT_ASKS_MAX: Final = 128
"""The most unanswered requests each way; one more waits at the asker, or is refused as busy."""


class Connection:
    """One end of one session.

    Args:
        codec: what is accepted from the peer.
        handler: gets every message that is no answer.
        undelivered: gets each tell that may not have arrived when its session was lost.
        watch: called after every change of `status`.
        session: where the conversation stands; a new one by default.
        reader_writes: see `wire.carrier.Carrier`; True for the server's side.

    Attributes:
        handler, undelivered, watch: as handed in; whoever is handed a connection may set them.
        peer_key: the peer's public key, on the server; empty on the client.
        identity: who the peer is; on the server what its authenticator said, on the client the
            server's `Welcome`; None before the first welcome.
        status: whether the peer can be reached now.
        session: numbers and buffers, for an inspector.
        unreadable: how many messages could not be decoded: a newer peer, usually.
    """

    def __init__(
        self,
        codec: MessageCodec,
        handler: Handler,
        *,
        undelivered: Callable[[object], None] = lambda _message: None,
        watch: Callable[[Status], None] = lambda _status: None,
        session: Session | None = None,
        reader_writes: bool = False,
    ) -> None:
        self.session = session if session is not None else Session()
        self.identity: object = None
        self.status = Status(LinkState.CONNECTING, trio.current_time())
        self.unreadable = 0
        self.misbehaved = False
        self.peer_key = b""
        self.handler = handler
        self.undelivered = undelivered
        self.watch = watch
        self._codec = codec
        self._reader_writes = reader_writes
        self._carrier: Carrier | None = None
        self._asked = Asked()
        self._to_answer: dict[int, Incoming] = {}
        self._correlation = 0
        self._room = trio.lowlevel.ParkingLot()
        self._changed = trio.lowlevel.ParkingLot()

    # ---- for the owner

    async def send(self, message: object) -> None:
        """Tell the peer; returns when the message is in the window, waits while that is full.

        Raises:
            LocalMisuse: no tagged Struct, or too large.
            LinkLost: the session is over; the message was not sent.
        """
        outgoing = tell(self._codec.encode(message), message)
        await trio.lowlevel.checkpoint()
        await self._until(lambda: self.session.has_room)
        if self._is_closed:
            raise LinkLost("the session is closed")
        self._offer(outgoing)

    def try_send(self, message: object) -> bool:
        """Tell the peer without waiting; False when the window is full or the session is over.

        Raises:
            LocalMisuse: no tagged Struct, or too large.
        """
        outgoing = tell(self._codec.encode(message), message)
        if self._is_closed or not self.session.has_room:
            return False
        self._offer(outgoing)
        return True

    async def request(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """Ask the peer and wait for the answer, at most `within` seconds.

        Raises:
            PeerRefused: the peer said no.
            OutcomeUnknown: it was sent, and no answer came in time or before the session was lost.
            LinkLost: it never left this machine.
            BadFrame: the answer is not of the request's reply type.
            LocalMisuse: no tagged Struct, or too large.
        """
        payload = self._codec.encode(request)
        expires_at = trio.current_time() + within
        if self._is_full:
            with trio.move_on_at(expires_at):
                await self._until(lambda: not self._is_full)
        if self._is_full or self._is_closed:
            await trio.lowlevel.checkpoint()
            raise LinkLost("the request never left this machine")
        self._correlation += 1
        correlation = self._correlation
        outgoing = ask(payload, correlation, expires_at, request)
        waiting = self._asked.add(correlation, expires_at)
        self._offer(outgoing)
        outcome: bytes | WireError | None = None
        try:
            outcome = await waiting.wait()
        finally:
            unsent = not isinstance(outcome, bytes) and self.session.withdraw(outgoing)
            self._asked.discard(correlation)
            self._freed()
        if isinstance(outcome, bytes):
            return self._codec.decode_reply(type(request), outcome)
        raise LinkLost("the request never left this machine") if unsent else outcome

    async def keep_deadlines(self) -> None:
        """End the requests whose time is over; runs until the connection is closed."""
        await self._asked.expire()

    async def until(self, *states: LinkState) -> Status:
        """Wait until the link is in one of `states`."""
        while self.status.state not in states:
            await self._changed.park()
        return self.status

    def close(self, reason: ByeReason) -> None:
        """End this session for good: nothing more is handed over, the peer is told why."""
        self.drop_link(reason)
        self._abandon()
        self._set_status(LinkState.CLOSED, self.status.error)

    def drop_link(self, reason: ByeReason) -> None:
        """End the present link, if any; the session may resume on another."""
        if self._carrier is not None:
            self._carrier.end(reason)

    # ---- for incoming requests

    def answer(self, incoming: Incoming, value: object) -> None:
        """Send the answer to a request of the peer; what `Incoming.reply` is made of."""
        correlation = incoming.correlation
        # The same number may stand for another request, once the session has been renewed.
        if correlation is None or self._to_answer.get(correlation) is not incoming:
            return
        payload = self._codec.encode_reply(value)
        if isinstance(value, Refusal):
            outgoing = refuse(value, correlation, len(payload))
        else:
            outgoing = reply(payload, correlation)
        del self._to_answer[correlation]
        if trio.current_time() <= incoming.expires_at:
            self._offer(outgoing)

    # ---- for client and server

    def renew(self, session_id: bytes) -> None:
        """The peer has opened a new session: report what the old one may have lost."""
        lost = self.session.renew(session_id)
        self._to_answer.clear()
        self.misbehaved = False
        unsent = {outgoing.correlation for outgoing in self.session.outstanding()}
        self._asked.settle_all(OutcomeUnknown, "the session was lost", but=unsent)
        self._report(lost)

    def set_status(self, state: LinkState, error: WireError | None = None) -> None:
        """Note whether the peer can be reached; a closed connection stays closed."""
        if not self._is_closed:
            self._set_status(state, error)

    async def carry(self, link: SealedChannel, peer_received: int) -> WireError:
        """Work over `link` until it ends; why it ended."""
        if self._is_closed:
            await link.aclose()
            return ChannelClosed("the session is closed")
        try:
            self.session.resume(peer_received)
        except PeerMisbehaved as misbehaviour:
            self.misbehaved = True
            await _say_goodbye(link, ByeReason.MISBEHAVED)
            self.set_status(LinkState.OFFLINE, misbehaviour)
            return misbehaviour
        carrier = Carrier(
            self.session, link, self._take, self._freed, reader_writes=self._reader_writes
        )
        self._carrier = carrier
        self.set_status(LinkState.ONLINE, self.status.error)
        problem: WireError = ChannelClosed("the link was ended here")
        try:
            problem = await carrier.run()
        finally:
            self._carrier = None
            self.misbehaved = carrier.misbehaved
            self.set_status(LinkState.OFFLINE, problem)
        return problem

    # ---- one envelope

    def _take(self, envelope: Numbered, now: float) -> Awaitable[None] | None:
        """Hand one new message to whom it concerns; what the handler wants to be awaited."""
        if isinstance(envelope, Reply):
            self._asked.settle(envelope.correlation, bytes(envelope.payload))
        elif isinstance(envelope, Refuse):
            self._asked.settle(envelope.correlation, PeerRefused(envelope.refusal))
        elif isinstance(envelope, Tell):
            return self._hand_over(bytes(envelope.payload), None, math.inf)
        elif envelope.deadline_ms > 0 and self._let_in(envelope.correlation, now):
            # With a deadline of 0 nobody waits any more: taken, and not carried out.
            expires_at = now + envelope.deadline_ms / 1000
            return self._hand_over(bytes(envelope.payload), envelope.correlation, expires_at)
        return None

    def _let_in(self, correlation: int, now: float) -> bool:
        """Whether another request may be worked on; if not, it is refused."""
        if len(self._to_answer) >= INFLIGHT_ASKS_MAX:
            self._to_answer = {
                number: asked for number, asked in self._to_answer.items() if asked.expires_at > now
            }
        if len(self._to_answer) < INFLIGHT_ASKS_MAX:
            return True
        busy = Refusal(Code.BUSY, "请求太多，请稍后再试", retryable=True)
        self._offer(refuse(busy, correlation, len(busy.message)))
        return False

    def _hand_over(
        self, payload: bytes, correlation: int | None, expires_at: float
    ) -> Awaitable[None] | None:
        incoming = Incoming(self, None, correlation, expires_at)
        if correlation is not None:
            self._to_answer[correlation] = incoming
        try:
            incoming.message = self._codec.decode(payload)
        except BadFrame as wrong:
            # A message that we do not know must not end the link: it would be sent again for ever.
            self.unreadable += 1
            said = "该项内容格式不正确，请核对后重新填写" if wrong.field else "对方不认识这种消息"
            incoming.reply(Refusal(Code.FORMAT, said, wrong.field))
            return None
        return self.handler(incoming)

    # ---- small parts

    def _offer(self, outgoing: Outgoing) -> None:
        if not self._is_closed:
            self.session.offer(outgoing)
            if self._carrier is not None:
                self._carrier.nudge()

    def _freed(self) -> None:
        if self._room:
            self._room.unpark_all()

    @property
    def _is_full(self) -> bool:
        return not self.session.has_room or len(self._asked) >= INFLIGHT_ASKS_MAX

    @property
    def _is_closed(self) -> bool:
        return self.status.state is LinkState.CLOSED

    async def _until(self, there_is_room: Callable[[], bool]) -> None:
        while not there_is_room() and not self._is_closed:
            await self._room.park()

    def _abandon(self) -> None:
        """The session is over: tell everybody who waits, hand back what may not have arrived."""
        sent_or_not = tuple(self.session.outstanding())
        unsent = {
            outgoing.correlation for outgoing in sent_or_not if self.session.withdraw(outgoing)
        }
        self._asked.settle_all(OutcomeUnknown, "the session is over", but=unsent)
        self._asked.settle_all(LinkLost, "the session is over")
        self._asked.close()
        self._report(sent_or_not)
        self.session.renew(b"")
        self._to_answer.clear()
        self._room.unpark_all()

    def _report(self, lost: tuple[Outgoing, ...]) -> None:
        for outgoing in lost:
            if outgoing.correlation is None:
                self.undelivered(outgoing.message)

    def _set_status(self, state: LinkState, error: WireError | None) -> None:
        self.status = Status(state, trio.current_time(), error)
        self._changed.unpark_all()
        self.watch(self.status)


async def _say_goodbye(link: SealedChannel, reason: ByeReason) -> None:
    """End a link that never carried the session; the farewell is a courtesy."""
    with trio.move_on_after(BYE_S_MAX), suppress(ChannelClosed):
        await link.send(encode_envelope(Bye(reason)))
    await link.aclose()


__all__ = [
    "INFLIGHT_ASKS_MAX",
    "Connection",
]
