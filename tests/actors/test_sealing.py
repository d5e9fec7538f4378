"""Keys at rest: what is sealed opens at its own place with its own key, and nowhere else."""

from __future__ import annotations

import copy
import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sealing import (
    BadKeyFile,
    EmbeddedSealer,
    StreamKey,
    Unsealable,
    new_key_file,
    read_key_file,
    rotated,
)

SHARD, STREAM = "union/530111", "case/530111/1"
_random = random.Random("sealing")
FILE = new_key_file(_random.randbytes)


def sealer(content: bytes = FILE) -> EmbeddedSealer:
    return read_key_file(content, _random.randbytes)


@given(body=st.binary(max_size=300), place=st.text(max_size=40))
def test_what_was_sealed_opens(body: bytes, place: str) -> None:
    """With the key as it was stored, in another process that has the same file."""
    key = sealer().new_key(SHARD, STREAM)
    sealed = sealer().seal(key, place, body)

    other = sealer()
    assert body == other.open(other.unwrap(STREAM, key.wrapped), place, sealed)
    assert 40 + len(body) == len(sealed)


@given(st.binary(max_size=60), st.data())
def test_no_altered_byte_goes_unnoticed(body: bytes, data: st.DataObject) -> None:
    """Of the sealed body, or of the wrapped key."""
    mine = sealer()
    key = mine.new_key(SHARD, STREAM)
    sealed = bytearray(mine.seal(key, "a#1", body))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Unsealable):
        mine.open(key, "a#1", bytes(sealed))

    wrapped = bytearray(key.wrapped)
    at = data.draw(st.integers(0, len(wrapped) - 1))
    wrapped[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Unsealable):
        mine.unwrap(STREAM, bytes(wrapped))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_open_nothing(noise: bytes) -> None:
    """Whatever lies where something sealed should."""
    mine = sealer()
    for attempt in (
        lambda: mine.open(mine.shard_key(SHARD), "a", noise),
        lambda: mine.unwrap(STREAM, noise),
        lambda: mine.named(noise),
    ):
        with pytest.raises(Unsealable):
            attempt()


def test_it_opens_nowhere_else() -> None:
    """Not at another place, with another stream's key, for another stream or by another office."""
    mine = sealer()
    key, other = mine.new_key(SHARD, STREAM), mine.new_key(SHARD, "case/530111/2")
    sealed = mine.seal(key, "a#1", b"body")

    with pytest.raises(Unsealable):
        mine.open(key, "a#2", sealed)
    with pytest.raises(Unsealable):
        mine.open(other, "a#1", sealed)
    with pytest.raises(Unsealable):
        mine.unwrap("case/530111/2", key.wrapped)
    with pytest.raises(Unsealable):
        sealer(new_key_file(_random.randbytes)).unwrap(STREAM, key.wrapped)
    assert mine.shard_key(SHARD) is not mine.shard_key("union/530112")


def test_a_new_root_key_opens_what_the_old_one_wrapped() -> None:
    """New keys are wrapped by the new one; names stay as they are."""
    before, after = sealer(), sealer(rotated(FILE, _random.randbytes))
    key, of_shard = before.new_key(SHARD, STREAM), before.shard_key(SHARD)
    sealed, document = before.seal(key, "a", b"1"), before.seal(of_shard, "b", b"2")

    assert b"1" == after.open(after.unwrap(STREAM, key.wrapped), "a", sealed)
    assert b"2" == after.open(after.named(of_shard.wrapped), "b", document)
    with pytest.raises(Unsealable):
        before.unwrap(STREAM, after.new_key(SHARD, STREAM).wrapped)
    assert before.pseudonym("id", "5301") == after.pseudonym("id", "5301")


def test_a_name_says_nothing_without_the_key() -> None:
    """The same text in another scope, or by another office, has another name."""
    names = {
        sealer().pseudonym("id", "1"),
        sealer().pseudonym("phone", "1"),
        sealer().pseudonym("id", "2"),
        sealer(new_key_file(_random.randbytes)).pseudonym("id", "1"),
    }

    assert 4 == len(names)
    assert {32} == {len(name) for name in names}


@pytest.mark.parametrize("secret", [sealer(), sealer().new_key(SHARD, STREAM)], ids=repr)
def test_a_key_cannot_be_shown_or_copied(secret: EmbeddedSealer | StreamKey) -> None:
    """Neither printed nor pickled."""
    assert repr(secret) == f"{type(secret).__name__}()"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        FILE[:-9],
        FILE.replace(b'"version":1', b'"version":2'),
        FILE.replace(FILE[40:42], b"00" if FILE[40:42] != b"00" else b"11", 1),
        b'{"version":1,"roots":[],"pseudonyms":"00","check":""}',
    ],
)
def test_a_damaged_key_file_is_refused(content: bytes) -> None:
    """In words that quote nothing of it."""
    with pytest.raises(BadKeyFile) as refused:
        read_key_file(content, _random.randbytes)

    assert FILE[30:60].decode() not in str(refused.value)
