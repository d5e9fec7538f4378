"""The Merkle tree of a log that only grows: RFC 6962 §2.1 (RFC 9162 §2.1) over SHA-256.

A log's root stands for every entry in it and for their order. Two short lists of hashes convince
somebody who keeps nothing but roots: an inclusion proof, that an entry is in the log; a consistency
proof, that a log is the beginning of a later one. Nothing here reads, writes or remembers.

Entries count from 1, as they do in a log (`seq`; RFC 6962's leaf m is entry m + 1). A node is named
by its *place* `(level, seq)`: the complete subtree of the 2^level entries of which `seq` is the
last. So an entry's row can hold all nodes that end at it (`Frontier.append` hands them over, two an
entry on average, lowest first), and a place says in which row and where in it a node is found.
Every proof, and the frontier itself, is made of at most about 2 log2(size) such nodes: an
incomplete subtree is the join of complete ones.

Invariant: what is appended changes no node that was there before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from actors.store.port import StoreError

NODE_BYTES: Final = 32
"""The length of every hash here."""

SIZE_MAX: Final = 2**63 - 1
"""The most entries of a log that a proof is about; a database counts no further."""

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of a log without entries."""

Place = tuple[int, int]
"""Level and seq of a complete subtree, see above."""

Node = Callable[[int, int], bytes]
"""Looks up the node at a level and seq."""

_sha256 = hashlib.sha256


class BadProof(StoreError):
    """The proof does not show what it should, or nothing could: the log was never that long."""


def leaf_hash(entry: bytes) -> bytes:
    """What stands for one entry: a hash that no inner node can have."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands for two subtrees side by side."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier(NamedTuple):
    """Where a log ends: all that is needed to go on with it, and to say its root.

    A value; `Frontier()` is that of an empty log, `Frontier.of` checks what was stored.

    Attributes:
        size: how many entries the log has.
        nodes: the complete subtrees that it consists of, left to right, largest first: one for
            each bit that is set in `size`.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, size: int, nodes: Sequence[bytes]) -> Frontier:
        """The frontier of a log of that size, of the nodes at `frontier_places(size)`.

        Raises:
            StoreError: these cannot be the nodes.
        """
        lengths = [len(node) for node in nodes]
        if size < 0 or lengths != [NODE_BYTES] * size.bit_count():
            raise StoreError(f"these are no nodes at which a log of {size} entries ends")
        return cls(size, tuple(nodes))

    def append(self, leaf: bytes) -> tuple[Frontier, tuple[bytes, ...]]:
        """Go on by one entry.

        Args:
            leaf: the entry's `leaf_hash`.

        Returns:
            The next frontier, and all complete subtrees that end at the entry, lowest first: the
            one at [level] has 2^level entries, the first is the leaf itself.
        """
        size, nodes = self
        ended, kept = [leaf], len(nodes)
        while size & 1:
            kept -= 1
            leaf = node_hash(nodes[kept], leaf)
            ended.append(leaf)
            size >>= 1
        return Frontier(self.size + 1, (*nodes[:kept], leaf)), tuple(ended)

    def root(self) -> bytes:
        """The log's Merkle tree hash (MTH)."""
        return _join(self.nodes) if self.nodes else EMPTY_ROOT


def frontier_places(size: int) -> list[Place]:
    """Where the nodes of the frontier of a log of that size are found, largest first."""
    return _places(0, size)


def inclusion_places(seq: int, size: int) -> list[Place]:
    """Where all nodes are found that `inclusion_proof` asks for, in its order.

    Raises:
        BadProof: a log of that size has no such entry.
    """
    return [place for span in _beside(seq, size) for place in _places(*span)]


def consistency_places(old: int, new: int) -> list[Place]:
    """Where all nodes are found that `consistency_proof` asks for, in its order.

    Raises:
        BadProof: a log of the new size was never of the old one.
    """
    return [place for span in _between(old, new) for place in _places(*span)]


