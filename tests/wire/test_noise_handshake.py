"""Handshakes between friends, between strangers, and with somebody in the middle."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.noise_pair import (
    INITIATOR_STATIC,
    PSK,
    RESPONDER_STATIC,
    entropy_from,
    shake,
    side,
    sides,
)
from wire.errors import HandshakeFailed, LocalMisuse
from wire.noise import IK, KK, NK, PATTERNS, XX, Handshake, IKpsk2, KeyPair, Pattern, Role, XXpsk3
from wire.noise.primitives import dh
from wire.noise.transport import MESSAGE_BYTES_MAX

ALL = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
patterns = st.sampled_from(list(PATTERNS.values()))

LOW_ORDER_POINTS = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ec" + "ff" * 30 + "7f"),
    bytes.fromhex("ed" + "ff" * 30 + "7f"),
    bytes.fromhex("ee" + "ff" * 30 + "7f"),
]


@ALL
def test_both_sides_end_with_the_same_conversation(pattern: Pattern) -> None:
    """Payloads arrive, the hashes agree, and each side knows whom it spoke to."""
    initiator, responder = sides(pattern)

    arrived = shake(initiator, responder, b"payload")

    assert [b"payload"] * len(pattern.messages) == arrived
    ours, theirs = initiator.into_transport(), responder.into_transport()
    assert ours.handshake_hash == theirs.handshake_hash
    assert RESPONDER_STATIC.public == ours.remote_static
    shown = INITIATOR_STATIC.public if pattern.needs_static(Role.INITIATOR) else None
    assert shown == theirs.remote_static


@given(patterns, st.integers(0, 2**32), st.lists(st.integers(0, 2000), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_payloads_of_any_size_arrive(pattern: Pattern, seed: int, sizes: list[int]) -> None:
    """Each message carries a payload of its own, and the transport works both ways afterwards."""
    initiator, responder = sides(pattern, seed=seed)
    writer, reader = initiator, responder
    for size, _tokens in zip(sizes, pattern.messages, strict=False):
        payload = entropy_from(seed + size)(size)
        assert payload == reader.read(writer.write(payload))
        writer, reader = reader, writer

    ours, theirs = initiator.into_transport(), responder.into_transport()
    assert b"there" == theirs.open(ours.seal(b"there"))
    assert b"back" == ours.open(theirs.seal(b"back"))


def test_an_initiator_knows_its_responder_only_when_it_is_proven() -> None:
    """`remote_static` appears with the message that shows it, and goes with a failure."""
    initiator, responder = sides(XX)
    responder.read(initiator.write(b""))
    seen = [initiator.remote_static]
    initiator.read(responder.write(b""))
    seen.append(initiator.remote_static)
    damaged = bytearray(initiator.write(b""))
    damaged[-1] ^= 1
    with pytest.raises(HandshakeFailed):
        responder.read(bytes(damaged))

    assert [None, RESPONDER_STATIC.public] == seen
    assert responder.remote_static is None


def played_with_a_flip(pattern: Pattern, number: int, position: int) -> tuple[bool, list[bytes]]:
    """Play a handshake, damaging one byte; whether both ends finished, and what arrived."""
    initiator, responder = sides(pattern)
    writer, reader = initiator, responder
    arrived: list[bytes] = []
    try:
        for current in range(len(pattern.messages)):
            message = bytearray(writer.write(b"open" if current == 0 else b"payload"))
            if current == number:
                message[position] ^= 1 << position % 8
            arrived.append(reader.read(bytes(message)))
            writer, reader = reader, writer
    except HandshakeFailed:
        return False, arrived
    return True, arrived


@ALL
def test_no_damaged_byte_survives(pattern: Pattern) -> None:
    """An attacker changes one byte of one message: the handshake fails, whichever byte it is.

    Only a first message without any key yet (XX) lets its payload through unproven; there, the
    attack comes out at the next message, and nothing that was encrypted ever arrives changed.
    """
    for number, overhead in enumerate(pattern.overhead_bytes):
        for position in range(overhead + (4 if number == 0 else 7)):
            finished, arrived = played_with_a_flip(pattern, number, position)
            assert not finished
            unproven = 1 if number == 0 and overhead == 32 else 0
            assert len(arrived) == number + unproven
            assert arrived[unproven:] == [b"open", *[b"payload"] * 3][unproven : len(arrived)]


@ALL
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_no_invented_message_is_accepted(pattern: Pattern, data: st.DataObject) -> None:
    """Arbitrary bytes never finish a handshake and never raise anything but the typed error."""
    initiator, responder = sides(pattern)
    try:
        responder.read(data.draw(st.binary(max_size=400)))
        initiator.write(b"")
        initiator.read(responder.write(b""))
    except HandshakeFailed:
        pass
    assert not initiator.finished


@ALL
def test_cut_and_stretched_messages_fail(pattern: Pattern) -> None:
    """Too short for its tokens, or longer than any Noise message."""
    message = side(pattern, Role.INITIATOR).write(b"")
    for wrong in (b"", message[:-1], bytes(MESSAGE_BYTES_MAX + 1)):
        with pytest.raises(HandshakeFailed):
            side(pattern, Role.RESPONDER).read(wrong)


@given(patterns, st.binary(max_size=50), st.binary(max_size=50))
@settings(max_examples=40, deadline=None)
def test_sides_with_different_prologues_never_agree(
    pattern: Pattern, ours: bytes, theirs: bytes
) -> None:
    """What was agreed on before is part of the handshake: equal it succeeds, different it fails."""
    initiator = side(pattern, Role.INITIATOR, prologue=ours)
    responder = side(pattern, Role.RESPONDER, prologue=theirs)
    if ours == theirs:
        shake(initiator, responder)
        assert initiator.finished
    else:
        with pytest.raises(HandshakeFailed):
            shake(initiator, responder)


@pytest.mark.parametrize(("pattern", "fails_at"), [(IKpsk2, 1), (XXpsk3, 2)], ids=lambda v: str(v))
def test_a_wrong_code_fails_where_it_is_mixed_in(pattern: Pattern, fails_at: int) -> None:
    """Messages before the psk token pass; the one with it does not."""
    initiator = side(pattern, Role.INITIATOR)
    responder = side(pattern, Role.RESPONDER, psk=bytes(32))
    writer, reader = initiator, responder
    for _ in range(fails_at):
        reader.read(writer.write(b""))
        writer, reader = reader, writer

    with pytest.raises(HandshakeFailed):
        reader.read(writer.write(b""))


def test_a_responder_may_learn_from_the_first_payload_which_code_to_use() -> None:
    """Enrolment: the ticket in message 1 tells the office which invitation is being used."""
    initiator = side(IKpsk2, Role.INITIATOR)
    responder = side(IKpsk2, Role.RESPONDER, psk=None)
    assert b"ticket" == responder.read(initiator.write(b"ticket"))
    with pytest.raises(LocalMisuse):
        responder.write(b"too early")

    responder.set_psk(PSK)

    assert b"welcome" == initiator.read(responder.write(b"welcome"))
    assert responder.into_transport().handshake_hash == initiator.into_transport().handshake_hash


def test_a_call_to_another_office_fails_at_once() -> None:
    """IK encrypts to the responder's key: whoever holds another cannot even read message 1."""
    initiator = Handshake(
        IK,
        Role.INITIATOR,
        prologue=b"bank",
        static=INITIATOR_STATIC,
        remote_static=KeyPair.generate(entropy_from(9)).public,
        entropy=entropy_from(5),
    )
    with pytest.raises(HandshakeFailed):
        side(IK, Role.RESPONDER).read(initiator.write(b"secret"))


