"""Stories of persistent maps: what was is kept, and order does not depend on hashes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.durable.persistent import PersistentMap, from_plain, to_plain

Changes = list[tuple[str, int | None]]


class Coin(msgspec.Struct, frozen=True):
    fen: int


class Purse(msgspec.Struct, frozen=True):
    coins: PersistentMap[str, Coin] = PersistentMap()
    seen: PersistentMap[bytes, tuple[int, ...]] = PersistentMap()


@given(st.lists(st.tuples(st.text(max_size=2), st.none() | st.integers()), max_size=20))
def test_it_is_a_dict_that_never_changes(changes: Changes) -> None:
    """Every map along the way stays what it was, and iterates by key; None takes a key out."""
    plain: dict[str, int] = {}
    kept: list[tuple[dict[str, int], PersistentMap[str, int]]] = []
    map_: PersistentMap[str, int] = PersistentMap()
    for key, value in changes:
        if value is None:
            plain.pop(key, None)
            map_ = map_.remove(key)
        else:
            plain[key] = value
            map_ = map_.put(key, value)
        kept.append(({**plain}, map_))

    for expected, then in kept:
        assert expected == then
        assert len(expected) == len(then)
        assert sorted(expected.items()) == list(then.items())
        assert all(value == then.get(key) for key, value in expected.items())
        assert "absent" not in then


@given(st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1)), st.randoms())
def test_what_is_at_rest_is_sorted(fen: dict[str, int], random: Any) -> None:
    """Whatever the order in which it was filled, the bytes are the same, and read back equal."""
    shuffled = list(fen)
    random.shuffle(shuffled)
    purse = Purse(PersistentMap({key: Coin(fen[key]) for key in fen}))
    same = Purse()
    for key in shuffled:
        same = msgspec.structs.replace(same, coins=same.coins.put(key, Coin(fen[key])))

    stored = msgspec.msgpack.encode(purse, enc_hook=to_plain)

    assert stored == msgspec.msgpack.encode(same, enc_hook=to_plain)
    assert purse == msgspec.msgpack.decode(stored, type=Purse, dec_hook=from_plain)


@pytest.mark.parametrize(
    "plain", [{"coins": 7}, {"coins": {"a": 7}}, {"seen": {"text": [1]}}, {"seen": {b"b": ["one"]}}]
)
def test_what_is_none_of_it_is_not_read(plain: object) -> None:
    """The types of keys and values hold for what is read back."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(plain), type=Purse, dec_hook=from_plain)


def test_other_types_stay_unsupported() -> None:
    """The hooks know this one type and hide no mistake."""
    with pytest.raises(NotImplementedError):
        msgspec.msgpack.encode(object(), enc_hook=to_plain)
    with pytest.raises(NotImplementedError):
        msgspec.msgpack.decode(b"\x01", type=complex, dec_hook=from_plain)


def test_a_key_that_is_absent() -> None:
    """As a dict has it; what it holds is not in its repr."""
    empty: PersistentMap[str, int] = PersistentMap()
    with pytest.raises(KeyError):
        empty["nothing"]
    assert None is empty.get("nothing")
    assert 7 == empty.get("nothing", 7)
    assert empty == empty.remove("nothing")
    assert "PersistentMap of 1" == repr(empty.put("6217", 1))
