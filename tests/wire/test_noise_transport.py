"""The sealed conversation after a handshake: order, replay, rekeying and its very end."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.noise_pair import transports
from wire.errors import LocalMisuse, PeerMisbehaved
from wire.noise import IK, PLAINTEXT_BYTES_MAX
from wire.noise.cipher_state import CipherState
from wire.noise.primitives import NONCE_MAX, TAG_BYTES, decrypt, encrypt


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=300), st.binary(max_size=20))))
@settings(max_examples=60, deadline=None)
def test_what_is_sealed_is_opened(messages: list[tuple[bool, bytes, bytes]]) -> None:
    """Any interleaving of both directions arrives, with its associated data, and is counted."""
    ours, theirs = transports(IK)
    for outward, plaintext, ad in messages:
        sender, receiver = (ours, theirs) if outward else (theirs, ours)
        sealed = sender.seal(plaintext, ad)
        assert len(plaintext) + TAG_BYTES == len(sealed)
        assert plaintext == receiver.open(sealed, ad)

    assert (ours.sent, ours.received) == (theirs.received, theirs.sent)
    assert len(messages) == ours.sent + ours.received


def test_a_replayed_message_is_refused_and_the_conversation_goes_on() -> None:
    """The same frame a second time is worthless, and does not disturb what follows."""
    ours, theirs = transports(IK)
    first = ours.seal(b"pay 100")
    assert b"pay 100" == theirs.open(first)

    for _ in range(3):
        with pytest.raises(PeerMisbehaved):
            theirs.open(first)

    assert 1 == theirs.received
    assert b"next" == theirs.open(ours.seal(b"next"))


def test_reordered_reflected_and_foreign_messages_are_refused() -> None:
    """A message opens once, in its place, in its direction, in its conversation."""
    ours, theirs = transports(IK)
    elsewhere, _ = transports(IK, seed=77)
    first, second = ours.seal(b"1"), ours.seal(b"2")
    for receiver, wrong in ((theirs, second), (ours, first), (theirs, elsewhere.seal(b"1"))):
        with pytest.raises(PeerMisbehaved):
            receiver.open(wrong)

    assert [b"1", b"2"] == [theirs.open(first), theirs.open(second)]


def test_no_damaged_byte_is_opened() -> None:
    """Every byte of a message is vouched for, and so are its length and its associated data."""
    ours, theirs = transports(IK)
    sealed = ours.seal(b"plaintext", b"ad")
    wrong = [(sealed[:cut], b"ad") for cut in range(len(sealed))]
    wrong += [(sealed + b"\0", b"ad"), (sealed, b""), (sealed, b"AD")]
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1 << position % 8
        wrong.append((bytes(damaged), b"ad"))
    for message, ad in wrong:
        with pytest.raises(PeerMisbehaved):
            theirs.open(message, ad)

    assert b"plaintext" == theirs.open(sealed, b"ad")


def test_the_longest_message_fits_and_a_longer_one_does_not() -> None:
    """65,535 bytes on the wire, tag included."""
    ours, theirs = transports(IK)
    longest = bytes(PLAINTEXT_BYTES_MAX)
    assert longest == theirs.open(ours.seal(longest))

    with pytest.raises(LocalMisuse):
        ours.seal(longest + b"\0")
    authentic_but_too_long = ours._sending.encrypt_with_ad(b"", longest + b"\0")
    with pytest.raises(PeerMisbehaved):
        theirs.open(authentic_but_too_long)
    assert 1 == theirs.received


def test_each_direction_is_rekeyed_on_its_own() -> None:
    """After both sides replace a key between the same two messages, the talk goes on."""
    ours, theirs = transports(IK)
    assert b"old" == theirs.open(ours.seal(b"old"))
    ours.rekey_sending()
    sealed = ours.seal(b"new")
    with pytest.raises(PeerMisbehaved):
        theirs.open(sealed)
    theirs.rekey_receiving()

    assert b"new" == theirs.open(sealed)
    assert b"untouched" == ours.open(theirs.seal(b"untouched"))
    assert (2, 2) == (ours.sent, theirs.received)


def test_the_last_nonce_ends_the_conversation() -> None:
    """No nonce is ever used twice: the counter stops before the reserved one, on both sides."""
    ours, theirs = transports(IK)
    ours._sending._nonce = theirs._receiving._nonce = NONCE_MAX - 1
    sealed = ours.seal(b"last")
    assert b"last" == theirs.open(sealed)

    for _ in range(2):
        with pytest.raises(LocalMisuse):
            ours.seal(b"one more")
        with pytest.raises(LocalMisuse):
            theirs.open(sealed)
    assert (NONCE_MAX, NONCE_MAX) == (ours.sent, theirs.received)


def test_a_nonce_is_spent_even_when_sealing_breaks() -> None:
    """Something that is no bytes cannot be sealed, and the next message has a nonce of its own."""
    ours, _ = transports(IK)
    with pytest.raises(TypeError):
        ours.seal("text")  # type: ignore[arg-type]  # the misuse under test

    assert 1 == ours.sent


def test_a_cipher_without_a_key_passes_everything() -> None:
    """The first tokens of a handshake travel in the clear (§5.1)."""
    empty = CipherState()

    assert (b"a", b"b") == (empty.encrypt_with_ad(b"", b"a"), empty.decrypt_with_ad(b"", b"b"))
    assert (False, 0) == (empty.has_key, empty.nonce)
    with pytest.raises(LocalMisuse):
        empty.rekey()


def test_keys_of_a_wrong_length_never_reach_the_library() -> None:
    """libsodium reads 32 bytes whatever it is given."""
    with pytest.raises(LocalMisuse):
        CipherState(bytes(31))
    with pytest.raises(LocalMisuse):
        encrypt(bytes(31), 0, b"", b"")
    with pytest.raises(LocalMisuse):
        decrypt(bytes(31), 0, b"", bytes(16))


def test_a_transport_is_never_pickled() -> None:
    """Two copies of a cipher would use the same nonces."""
    with pytest.raises(LocalMisuse):
        pickle.dumps(transports(IK)[0])