def test_somebody_else_cannot_call_in_our_name() -> None:
    """KK: the responder expects one key; a caller with another is refused at message 1."""
    stranger = Handshake(
        KK,
        Role.INITIATOR,
        prologue=b"bank",
        static=KeyPair.generate(entropy_from(9)),
        remote_static=RESPONDER_STATIC.public,
        entropy=entropy_from(5),
    )
    with pytest.raises(HandshakeFailed):
        side(KK, Role.RESPONDER).read(stranger.write(b""))


@pytest.mark.parametrize("point", LOW_ORDER_POINTS, ids=lambda point: point.hex()[:8])
def test_public_keys_of_low_order_are_refused(point: bytes) -> None:
    """Their result is all zeros whatever our key is, so an attacker would know every secret."""
    for masked in (point, point[:-1] + bytes([point[-1] | 0x80])):
        with pytest.raises(HandshakeFailed):
            dh(INITIATOR_STATIC, masked)
        responder = side(XX, Role.RESPONDER)
        responder.read(masked)
        with pytest.raises(HandshakeFailed):
            responder.write(b"")
    with pytest.raises(HandshakeFailed):
        dh(INITIATOR_STATIC, point[:31])


def test_a_failed_handshake_stays_dead() -> None:
    """There is no second try with the same keys, not even for the right message."""
    initiator, responder = sides(IK)
    message = initiator.write(b"")
    with pytest.raises(HandshakeFailed):
        responder.read(message[:-1] + b"?")

    assert (False, False) == (responder.my_turn, responder.finished)
    with pytest.raises(LocalMisuse):
        responder.read(message)
    with pytest.raises(LocalMisuse):
        responder.write(b"")
    with pytest.raises(LocalMisuse):
        responder.into_transport()


