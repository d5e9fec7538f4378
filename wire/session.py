"""A conversation that outlives its channels: numbered, acknowledged, resumed. Sans-IO.

A channel keeps order but may die at any moment, and then nobody knows how much of what was in
flight arrived. A session numbers what it sends, keeps it until the peer has acknowledged it, and on
the next channel both sides say what they took, so the rest is sent again. It does no cryptography,
reads no clock (`now` is handed in, in seconds of any steadily growing clock) and moves no bytes.

An acknowledgement says that the peer's live session has *taken* a message, not that it has been
carried out: whatever must not be lost is a request, answered after the commit.

Invariants: what is taken from a session was sent by its peer, exactly once, in order; what is not
acknowledged is kept or reported as lost, never forgotten; the buffer never exceeds its bounds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from wire.envelope import (
    DEADLINE_MS_MAX,
    Ack,
    Ask,
    Envelope,
    Numbered,
    Refuse,
    Reply,
    Tell,
    encode_envelope,
)
from wire.errors import LocalMisuse, PeerMisbehaved
from wire.message import Refusal

WINDOW_MESSAGES_MAX: Final = 256
"""The most tells and asks that one side keeps unacknowledged."""

WINDOW_BYTES_MAX: Final = 1024 * 1024
"""The most payload bytes that one side keeps unacknowledged; reached, `has_room` is False."""

PENDING_MESSAGES_MAX: Final = WINDOW_MESSAGES_MAX + 256
"""The most unacknowledged messages, answers included; a peer that asks on has broken the rules."""

ACK_EVERY_MESSAGES: Final = 16
"""After so many messages taken an acknowledgement is sent at once."""

ACK_DELAY_S: Final = 0.1
"""The longest that an acknowledgement waits for a message that can carry it."""


class Outgoing:
    """One message on its way out, from `offer` until its acknowledgement.

    Attributes:
        correlation: of the ask, or of the ask that this answers; None for a tell.
        is_answer: True for a reply or a refusal.
        message: what the owner handed over, to be handed back if it is lost.
        size: payload bytes, which count against the window.
    """

    __slots__ = ("_envelope", "correlation", "is_answer", "message", "size")

    def __init__(
        self,
        envelope: Callable[[int, int, float], Numbered],
        *,
        message: object,
        correlation: int | None,
        is_answer: bool,
        size: int,
    ) -> None:
        self._envelope = envelope
        self.message = message
        self.correlation = correlation
        self.is_answer = is_answer
        self.size = size

    def frame(self, seq: int, ack: int, now: float) -> bytes:
        """The encoded envelope as it has to be sent now."""
        return encode_envelope(self._envelope(seq, ack, now))


def tell(payload: bytes, message: object = None) -> Outgoing:
    """A fact for the peer."""
    raw = msgspec.Raw(payload)
    return Outgoing(
        lambda seq, ack, _now: Tell(seq, ack, raw),
        message=message,
        correlation=None,
        is_answer=False,
        size=len(payload),
    )


def ask(payload: bytes, correlation: int, expires_at: float, message: object = None) -> Outgoing:
    """A request; `expires_at` is when its asker stops waiting, on the session's clock."""
    raw = msgspec.Raw(payload)

    def envelope(seq: int, ack: int, now: float) -> Ask:
        left_ms = max(0, min(DEADLINE_MS_MAX, round((expires_at - now) * 1000)))
        return Ask(seq, ack, correlation, left_ms, raw)

    return Outgoing(
        envelope, message=message, correlation=correlation, is_answer=False, size=len(payload)
    )


def reply(payload: bytes, correlation: int) -> Outgoing:
    """The answer to the peer's ask `correlation`."""
    raw = msgspec.Raw(payload)
    return Outgoing(
        lambda seq, ack, _now: Reply(seq, ack, correlation, raw),
        message=None,
        correlation=correlation,
        is_answer=True,
        size=len(payload),
    )


def refuse(refusal: Refusal, correlation: int, size: int) -> Outgoing:
    """A "no" to the peer's ask `correlation`; `size` is its encoded length in bytes."""
    return Outgoing(
        lambda seq, ack, _now: Refuse(seq, ack, correlation, refusal),
        message=refusal,
        correlation=correlation,
        is_answer=True,
        size=size,
    )


