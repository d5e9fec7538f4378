"""The daily root: one hash for how far every shard's log has come, to be kept by somebody else.

It is the root of a tree (`actors.store.merkle`) whose entries are the heads of all shards, sorted
by the UTF-8 bytes of the names, each the msgpack array `[shard, size, root]` in its shortest
encoding. So whoever keeps one root a day can check any entry of any shard later: the entry in its
shard's head, and that head in the root of the day.

A shard that has no entries yet counts as well; a day without shards has the root of an empty log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from actors.store.merkle import (
    BadProof,
    Frontier,
    inclusion_proof,
    leaf_hash,
    verify_inclusion,
)

Heads = Mapping[str, tuple[int, bytes]]
"""Of every shard: how many entries its log has, and its root."""

_encode = msgspec.msgpack.Encoder().encode


class HeadProof(msgspec.Struct, frozen=True):
    """That a shard's head is in a daily root.

    Attributes:
        place: the shard's, among all sorted by name, from 1.
        shards: how many there are.
        hashes: RFC 6962's audit path.
    """

    place: int
    shards: int
    hashes: tuple[bytes, ...]


def head_entry(shard: str, size: int, root: bytes) -> bytes:
    """The bytes that stand for a shard's head in the daily tree."""
    return _encode((shard, size, root))


def daily_root(heads: Heads) -> bytes:
    """The root of the day, 32 bytes."""
    frontier = Frontier()
    for leaf in _leaves(heads):
        frontier, _ = frontier.append(leaf)
    return frontier.root()


def prove_head(heads: Heads, shard: str) -> HeadProof:
    """Show that a shard's head is in the daily root of these heads.

    Raises:
        BadProof: the shard is not among them.
    """
    if shard not in heads:
        raise BadProof(f"there is no head of {shard}")
    frontier, rows = Frontier(), list[Sequence[bytes]]()
    for leaf in _leaves(heads):
        frontier, ended = frontier.append(leaf)
        rows.append(ended)
    place = sorted(heads).index(shard) + 1
    hashes = inclusion_proof(place, frontier.size, lambda level, seq: rows[seq - 1][level])
    return HeadProof(place, frontier.size, tuple(hashes))


def verify_head(shard: str, size: int, root: bytes, proof: HeadProof, day: bytes) -> None:
    """Hold a shard's head against a daily root.

    Raises:
        BadProof: the proof does not show that it is in there.
    """
    leaf = leaf_hash(head_entry(shard, size, root))
    verify_inclusion(leaf, proof.place, proof.shards, proof.hashes, day)


def _leaves(heads: Heads) -> list[bytes]:
    """In order; that of code points is that of UTF-8 bytes."""
    return [leaf_hash(head_entry(shard, *heads[shard])) for shard in sorted(heads)]


__all__ = ["HeadProof", "Heads", "daily_root", "head_entry", "prove_head", "verify_head"]
