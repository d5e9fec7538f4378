"""Two sessions and the worst link there is: exactly once, in order, or reported."""

from __future__ import annotations

import math
from collections import deque

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.envelope import Ack, Ask, Refuse, Reply, Tell, decode_envelope
from wire.errors import LocalMisuse, PeerMisbehaved
from wire.message import Code, Refusal
from wire.session import (
    ACK_DELAY_S,
    ACK_EVERY_MESSAGES,
    PENDING_MESSAGES_MAX,
    WINDOW_BYTES_MAX,
    WINDOW_MESSAGES_MAX,
    Outgoing,
    Session,
    ask,
    refuse,
    reply,
    tell,
)

ANY = msgspec.Raw(b"\0")
"""Any payload will do."""


def note(number: int) -> Outgoing:
    """A tell that can be recognised: its payload is a small integer."""
    return tell(number.to_bytes(1, "big"), number)


def sent(session: Session, now: float = 0.0) -> list[bytes]:
    """Everything that has to go out now."""
    frames = []
    while (frame := session.next_frame(now)) is not None:
        frames.append(frame)
    return frames


def take(session: Session, frame: bytes, now: float = 0.0) -> int | None:
    """Receive one frame; the number in the note that it brought, if it brought one."""
    fresh = session.arrived(decode_envelope(frame))
    if fresh is None:
        return None
    session.taken(now)
    assert isinstance(fresh, Tell)
    return bytes(fresh.payload)[0]


class Side:
    """One end, what it has told and what it has heard."""

    def __init__(self) -> None:
        self.session = Session(b"s" * 16)
        self.told: list[int] = []
        self.heard: list[int] = []
        self.pipe: deque[bytes] = deque()  # what is on its way to the other side


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tell", "tell", "flush", "flush", "deliver", "deliver", "cut", "wait"]),
        st.booleans(),
        st.integers(1, 6),
    ),
    max_size=60,
)


def cut(one: Side, other: Side) -> None:
    """The link dies with everything in flight; on the next one both say what they took."""
    for side, peer in ((one, other), (other, one)):
        side.pipe.clear()
        side.session.resume(peer.session.received)


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_every_message_is_taken_exactly_once_in_order(steps: list[tuple[str, bool, int]]) -> None:
    """Whenever the link dies, in both directions, with any delay of acknowledgements."""
    one, other = Side(), Side()
    now = 0.0

    def deliver(side: Side, peer: Side, most: int) -> None:
        for _ in range(min(most, len(side.pipe))):
            number = take(peer.session, side.pipe.popleft(), now)
            if number is not None:
                peer.heard.append(number)

    for step, first, amount in steps:
        side, peer = (one, other) if first else (other, one)
        match step:
            case "tell" if side.session.has_room:
                side.session.offer(note(len(side.told) % 128))
                side.told.append(len(side.told) % 128)
            case "flush":
                side.pipe.extend(sent(side.session, now))
            case "deliver":
                deliver(side, peer, amount)
            case "cut":
                cut(one, other)
            case "wait":
                now += amount * ACK_DELAY_S / 3
        assert peer.heard == side.told[: len(peer.heard)]

    cut(one, other)
    for _ in range(3):
        now += ACK_DELAY_S
        for side, peer in ((one, other), (other, one)):
            side.pipe.extend(sent(side.session, now))
            deliver(side, peer, len(side.pipe))
    assert (one.told, other.told) == (other.heard, one.heard)
    assert (0, 0) == (one.session.pending, other.session.pending)


def test_messages_are_numbered_from_one_and_acknowledge_what_came() -> None:
    """Every message carries the highest number taken."""
    session = Session()
    session.arrived(Tell(1, 0, ANY))
    session.taken(0.0)
    session.offer(note(1))
    session.offer(note(2))

    assert [[1, 1, 1, 1], [1, 2, 1, 2]] == [
        msgspec.msgpack.decode(frame) for frame in sent(session)
    ]


def test_an_acknowledgement_waits_for_company_but_not_for_long() -> None:
    """Alone after a delay, at once after a number of messages, at once when asked."""
    session = Session()
    assert math.inf == session.due_at
    session.arrived(Tell(1, 0, ANY))
    session.taken(5.0)
    assert 5.0 + ACK_DELAY_S == session.due_at
    assert [] == sent(session, 5.0)
    assert [Ack(1)] == [decode_envelope(frame) for frame in sent(session, session.due_at)]
    assert math.inf == session.due_at

    for seq in range(2, ACK_EVERY_MESSAGES + 2):
        session.arrived(Tell(seq, 0, ANY))
        session.taken(6.0)
    assert [Ack(ACK_EVERY_MESSAGES + 1)] == [decode_envelope(frame) for frame in sent(session, 6.0)]

    session.answer_ping(7.0)
    assert [Ack(ACK_EVERY_MESSAGES + 1)] == [decode_envelope(frame) for frame in sent(session, 7.0)]


