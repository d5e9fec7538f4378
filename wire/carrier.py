"""One session at work over one link: a task that reads, one that writes, one that tends.

The writer is a task of its own, so that a cancelled caller never leaves half a frame on the wire
and a reader is never blocked by a peer that does not read. The tender sends acknowledgements that
found no message to travel with, and takes a silent link for dead.

It knows no message types: `take` gets each new envelope. Invariants: `take` has finished with a
message before it is acknowledged; the reader is never cancelled in the middle of it (it notices
the end of its link when it wants the next frame); after `end` nothing more is taken.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from wire.envelope import (
    Bye,
    ByeReason,
    Numbered,
    Ping,
    Rekey,
    decode_envelope,
    encode_envelope,
)
from wire.errors import ChannelClosed, PeerMisbehaved, WireError
from wire.link import SaidGoodbye
from wire.sealed import SealedChannel
from wire.session import ACK_DELAY_S, Session

PING_AFTER_S: Final = 15.0
"""After so long without a frame the peer is asked for a sign of life."""

SILENCE_S_MAX: Final = 40.0
"""After so long without a frame the link is taken for dead."""

BYE_S_MAX: Final = 1.0
"""The longest that a link is kept open to say why it ends."""

Take = Callable[[Numbered, float], Awaitable[None] | None]
"""Hands one new envelope, which arrived at a time of trio's clock, to whom it concerns."""


class Carrier:
    """Carries `session` over `link` until either ends.

    Args:
        session: where the conversation stands.
        link: a sealed channel, after hello and welcome.
        take: see `Take`.
        freed: called when acknowledgements may have made room in the session's window.
        reader_writes: let the reader itself send what a handler answers at once. That saves a task
            switch, and holds up a peer that does not read. One side of a conversation at most may
            do so, or two readers could wait for each other for ever.

    Attributes:
        misbehaved: the peer broke the protocol inside the sealed channel. Only the peer itself can
            have done that, and it would do it again on the next link.
    """

    def __init__(
        self,
        session: Session,
        link: SealedChannel,
        take: Take,
        freed: Callable[[], None],
        *,
        reader_writes: bool,
    ) -> None:
        self.misbehaved = False
        self._session = session
        self._link = link
        self._take = take
        self._freed = freed
        self._reader_writes = reader_writes
        self._urgent: deque[bytes] = deque()  # pings and the farewell
        self._ending = False
        self._mute = False  # the link takes nothing any more
        self._taking = False
        self._flushing = False
        self._to_write = trio.Event()
        self._to_tend = trio.Event()
        self._written = trio.Event()
        self._heard_at = trio.current_time()

    def nudge(self) -> None:
        """The session has something to send."""
        if not (self._taking and self._reader_writes):
            self._to_write.set()

    def end(self, reason: ByeReason) -> None:
        """Take nothing more, say why, and close."""
        if not self._ending:
            self._ending = True
            self._urgent.append(encode_envelope(Bye(reason)))
            self._to_write.set()
            self._to_tend.set()

    async def run(self) -> WireError:
        """Work until the link ends; why it did. What a handler raises passes through."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                nursery.start_soon(self._tend)
                problem = await self._read()
                if self._ending and not self._mute:
                    with trio.move_on_after(BYE_S_MAX):
                        await self._written.wait()
                nursery.cancel_scope.cancel()
        finally:
            await self._shut()
        return problem

    # ---- the reader

    async def _read(self) -> WireError:
        session, link = self._session, self._link
        while True:
            try:
                plain = await link.receive()
            except WireError as ended:
                return ended
            if self._ending:
                return ChannelClosed("the link was ended here")
            now = self._heard_at = trio.current_time()
            try:
                envelope = decode_envelope(plain)
                fresh = session.arrived(envelope)
            except PeerMisbehaved as misbehaviour:
                self.misbehaved = True
                self.end(ByeReason.MISBEHAVED)
                return misbehaviour
            self._freed()
            if fresh is not None:
                await self._taken(fresh, now)
            elif isinstance(envelope, Rekey):
                link.rekey_receiving()
            elif isinstance(envelope, Ping):
                session.answer_ping(now)
                self.nudge()
            elif isinstance(envelope, Bye):
                return SaidGoodbye(envelope.reason)

    async def _taken(self, envelope: Numbered, now: float) -> None:
        """See one new message into its owner's hands, and owe an acknowledgement."""
        self._taking = True
        try:
            handled = self._take(envelope, now)
        finally:
            self._taking = False
        if handled is not None:
            # A peer is not silent while it is we who do not listen.
            self._heard_at = math.inf
            self.nudge()
            await handled
            now = self._heard_at = trio.current_time()
            self._to_tend.set()
        self._session.taken(now)
        if self._reader_writes:
            await self._flush()
        elif self._session.due_at <= now:
            self._to_write.set()
        if self._session.due_at < math.inf:
            self._to_tend.set()

    # ---- the writer

    async def _write(self) -> None:
        while True:
            if self._to_write.is_set():
                self._to_write = trio.Event()
            await self._flush()
            if self._mute:
                return
            if self._ending:
                break
            await self._to_write.wait()
        self._written.set()
        await self._shut()

    async def _flush(self) -> None:
        """Send all there is; whoever comes second leaves it to the first."""
        if self._flushing or self._mute:
            return
        self._flushing = True
        try:
            while (plain := self._next_plain()) is not None:
                await self._link.send(plain)
        except ChannelClosed:
            # The reader will find out by itself; a farewell may still be waiting to be read.
            self._mute = True
            self._to_tend.set()
        finally:
            self._flushing = False

    def _next_plain(self) -> bytes | None:
        if self._urgent:
            return self._urgent.popleft()
        if self._ending:
            return None
        return self._session.next_frame(trio.current_time())

    # ---- the tender

    async def _tend(self) -> None:
        asked_at = -math.inf
        while trio.current_time() < self._heard_at + SILENCE_S_MAX and not self._is_closing:
            ping_at = max(self._heard_at, asked_at) + PING_AFTER_S
            if trio.current_time() >= ping_at:
                asked_at = trio.current_time()
                self._urgent.append(encode_envelope(Ping()))
                self._to_write.set()
                continue
            if self._to_tend.is_set():
                self._to_tend = trio.Event()
            with trio.move_on_at(min(ping_at, self._heard_at + SILENCE_S_MAX)):
                await self._to_tend.wait()
                await self._see_to_acknowledgements()
        with trio.move_on_after(BYE_S_MAX if self._is_closing else 0):
            await self._written.wait()
        await self._shut()

    async def _see_to_acknowledgements(self) -> None:
        """Most debts are paid before long by a message; a look after each would cost more."""
        while self._session.due_at < math.inf and not self._is_closing:
            await trio.sleep(ACK_DELAY_S)
            if self._session.due_at <= trio.current_time():
                self._to_write.set()

    @property
    def _is_closing(self) -> bool:
        return self._ending or self._mute

    async def _shut(self) -> None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + BYE_S_MAX):
            await self._link.aclose()


__all__ = ["BYE_S_MAX", "PING_AFTER_S", "SILENCE_S_MAX", "Carrier", "Take"]