def test_misuse_is_refused_and_harms_nothing() -> None:
    """Out of turn, too large, too early: the handshake can still be completed afterwards."""
    initiator, responder = sides(IK)
    with pytest.raises(LocalMisuse):
        initiator.read(b"")
    with pytest.raises(LocalMisuse):
        responder.write(b"")
    with pytest.raises(LocalMisuse):
        initiator.write(bytes(MESSAGE_BYTES_MAX - IK.overhead_bytes[0] + 1))
    with pytest.raises(LocalMisuse):
        initiator.into_transport()
    with pytest.raises(LocalMisuse):
        initiator.set_psk(PSK)

    largest = bytes(MESSAGE_BYTES_MAX - IK.overhead_bytes[0])
    message = initiator.write(largest)
    assert MESSAGE_BYTES_MAX == len(message)
    assert largest == responder.read(message)
    initiator.read(responder.write(b""))
    assert initiator.finished


def test_a_finished_handshake_can_be_traded_once() -> None:
    """Two transports from one handshake would use the same nonces twice."""
    initiator, responder = sides(NK)
    shake(initiator, responder)
    with pytest.raises(LocalMisuse):
        initiator.write(b"")
    initiator.into_transport()

    with pytest.raises(LocalMisuse):
        initiator.into_transport()
    with pytest.raises(LocalMisuse):
        initiator.write(b"")
    with pytest.raises(LocalMisuse):
        initiator.read(b"")


def test_every_key_is_required_where_it_is_needed_and_refused_where_it_is_not() -> None:
    """A superfluous expected key would be ignored, and its giver would believe it was checked."""
    static, public = INITIATOR_STATIC, RESPONDER_STATIC.public
    wrong: list[tuple[Pattern, KeyPair | None, bytes | None, bytes | None]] = [
        (IK, None, public, None),
        (IK, static, None, None),
        (IK, static, public[:31], None),
        (IK, static, public, PSK),
        (IKpsk2, static, public, PSK[:31]),
        (XX, static, public, None),
        (XX, None, None, None),
        (NK, static, public, None),
    ]
    for pattern, ours, theirs, psk in wrong:
        with pytest.raises(LocalMisuse):
            Handshake(
                pattern,
                Role.INITIATOR,
                prologue=b"",
                static=ours,
                remote_static=theirs,
                psk=psk,
                entropy=entropy_from(1),
            )


def test_a_code_is_set_once() -> None:
    """A second code would silently replace the first."""
    with pytest.raises(LocalMisuse):
        side(IKpsk2, Role.RESPONDER).set_psk(PSK)


def test_short_entropy_is_no_entropy() -> None:
    """A broken source of randomness stops the handshake instead of weakening it."""
    handshake = Handshake(
        NK,
        Role.INITIATOR,
        prologue=b"",
        remote_static=RESPONDER_STATIC.public,
        entropy=lambda size: bytes(size - 1),
    )
    with pytest.raises(LocalMisuse):
        handshake.write(b"")


def test_secrets_are_neither_shown_nor_copied_nor_pickled() -> None:
    """Not by repr, not by copy, not by pickle."""
    pair = KeyPair.generate(entropy_from(7))
    handshake = side(IKpsk2, Role.INITIATOR)

    assert pair.private.hex() not in repr(pair)
    assert repr(pair.private) not in repr(pair)
    assert "<Handshake IKpsk2 initiator is under way>" == repr(handshake)
    for secret in (pair, handshake, handshake._symmetric):
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(LocalMisuse):
                leak(secret)


def test_a_key_pair_is_two_halves_of_32_bytes() -> None:
    """Lengths that libsodium does not check are checked before it sees them."""
    for private, public in ((31, 32), (32, 33)):
        with pytest.raises(LocalMisuse):
            KeyPair(bytes(private), bytes(public))
    with pytest.raises(LocalMisuse):
        KeyPair.from_private(bytes(31))


@ALL
def test_an_error_tells_an_attacker_nothing(pattern: Pattern) -> None:
    """Whatever is damaged, the error has the same text, and no cause attached."""
    message = side(pattern, Role.INITIATOR).write(b"payload")
    for position in range(32, len(message) if pattern.overhead_bytes[0] > 32 else 0):
        damaged = bytearray(message)
        damaged[position] ^= 1
        with pytest.raises(HandshakeFailed) as caught:
            side(pattern, Role.RESPONDER).read(bytes(damaged))
        assert str(caught.value) == "a handshake message is not authentic"
        assert caught.value.__suppress_context__
