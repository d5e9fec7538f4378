"""The first layer of decoding: the exact bytes of every kind, and nothing but these."""

from __future__ import annotations

import random
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.test_codec import MUTATIONS, mutated
from wire.envelope import (
    DEADLINE_MS_MAX,
    SEQUENCE_MAX,
    Ack,
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
from wire.errors import BadFrame
from wire.message import Code, Refusal

NIL = msgspec.Raw(b"\xc0")
NO = Refusal(Code.STATE, "不行", "amount", retryable=True)

LAYOUT: list[tuple[Envelope, list[object]]] = [
    (Ack(7), [0, 7]),
    (Tell(1, 2, NIL), [1, 1, 2, None]),
    (Ask(1, 2, 3, 4000, NIL), [2, 1, 2, 3, 4000, None]),
    (Reply(1, 2, 3, NIL), [3, 1, 2, 3, None]),
    (
        Refuse(1, 2, 3, NO),
        [
            *(4, 1, 2, 3),
            {"code": "E_STATE", "message": "不行", "field": "amount", "retryable": True},
        ],
    ),
    (Ping(), [5]),
    (Rekey(), [6]),
    (Bye(ByeReason.REVOKED), [7, "revoked"]),
]

counts = st.integers(0, SEQUENCE_MAX)
sequences = st.integers(1, SEQUENCE_MAX)
payloads = st.integers(0, 9).map(lambda n: msgspec.Raw(msgspec.msgpack.encode({"type": n})))


@pytest.mark.parametrize(("envelope", "array"), LAYOUT)
def test_the_layout_is_an_array_that_begins_with_the_kind(
    envelope: Envelope, array: list[object]
) -> None:
    """What another language has to write, field by field."""
    assert array == msgspec.msgpack.decode(encode_envelope(envelope))


@given(
    st.one_of(
        st.builds(Ack, counts),
        st.builds(Tell, sequences, counts, payloads),
        st.builds(Ask, sequences, counts, counts, st.integers(0, DEADLINE_MS_MAX), payloads),
        st.builds(Reply, sequences, counts, counts, payloads),
        st.builds(Refuse, sequences, counts, counts, st.just(NO)),
        st.builds(Bye, st.sampled_from(ByeReason)),
    )
)
def test_an_envelope_survives_the_wire(envelope: Envelope) -> None:
    """Every number in its range, every payload untouched."""
    assert encode_envelope(envelope) == encode_envelope(decode_envelope(encode_envelope(envelope)))


@pytest.mark.parametrize(
    "array",
    [
        [],
        [8],
        ["0", 1],
        [0],
        [0, -1],
        [0, SEQUENCE_MAX + 1],
        [0, 1, 2],
        [1, 0, 0, None],
        [1, 1, 0],
        [2, 1, 0, 0, DEADLINE_MS_MAX + 1, None],
        [2, 1, 0, 0, 1.5, None],
        [4, 1, 0, 0, {"code": "E_WHATEVER", "message": ""}],
        [5, 1],
        [7, "bored"],
        {"type": 0, "ack": 1},
        0,
        None,
    ],
)
def test_everything_else_is_a_bad_frame(array: object) -> None:
    """Unknown kinds, missing or extra elements, numbers out of range."""
    with pytest.raises(BadFrame):
        decode_envelope(msgspec.msgpack.encode(array))


def test_two_envelopes_in_one_frame_are_a_bad_frame() -> None:
    """One frame, one envelope."""
    with pytest.raises(BadFrame):
        decode_envelope(encode_envelope(Ping()) * 2)


def test_twenty_thousand_mutated_envelopes() -> None:
    """Whatever a sealed frame holds, the reader survives it."""
    chance = random.Random(1)
    originals = [encode_envelope(envelope) for envelope, _ in LAYOUT]
    survived = 0
    for _ in range(MUTATIONS):
        with suppress(BadFrame):
            decode_envelope(mutated(chance, chance.choice(originals)))
        survived += 1

    assert MUTATIONS == survived
