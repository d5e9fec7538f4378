"""One end of a session at work: messages out, messages in, over whatever link there is now.

Both sides use the same `Connection`; `wire.client` and `wire.server` differ only in who dials and
who admits. It joins the rules of `wire.session` to trio: one task reads, one writes (so that a
cancelled caller never leaves half a frame on the wire, and a reader is never blocked by a peer that
does not read), one tends the acknowledgements and watches for silence.

It retries nothing and decides nothing about messages. Invariants: a message is in its handler's
hands before it is acknowledged; each message is handed over once; when a session is lost, every
open request and every tell that may not have arrived is reported; a closed connection hands over
nothing more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final, cast

import msgspec
import trio

from wire.codec import MessageCodec
from wire.envelope import (
    Ask,
    Bye,
    ByeReason,
    Envelope,
    Ping,
    Refuse,
    Rekey,
    Reply,
    Tell,
    decode_envelope,
    encode_envelope,
)
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
from wire.link import LinkState, SaidGoodbye, Status
from wire.message import Code, Refusal, ReplyT, Request
from wire.sealed import SealedChannel
from wire.session import ACK_DELAY_S, Outgoing, Session, ask, refuse, reply, tell

INFLIGHT_ASKS_MAX: Final = 128
"""The most unanswered requests each way; one more waits at the asker, or is refused as busy."""

PING_AFTER_S: Final = 15.0
"""After so long without a frame the peer is asked for a sign of life."""

SILENCE_S_MAX: Final = 40.0
"""After so long without a frame the link is taken for dead."""

BYE_S_MAX: Final = 1.0
"""The longest that a link is kept open to say why it ends."""


class _Waiting:
    """An asker, parked until its answer or its session's end."""

    __slots__ = ("event", "outcome")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.outcome: object = None

    def settle(self, outcome: object) -> None:
        self.outcome = outcome
        self.event.set()