def test_the_window_is_bounded_in_messages_and_in_bytes() -> None:
    """Full is full, for tells and asks; answers are beyond it."""
    session = Session()
    for number in range(WINDOW_MESSAGES_MAX):
        session.offer(note(number % 128))
    assert not session.has_room
    with pytest.raises(LocalMisuse):
        session.offer(note(1))
    session.offer(reply(b"\xc0", 1))

    heavy = Session()
    for _ in range(WINDOW_BYTES_MAX // 65_000 + 1):
        heavy.offer(tell(bytes(65_000)))
    assert not heavy.has_room


def test_room_comes_back_with_acknowledgements() -> None:
    """By number and by bytes."""
    session = Session()
    for _ in range(WINDOW_MESSAGES_MAX):
        session.offer(note(1))
    sent(session)
    session.arrived(Ack(1))

    assert (True, 1, WINDOW_MESSAGES_MAX - 1) == (
        session.has_room,
        session.acknowledged,
        session.pending,
    )


def test_a_gap_is_misbehaviour_and_a_duplicate_is_nothing() -> None:
    """A channel keeps order: a missing number means a broken peer."""
    session = Session()
    session.arrived(Tell(1, 0, ANY))
    session.taken(0.0)

    assert session.arrived(Tell(1, 0, ANY)) is None
    with pytest.raises(PeerMisbehaved):
        session.arrived(Tell(3, 0, ANY))


def test_nobody_acknowledges_what_was_never_sent() -> None:
    """Not in a message, not in an acknowledgement, not when resuming; nor takes one back."""
    for forged in (Ack(2), Tell(1, 2, ANY)):
        session = Session()
        session.offer(note(1))
        sent(session)
        with pytest.raises(PeerMisbehaved):
            session.arrived(forged)
        with pytest.raises(PeerMisbehaved):
            session.resume(2)
        session.arrived(Ack(1))
        with pytest.raises(PeerMisbehaved):
            session.resume(0)


def test_a_peer_that_asks_on_without_acknowledging_is_stopped() -> None:
    """Answers are kept until acknowledged, so this is what bounds them."""
    session = Session()
    for seq in range(1, PENDING_MESSAGES_MAX + 1):
        session.arrived(Ask(seq, 0, seq, 1000, ANY))
        session.taken(0.0)
        session.offer(reply(b"\xc0", seq))
        sent(session)

    with pytest.raises(PeerMisbehaved, match="without acknowledging"):
        session.arrived(Ask(PENDING_MESSAGES_MAX + 1, 0, 1, 1000, ANY))


def test_what_was_never_sent_can_be_taken_back() -> None:
    """After that nobody will carry it out; what was sent cannot be unsent."""
    session = Session()
    early, late = note(1), note(2)
    session.offer(early)
    sent(session)
    session.offer(late)

    assert (False, True, False) == (
        session.withdraw(early),
        session.withdraw(late),
        session.withdraw(late),
    )
    assert [] == sent(session)


def test_a_lost_session_reports_what_was_sent_and_keeps_what_was_not() -> None:
    """Tells and asks that never left go out in the new session; old answers are pointless."""
    session = Session(b"a" * 16)
    early, late = note(1), note(2)
    session.offer(early)
    session.offer(reply(b"\xc0", 9))
    sent(session)
    session.offer(late)
    session.offer(reply(b"\xc0", 10))
    session.offer(refuse(Refusal(Code.STATE, "不行"), 11, 10))

    lost = session.renew(b"b" * 16)

    assert [1, None] == [outgoing.message for outgoing in lost]
    assert (b"b" * 16, [late]) == (session.id, list(session.outstanding()))
    assert [2] == [bytes(frame)[-1] for frame in sent(session)]


def test_an_ask_says_how_long_is_left_at_the_moment_of_sending() -> None:
    """Waiting in the window counts; a deadline that has passed is 0."""
    session = Session()
    session.offer(ask(b"\xc0", 1, expires_at=10.0))
    first = decode_envelope(sent(session, 4.0)[0])
    session.resume(0)
    again = decode_envelope(sent(session, 12.0)[0])

    assert isinstance(first, Ask)
    assert isinstance(again, Ask)
    assert (6000, 0) == (first.deadline_ms, again.deadline_ms)


def test_answers_carry_the_correlation_of_their_ask() -> None:
    """A value and a refusal alike."""
    session = Session()
    session.offer(reply(b"\xc0", 41))
    session.offer(refuse(Refusal(Code.BUSY, "忙"), 42, 10))
    first, second = (decode_envelope(frame) for frame in sent(session))

    assert isinstance(first, Reply)
    assert isinstance(second, Refuse)
    assert (41, 42, Code.BUSY) == (first.correlation, second.correlation, second.refusal.code)