def inclusion_proof(seq: int, size: int, node: Node) -> list[bytes]:
    """RFC 6962's PATH(seq - 1, D[size]): what an entry is joined with on its way up to the root.

    Args:
        node: looks up what `inclusion_places` names.

    Raises:
        BadProof: a log of that size has no such entry.
    """
    return [_subtree(*span, node) for span in _beside(seq, size)]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """RFC 6962's PROOF(old, D[new]): what both roots are made of, lowest first.

    It is empty if the sizes are equal, or if the old log was empty (which every log continues).

    Args:
        node: looks up what `consistency_places` names.

    Raises:
        BadProof: a log of the new size was never of the old one.
    """
    return [_subtree(*span, node) for span in _between(old, new)]


def verify_inclusion(leaf: bytes, seq: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Hold an inclusion proof against a root, as RFC 9162 §2.1.3.2.

    Args:
        leaf: the entry's `leaf_hash`.
        root: of the log when it had `size` entries. Both belong together and come from a head that
            is trusted: a size is not what is proven here.

    Raises:
        BadProof: it does not show that the entry is at this place of this log.
    """
    spans = _beside(seq, size)
    _check_shape(proof, len(spans))
    found = leaf
    for (start, _), other in zip(spans, proof, strict=True):
        found = node_hash(other, found) if start < seq else node_hash(found, other)
    if found != root:
        raise BadProof(f"this is not entry {seq} of {size} under this root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Hold a consistency proof against two roots of a log, as RFC 9162 §2.1.4.2.

    Raises:
        BadProof: it does not show that the old log is the beginning of the new one.
    """
    spans = _between(old, new)
    _check_shape(proof, len(spans))
    # The largest subtree that ends where the old log ended: the whole of it, or the first here.
    whole = not spans or spans[0][0] >= old
    before = after = old_root if whole else proof[0]
    rest = 0 if whole else 1
    for (start, _), other in zip(spans[rest:], proof[rest:], strict=True):
        if start < old:
            before, after = node_hash(other, before), node_hash(other, after)
        else:
            after = node_hash(after, other)
    if old == 0:
        before, after = EMPTY_ROOT, new_root if new else EMPTY_ROOT
    if (before, after) != (old_root, new_root):
        raise BadProof(f"the log of {old} entries is not the beginning of the one of {new}")


_Span = tuple[int, int]
"""Entries start + 1 … end: a subtree as the recursion of RFC 6962 cuts them out."""


def _beside(seq: int, size: int) -> list[_Span]:
    """The subtrees beside the way from an entry to the root, lowest first."""
    if not 1 <= seq <= size <= SIZE_MAX:
        raise BadProof(f"a log of {size} entries has no entry {seq}")
    spans, start, end = list[_Span](), 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if seq <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _between(old: int, new: int) -> list[_Span]:
    """The subtrees that a proof from size to size consists of, lowest first.

    The way leads from the root to the largest subtree that ends where the old log ended; that one
    comes first, unless it is the whole old log, whose root the verifier has.
    """
    if not 0 <= old <= new <= SIZE_MAX:
        raise BadProof(f"a log of {new} entries does not continue one of {old}")
    spans, start, end = list[_Span](), 0, new
    while 0 < old < end:
        middle = _middle(start, end)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start > 0:
        spans.append((start, end))
    return spans[::-1]


def _middle(start: int, end: int) -> int:
    """Where a subtree is cut in two: behind the largest power of two that leaves something."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _places(start: int, end: int) -> list[Place]:
    """The complete subtrees that make up a span, left to right."""
    size, places = end - start, list[Place]()
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            start += 1 << level
            places.append((level, start))
    return places


def _subtree(start: int, end: int, node: Node) -> bytes:
    return _join([node(level, seq) for level, seq in _places(start, end)])


def _join(nodes: Sequence[bytes]) -> bytes:
    """One hash for complete subtrees side by side, the largest first; at least one."""
    joined = nodes[-1]
    for left in nodes[-2::-1]:
        joined = node_hash(left, joined)
    return joined


def _check_shape(proof: Iterable[bytes], length: int) -> None:
    lengths = [len(node) for node in proof]
    if lengths != [NODE_BYTES] * length:
        raise BadProof(f"this proof consists of {length} hashes of {NODE_BYTES} bytes")


__all__ = [
    "EMPTY_ROOT",
    "NODE_BYTES",
    "SIZE_MAX",
    "BadProof",
    "Frontier",
    "Node",
    "Place",
    "consistency_places",
    "consistency_proof",
    "frontier_places",
    "inclusion_places",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "verify_consistency",
    "verify_inclusion",
]
