"""RFC 6962's Merkle tree over SHA-256, as far as a log needs it that only grows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

NODE_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return _sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return _sha256(b"\1" + left + right).digest()


class Frontier(NamedTuple):
    """Where a log ends: its size, and the complete subtrees along the right edge, largest first."""

    size: int
    nodes: tuple[bytes, ...]

    @classmethod
    def of(cls, size: int, nodes: Sequence[bytes]) -> Frontier:
        """The frontier of a log of that size."""
        return cls(size, tuple(nodes))

    def append(self, leaf: bytes) -> tuple[Frontier, tuple[bytes, ...]]:
        """The frontier after one more leaf, and all complete subtrees that end at it."""
        ended = [leaf]
        edge, size = self.nodes, self.size
        while size & 1:
            ended.append(node_hash(edge[-1], ended[-1]))
            edge, size = edge[:-1], size >> 1
        return Frontier(self.size + 1, (*edge, ended[-1])), tuple(ended)

    def root(self) -> bytes:
        """The tree's hash."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root


def frontier_places(size: int) -> list[tuple[int, int]]:
    """(level, seq) of the rows that hold the frontier of a log of that size, largest first."""
    places, end = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            end += 1 << level
            places.append((level, end))
    return places