class Connection:
    """One end of one session.

    Args:
        codec: what is accepted from the peer.
        handler: gets every message that is no answer.
        undelivered: gets each tell that may not have arrived when its session was lost.
        watch: called after every change of `status`.
        session: where the conversation stands; a new one by default.

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
    ) -> None:
        self.session = session if session is not None else Session()
        self.identity: object = None
        self.status = Status(LinkState.OFFLINE, trio.current_time())
        self.unreadable = 0
        self.misbehaved = False
        self.peer_key = b""
        self.handler = handler
        self.undelivered = undelivered
        self.watch = watch
        self._codec = codec
        self._link: SealedChannel | None = None
        self._is_ending = False
        self._urgent: deque[bytes] = deque()
        self._asked: dict[int, _Waiting] = {}
        self._to_answer: dict[int, Incoming] = {}
        self._correlation = 0
        self._room = trio.lowlevel.ParkingLot()
        self._changed = trio.lowlevel.ParkingLot()
        self._write_wake = trio.Event()
        self._tend_wake = trio.Event()
        self._written = trio.Event()
        self._heard_at = -math.inf

    # ---- for the owner

    async def send(self, message: object) -> None:
        """Tell the peer; returns when the message is in the window, waits while that is full.

        Raises:
            LocalMisuse: no tagged Struct, or too large.
            LinkLost: the session is over; the message was not sent.
        """
        outgoing = tell(self._codec.encode(message), message)
        await trio.lowlevel.checkpoint()
        await self._until_room()
        self._offer(outgoing)

    def try_send(self, message: object) -> bool:
        """Tell the peer without waiting; False when the window is full or the session is over.

        Raises:
            LocalMisuse: no tagged Struct, or too large.
        """
        outgoing = tell(self._codec.encode(message), message)
        if self.status.state is LinkState.CLOSED or not self.session.has_room:
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
        waiting = _Waiting()
        outgoing: Outgoing | None = None
        self._correlation += 1
        correlation = self._correlation
        try:
            with trio.move_on_at(expires_at):
                await self._until_room(for_ask=True)
                outgoing = ask(payload, correlation, expires_at, request)
                self._asked[correlation] = waiting
                self._offer(outgoing)
                await waiting.event.wait()
        finally:
            if waiting.outcome is None:
                self._asked.pop(correlation, None)
                if outgoing is None or self.session.withdraw(outgoing):
                    waiting.outcome = LinkLost("the request never left this machine")
            self._room.unpark_all()
        if waiting.outcome is None:
            raise OutcomeUnknown("no answer in time")
        return self._settled(type(request), waiting.outcome)

    async def until(self, *states: LinkState) -> Status:
        """Wait until the link is in one of `states`."""
        while self.status.state not in states:
            await self._changed.park()
        return self.status

    def close(self, reason: ByeReason) -> None:
        """End this session for good: nothing more is handed over, the peer is told why."""
        self._end_link(reason)
        self._abandon(LinkLost("the session is closed"))
        self._set_status(LinkState.CLOSED, self.status.error)

    def drop_link(self, reason: ByeReason) -> None:
        """End the present link, if any; the session may resume on another."""
        self._end_link(reason)

    # ---- for incoming requests

    def answer(self, incoming: Incoming, value: object) -> None:
        """Send the answer to a request of the peer; what `Incoming.reply` is made of."""
        correlation = incoming.correlation
        # The same number may stand for another request, once the session has been renewed.
        if correlation is None or self._to_answer.get(correlation) is not incoming:
            return
        if isinstance(value, Refusal):
            outgoing = refuse(value, correlation)
        else:
            outgoing = reply(self._codec.encode_reply(value), correlation)
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
        for correlation, waiting in list(self._asked.items()):
            if correlation not in unsent:
                waiting.settle(OutcomeUnknown("the session was lost"))
        self._report(lost)

    def set_status(self, state: LinkState, error: WireError | None = None) -> None:
        """Note whether the peer can be reached; a closed connection stays closed."""
        if self.status.state is not LinkState.CLOSED:
            self._set_status(state, error)

    async def carry(self, link: SealedChannel, peer_received: int) -> WireError:
        """Work over `link` until it ends; why it ended.

        The reader is never cancelled in the middle of a handler: it notices the end of its link
        when it wants the next frame.
        """
        problem: WireError = ChannelClosed("the link was ended here")
        if self.status.state is LinkState.CLOSED:
            return problem
        try:
            self.session.resume(peer_received)
        except PeerMisbehaved as misbehaviour:
            self.misbehaved = True
            await self._shut(link)
            return misbehaviour
        self._link, self._is_ending, self._written = link, False, trio.Event()
        self._urgent.clear()
        self._heard_at = trio.current_time()
        self.set_status(LinkState.ONLINE, self.status.error)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, link)
                nursery.start_soon(self._tend, link)
                try:
                    await self._read(link)
                except WireError as why:
                    problem = why
                if self._is_ending:
                    with trio.move_on_after(BYE_S_MAX):
                        await self._written.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._link = None
            await self._shut(link)
            self.set_status(LinkState.OFFLINE, problem)
        return problem

    # ---- the three tasks of a link

    async def _read(self, link: SealedChannel) -> None:
        while True:
            plain = await link.receive()
            if self._is_ending:
                return
            self._heard_at = now = trio.current_time()
            try:
                envelope = decode_envelope(plain)
                fresh = self.session.arrived(envelope)
            except PeerMisbehaved:
                # Inside the sealed channel only the peer itself can have done this, and it would do
                # it again on the next link: its session is over.
                self.misbehaved = True
                self._end_link(ByeReason.MISBEHAVED)
                raise
            if self._room:
                self._room.unpark_all()
            if fresh:
                # A peer is not silent while it is we who do not listen.
                self._heard_at = math.inf
                await self._take(envelope, now)
                self._heard_at = trio.current_time()
                self.session.taken(self._heard_at)
                if self.session.due_at <= self._heard_at:
                    self._write_wake.set()
                else:
                    self._tend_wake.set()
            elif isinstance(envelope, Rekey):
                link.rekey_receiving()
            elif isinstance(envelope, Ping):
                self.session.answer_ping(now)
                self._write_wake.set()
            elif isinstance(envelope, Bye):
                raise SaidGoodbye(envelope.reason)

    async def _write(self, link: SealedChannel) -> None:
        try:
            while True:
                self._write_wake = trio.Event()
                while (plain := self._next_plain()) is not None:
                    await link.send(plain)
                if self._is_ending:
                    break
                await self._write_wake.wait()
        except ChannelClosed:
            pass
        self._written.set()
        await self._shut(link)

    async def _tend(self, link: SealedChannel) -> None:
        """Send acknowledgements that found no message to travel with; watch for silence."""
        asked_at = -math.inf
        while trio.current_time() < self._heard_at + SILENCE_S_MAX:
            ping_at = max(self._heard_at, asked_at) + PING_AFTER_S
            if trio.current_time() >= ping_at:
                asked_at = trio.current_time()
                self._urgent.append(encode_envelope(Ping()))
                self._write_wake.set()
                continue
            self._tend_wake = trio.Event()
            with trio.move_on_at(min(ping_at, self._heard_at + SILENCE_S_MAX)):
                await self._tend_wake.wait()
                # Most debts are paid meanwhile by a message that carries the acknowledgement; to
                # look again after every message would cost more than sending it.
                while self.session.due_at < math.inf:
                    await trio.sleep(ACK_DELAY_S)
                    if self.session.due_at <= trio.current_time():
                        self._write_wake.set()
        await self._shut(link)

    def _next_plain(self) -> bytes | None:
        if self._urgent:
            return self._urgent.popleft()
        if self._is_ending:
            return None
        return self.session.next_frame(trio.current_time())

    async def _shut(self, link: SealedChannel) -> None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + BYE_S_MAX):
            await link.aclose()

    # ---- one envelope

    async def _take(self, envelope: Envelope, now: float) -> None:
        """Hand one new message to whom it concerns."""
        match envelope:
            case Reply(correlation=correlation, payload=payload):
                self._answered(correlation, bytes(payload))
            case Refuse(correlation=correlation, refusal=refusal):
                self._answered(correlation, PeerRefused(refusal))
            case Ask(correlation=correlation, deadline_ms=deadline_ms, payload=payload):
                # With a deadline of 0 nobody waits any more: taken, and not carried out.
                if deadline_ms > 0 and self._let_in(correlation, now):
                    await self._hand_over(payload, correlation, now + deadline_ms / 1000)
            case Tell(payload=payload):
                await self._hand_over(payload, None, math.inf)
            case _:
                raise AssertionError("only numbered envelopes are taken")

    def _answered(self, correlation: int, outcome: object) -> None:
        waiting = self._asked.pop(correlation, None)
        if waiting is not None:
            waiting.settle(outcome)

    def _let_in(self, correlation: int, now: float) -> bool:
        """Whether another request may be worked on; if not, it is refused."""
        if len(self._to_answer) >= INFLIGHT_ASKS_MAX:
            self._to_answer = {
                number: asked for number, asked in self._to_answer.items() if asked.expires_at > now
            }
        if len(self._to_answer) < INFLIGHT_ASKS_MAX:
            return True
        busy = Refusal(Code.BUSY, "请求太多，请稍后再试", retryable=True)
        self._offer(refuse(busy, correlation))
        return False

    async def _hand_over(
        self, payload: msgspec.Raw, correlation: int | None, expires_at: float
    ) -> None:
        incoming = Incoming(self, None, correlation, expires_at)
        if correlation is not None:
            self._to_answer[correlation] = incoming
        try:
            incoming.message = self._codec.decode(payload)
        except BadFrame:
            # A message that we do not know must not end the link: it would be sent again for ever.
            self.unreadable += 1
            incoming.reply(Refusal(Code.FORMAT, "对方不认识这种消息"))
            return
        handled = self.handler(incoming)
        if handled is not None:
            await handled

    # ---- small parts

    def _offer(self, outgoing: Outgoing) -> None:
        if self.status.state is not LinkState.CLOSED:
            self.session.offer(outgoing)
            self._write_wake.set()

    async def _until_room(self, *, for_ask: bool = False) -> None:
        while True:
            if self.status.state is LinkState.CLOSED:
                raise LinkLost("the session is closed")
            if self.session.has_room and not (for_ask and len(self._asked) >= INFLIGHT_ASKS_MAX):
                return
            await self._room.park()

    def _settled(self, request: type[Request[ReplyT]], outcome: object) -> ReplyT:
        if isinstance(outcome, WireError):
            raise outcome
        return self._codec.decode_reply(request, cast("bytes", outcome))

    def _end_link(self, reason: ByeReason) -> None:
        if self._link is not None and not self._is_ending:
            self._is_ending = True
            self._urgent.append(encode_envelope(Bye(reason)))
            self._write_wake.set()

    def _abandon(self, error: WireError) -> None:
        """The session is over: tell everybody who waits, hand back what may not have arrived."""
        sent_or_not = tuple(self.session.outstanding())
        unsent = {
            outgoing.correlation for outgoing in sent_or_not if self.session.withdraw(outgoing)
        }
        for correlation, waiting in list(self._asked.items()):
            waiting.settle(
                error if correlation in unsent else OutcomeUnknown("the session is over")
            )
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


__all__ = [
    "BYE_S_MAX",
    "INFLIGHT_ASKS_MAX",
    "PING_AFTER_S",
    "SILENCE_S_MAX",
    "Connection",
]
