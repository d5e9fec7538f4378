"""One root a day stands for the heads of all shards, and each can be shown to be in it."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from operator import ne

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.store.daily import HeadProof, daily_root, head_entry, prove_head, verify_head
from actors.store.merkle import EMPTY_ROOT, BadProof

A, B, C = bytes([1] * 32), bytes([2] * 32), bytes([3] * 32)

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
heads_of_a_day = st.dictionaries(
    names, st.tuples(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32)), max_size=20
)


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def test_the_root_is_what_anybody_can_compute_by_hand() -> None:
    """Three shards: the leaves in the order of the names, each a short msgpack array."""
    # An array of three, a text of two bytes, a number, 32 bytes of binary.
    first = b"\x93\xa253\x07\xc4\x20" + A
    second = b"\x93\xa254\xcd\x01\x00\xc4\x20" + B
    third = b"\x93\xa6\xe7\x9c\x81\xe7\xba\xa7\x00\xc4\x20" + C

    root = daily_root({"省级": (0, C), "54": (256, B), "53": (7, A)})

    assert node(node(leaf(first), leaf(second)), leaf(third)) == root
    assert first == head_entry("53", 7, A)


def test_a_day_without_shards_has_an_empty_root() -> None:
    """And nothing can be shown to be in it."""
    assert EMPTY_ROOT == daily_root({})
    with pytest.raises(BadProof, match="no head of 53"):
        prove_head({}, "53")


@given(heads=heads_of_a_day, data=st.data())
def test_every_head_is_shown_to_be_in_its_day(
    heads: dict[str, tuple[int, bytes]], data: st.DataObject
) -> None:
    """The proof convinces of this size and root of this shard, and of nothing else."""
    day = daily_root(heads)
    assert day == daily_root(dict(sorted(heads.items(), reverse=True)))
    for shard, (size, root) in heads.items():
        proof = prove_head(heads, shard)
        verify_head(shard, size, root, proof, day)

        other = data.draw(names.filter(partial(ne, shard)))
        for lie in (
            (other, size, root, proof, day),
            (shard, size + 1 & 2**63 - 1, root, proof, day),
            (shard, size, bytes([root[0] ^ 1]) + root[1:], proof, day),
            (shard, size, root, HeadProof(proof.place + 1, proof.shards, proof.hashes), day),
            (shard, size, root, HeadProof(0, proof.shards, proof.hashes), day),
            (shard, size, root, HeadProof(1, proof.shards, (*proof.hashes, day)), day),
            (shard, size, root, proof, daily_root(heads | {max(heads) + "0": (size, root)})),
        ):
            with pytest.raises(BadProof):
                verify_head(*lie)
