"""Untrusted bytes in, typed values or `BadFrame` out, whatever the bytes are."""

from __future__ import annotations

import random
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.network import Echo, Echoed, Note
from wire.codec import (
    PAYLOAD_BYTES_MAX,
    PLAIN_BYTES_MAX,
    MessageCodec,
    decode,
    decode_json,
    decode_signed,
    encode,
    encode_json,
    reply_type,
)
from wire.errors import BadFrame, LocalMisuse
from wire.message import Message, Request

CODEC = MessageCodec(Echo | Note)
MUTATIONS = 20_000


def mutated(chance: random.Random, original: bytes) -> bytes:
    """The bytes after one to four accidents: a changed byte, a cut, an insertion, an appendage."""
    data = bytearray(original)
    for _ in range(chance.randint(1, 4)):
        where = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if where < len(data):
                data[where] = chance.randrange(256)
            case 1:
                del data[where:]
            case 2:
                data[where:where] = chance.randbytes(3)
            case _:
                data += chance.randbytes(5)
    return bytes(data)


@given(st.text(max_size=200))
def test_a_message_survives_the_wire(text: str) -> None:
    """What one side encodes the other decodes, by its tag."""
    assert Echo(text) == CODEC.decode(CODEC.encode(Echo(text)))


@given(st.text(max_size=200))
def test_a_reply_is_decoded_by_what_its_request_promises(text: str) -> None:
    """A reply carries no tag: its type is known."""
    assert Echoed(text) == CODEC.decode_reply(Echo, CODEC.encode_reply(Echoed(text)))


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_are_a_value_or_a_bad_frame(data: bytes) -> None:
    """Nothing else ever leaves the codec."""
    for kind in (Note, Echo, str, dict):
        for decoder in (decode, decode_json):
            try:
                decoder(kind, data)
            except BadFrame:
                continue


def test_twenty_thousand_mutated_messages() -> None:
    """Damage in transit, or malice, is a bad frame or another valid message, never a surprise."""
    chance = random.Random(20_000)
    originals = [
        CODEC.encode(Echo("村口的信用社")),
        CODEC.encode(Note(7)),
        encode([[1], {"a": b"b"}]),
    ]
    outcomes = {"message": 0, "bad": 0}
    for _ in range(MUTATIONS):
        try:
            CODEC.decode(mutated(chance, chance.choice(originals)))
            outcomes["message"] += 1
        except BadFrame:
            outcomes["bad"] += 1

    assert MUTATIONS == sum(outcomes.values())
    assert outcomes["bad"] > outcomes["message"]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(ANYTHING)
def test_what_was_encoded_reads_one_way(value: object) -> None:
    """Whatever is signed on this side is read on the other."""
    assert value == decode_signed(object, encode(value))


@given(st.dictionaries(st.text(max_size=4), ANYTHING, min_size=1, max_size=5), st.data())
def test_a_key_that_stands_twice_is_refused_in_what_is_signed(
    value: dict[str, object], data: st.DataObject
) -> None:
    """At any place, with any second value, at any depth: two readers could differ about it."""
    key = data.draw(st.sampled_from(sorted(value)))
    pairs = [encode(name) + encode(one) for name, one in value.items()]
    again = encode(key) + encode(data.draw(ANYTHING))
    pairs.insert(data.draw(st.integers(0, len(pairs))), again)
    twice = bytes([0x80 | len(pairs)]) + b"".join(pairs)

    assert decode(dict[str, object], twice).keys() == value.keys()
    for signed in (twice, b"\x91" + twice, b"\x81\xa1v" + twice):
        with pytest.raises(BadFrame):
            decode_signed(object, signed)


@given(st.integers(0, 127))
def test_a_number_is_written_as_short_as_it_is(number: int) -> None:
    """A second spelling is a second signature for the same thing."""
    for longer in (b"\xcc", b"\xcd\0", b"\xce\0\0\0", b"\xcf" + bytes(7)):
        assert number == decode(int, longer + bytes([number]))
        with pytest.raises(BadFrame):
            decode_signed(int, longer + bytes([number]))


@given(st.binary(max_size=300))
def test_any_signed_bytes_are_a_value_or_a_bad_frame(data: bytes) -> None:
    """As for everything that comes from outside."""
    for kind in (Note, object, dict):
        with suppress(BadFrame):
            decode_signed(kind, data)


def test_what_an_older_peer_signed_is_still_read() -> None:
    """A field that it does not know has its default, and one that we do not know is passed over."""
    assert Note(3) == decode_signed(Note, encode({"type": "Note", "number": 3, "mood": "sunny"}))


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x91" * 60_000 + b"\xc0",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xa2\xff\xfe",
        b"\xc1",
        b"",
    ],
)
def test_bombs_are_bad_frames(bomb: bytes) -> None:
    """Deep nesting, gigantic declared lengths, broken text, nothing at all."""
    for kind in (object, str, Note):
        with pytest.raises(BadFrame):
            decode(kind, bomb)


def test_deep_json_is_a_bad_frame() -> None:
    """The same for text."""
    with pytest.raises(BadFrame):
        decode_json(object, b"[" * 60_000)


def test_size_comes_first() -> None:
    """A frame beyond the limit is not even looked at."""
    with pytest.raises(BadFrame, match="more than"):
        decode(bytes, encode(bytes(PLAIN_BYTES_MAX)))

    with pytest.raises(BadFrame, match="more than"):
        decode_json(str, encode_json("x" * 100), bytes_max=50)


def test_an_error_does_not_quote_the_peer() -> None:
    """What a peer sent must not reach a log by way of an exception."""
    with pytest.raises(BadFrame) as caught:
        CODEC.decode(encode({"type": "card 6217001234567890"}))

    assert "6217" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_message_that_is_not_accepted_is_a_bad_frame() -> None:
    """A program hears only what it has said that it accepts."""
    with pytest.raises(BadFrame):
        MessageCodec(Note).decode(CODEC.encode(Echo("x")))

    with pytest.raises(BadFrame):
        MessageCodec(()).decode(CODEC.encode(Note(1)))


def test_what_cannot_be_told_apart_is_refused_at_once() -> None:
    """Types without a tag, two with the same one, messages that are too large."""

    class Untagged(Message, frozen=True):
        pass

    class Echo2(Message, frozen=True, tag="Echo"):
        pass

    with pytest.raises(LocalMisuse):
        MessageCodec(Untagged)
    with pytest.raises(LocalMisuse):
        MessageCodec((Echo, Echo2))
    with pytest.raises(LocalMisuse):
        CODEC.encode(Untagged())
    with pytest.raises(LocalMisuse):
        CODEC.encode(Echo("x" * PAYLOAD_BYTES_MAX))
    with pytest.raises(LocalMisuse):
        CODEC.encode_reply(bytes(PAYLOAD_BYTES_MAX))


def test_a_field_added_by_a_newer_peer_is_ignored() -> None:
    """Messages may grow; envelopes may not."""
    newer = msgspec.msgpack.encode({"type": "Note", "number": 3, "mood": "sunny"})

    assert Note(3) == CODEC.decode(newer)


def test_a_request_states_the_type_of_its_reply() -> None:
    """Also through a subclass; one that does not is a mistake of ours."""

    class Louder(Echo, frozen=True, tag="Louder"):
        pass

    class Vague(Request, frozen=True, tag="Vague"):  # type: ignore[type-arg]  # the mistake
        pass

    assert reply_type(Louder) is Echoed
    with pytest.raises(LocalMisuse):
        reply_type(Vague)