class Session:
    """One end of one conversation.

    Attributes:
        id: what the server calls this session; empty before the first welcome.
        sent: the highest number given to a message of ours.
        acknowledged: the highest number of ours that the peer has taken.
        received: the highest number of the peer's that we have taken.
    """

    def __init__(self, session_id: bytes = b"") -> None:
        self.id = session_id
        self.sent = 0
        self.acknowledged = 0
        self.received = 0
        self._queue: deque[Outgoing] = deque()  # never sent, no number yet
        self._window: deque[Outgoing] = deque()  # numbered acknowledged+1 … sent
        self._on_link = 0  # how many of the window went out on the present link
        self._bytes = 0
        self._ack_sent = 0
        self._ack_due_at = math.inf

    # ---- what we send

    @property
    def pending(self) -> int:
        """How many messages wait to be sent or acknowledged."""
        return len(self._queue) + len(self._window)

    @property
    def has_room(self) -> bool:
        """Whether another tell or ask is within the window."""
        return self.pending < WINDOW_MESSAGES_MAX and self._bytes < WINDOW_BYTES_MAX

    def offer(self, outgoing: Outgoing) -> None:
        """Keep `outgoing` until the peer has it.

        Answers are taken beyond the window: there is one for each ask that was let in, and those
        are bounded by the receiver.

        Raises:
            LocalMisuse: a tell or an ask, and the window is full.
        """
        if not outgoing.is_answer and not self.has_room:
            raise LocalMisuse("the window is full")
        self._queue.append(outgoing)
        self._bytes += outgoing.size

    def withdraw(self, outgoing: Outgoing) -> bool:
        """Take back a message that was never sent. False when it was, or is not ours."""
        try:
            self._queue.remove(outgoing)
        except ValueError:
            return False
        self._bytes -= outgoing.size
        return True

    def next_frame(self, now: float) -> bytes | None:
        """What has to be sent now, as an encoded envelope; None when nothing has.

        First what the last link may have lost, then what is new, then an acknowledgement that
        found no message to travel with.
        """
        if self._on_link < len(self._window):
            outgoing = self._window[self._on_link]
        elif self._queue:
            outgoing = self._queue.popleft()
            self._window.append(outgoing)
            self.sent += 1
        elif now >= self._ack_due_at:
            self._acknowledging()
            return encode_envelope(Ack(self.received))
        else:
            return None
        self._on_link += 1
        self._acknowledging()
        return outgoing.frame(self.acknowledged + self._on_link, self.received, now)

    @property
    def due_at(self) -> float:
        """When `next_frame` has something although nothing happened; infinity when never."""
        return self._ack_due_at

    # ---- what we receive

    def arrived(self, envelope: Envelope) -> Numbered | None:
        """Note the envelope's numbers; returns it when it is the next message, to be taken.

        None means that there is nothing to take: a bare acknowledgement, or a duplicate.

        Raises:
            PeerMisbehaved: a number is missing before this one, something is acknowledged that was
                never sent, or a peer asks on without acknowledging the answers.
        """
        if isinstance(envelope, (Tell, Ask, Reply, Refuse)):
            self._acknowledged(envelope.ack)
            if envelope.seq == self.received + 1:
                if isinstance(envelope, Ask) and self.pending >= PENDING_MESSAGES_MAX:
                    raise PeerMisbehaved("the peer asks on without acknowledging the answers")
                return envelope
            if envelope.seq > self.received:
                raise PeerMisbehaved("a message is missing in the sequence")
        elif isinstance(envelope, Ack):
            self._acknowledged(envelope.ack)
        return None

    def taken(self, now: float) -> None:
        """The message that `arrived` let through is in its owner's hands; acknowledge it soon."""
        self.received += 1
        if self.received - self._ack_sent >= ACK_EVERY_MESSAGES:
            self._ack_due_at = now
        elif self._ack_due_at == math.inf:
            self._ack_due_at = now + ACK_DELAY_S

    def answer_ping(self, now: float) -> None:
        """The peer wants a sign of life: acknowledge now."""
        self._ack_due_at = now

    # ---- links come and go

    def resume(self, peer_received: int) -> None:
        """A new link is there and the peer has told the highest number that it took.

        Raises:
            PeerMisbehaved: it has forgotten what it acknowledged, or claims what was never sent.
        """
        if peer_received < self.acknowledged:
            raise PeerMisbehaved("the peer takes back an acknowledgement")
        self._acknowledged(peer_received)
        self._on_link = 0
        self._acknowledging()

    def renew(self, session_id: bytes) -> tuple[Outgoing, ...]:
        """Begin a new session under `session_id`, because the peer no longer knows the old one.

        Returns what was sent and never acknowledged, in order: it may have been carried out or not,
        and only its owner knows what to do. What was never sent goes out in the new session, except
        answers, whose asks died with the old one.
        """
        lost = tuple(self._window)
        unsent = deque(outgoing for outgoing in self._queue if not outgoing.is_answer)
        self.id = session_id
        self.sent = self.acknowledged = self.received = 0
        self._queue, self._window = unsent, deque()
        self._on_link = 0
        self._bytes = sum(outgoing.size for outgoing in unsent)
        self._acknowledging()
        return lost

    def outstanding(self) -> Iterator[Outgoing]:
        """Everything not acknowledged, in order: first what was sent, then what was not."""
        yield from self._window
        yield from self._queue

    def _acknowledged(self, ack: int) -> None:
        if ack > self.sent:
            raise PeerMisbehaved("the peer acknowledges what was never sent")
        while self.acknowledged < ack:
            self._bytes -= self._window.popleft().size
            self.acknowledged += 1
            if self._on_link:
                self._on_link -= 1

    def _acknowledging(self) -> None:
        """What leaves now carries `received`, so no other acknowledgement is due."""
        self._ack_sent = self.received
        self._ack_due_at = math.inf


__all__ = [
    "ACK_DELAY_S",
    "ACK_EVERY_MESSAGES",
    "PENDING_MESSAGES_MAX",
    "WINDOW_BYTES_MAX",
    "WINDOW_MESSAGES_MAX",
    "Outgoing",
    "Session",
    "ask",
    "refuse",
    "reply",
    "tell",
]
