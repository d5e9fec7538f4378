"""A log's tree is that of RFC 6962, its proofs convince, and nothing that is not so does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.store import merkle
from actors.store.merkle import (
    EMPTY_ROOT,
    SIZE_MAX,
    BadProof,
    Frontier,
    Place,
    consistency_places,
    consistency_proof,
    frontier_places,
    inclusion_places,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from actors.store.port import StoreError

PUBLISHED = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The entries of the published test vectors of Certificate Transparency."""

PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The root of the first n of them, for n = 0, 1, …"""

LEAF_0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LEAVES_0_1 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
LEAVES_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
LEAVES_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
LEAVES_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
LEAVES_0_3 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
LEAVES_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

PUBLISHED_INCLUSION = {
    (1, 1): [],
    (1, 8): [LEAF_1, LEAVES_2_3, LEAVES_4_7],
    (6, 8): [LEAF_4, LEAVES_6_7, LEAVES_0_3],
    (3, 3): [LEAVES_0_1],
    (2, 5): [LEAF_0, LEAVES_2_3, LEAF_4],
}
PUBLISHED_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [LEAF_1, LEAVES_2_3, LEAVES_4_7],
    (6, 8): [LEAVES_4_5, LEAVES_6_7, LEAVES_0_3],
    (2, 5): [LEAVES_2_3, LEAF_4],
}

LOG_MAX = 300
ENTRIES = [b"entry %d" % n for n in range(LOG_MAX)]
FEW = [(old, new) for new in range(1, 18) for old in range(1, new + 1)]
"""Small sizes, of which every bit of every proof is tried."""


class Rows:
    """A log as a table keeps it: in the row of each entry all nodes that end there."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.frontiers = [Frontier()]
        self.rows: list[tuple[bytes, ...]] = []
        self.asked: list[Place] = []
        for entry in entries:
            frontier, ended = self.frontiers[-1].append(leaf_hash(entry))
            self.frontiers.append(frontier)
            self.rows.append(ended)

    def node(self, level: int, seq: int) -> bytes:
        self.asked.append((level, seq))
        return self.rows[seq - 1][level]

    def root(self, size: int) -> bytes:
        return self.frontiers[size].root()


LOG = Rows(ENTRIES)


@cache
def mth(start: int, end: int) -> bytes:
    """RFC 6962 §2.1, word for word: MTH(D[start:end])."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return sha256(b"\x00" + ENTRIES[start]).digest()
    middle = start + split(end - start)
    return sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


def path(m: int, start: int, end: int) -> list[bytes]:
    """RFC 6962 §2.1.1, word for word: PATH(m, D[start:end])."""
    if end - start == 1:
        return []
    k = split(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2, word for word: SUBPROOF(m, D[start:end], whole)."""
    if m == end - start:
        return [] if whole else [mth(start, end)]
    k = split(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, whole=whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, whole=False), mth(start, start + k)]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def refused(verify: Callable[..., None], *given: object) -> bool:
    try:
        verify(*given)
    except BadProof:
        return True
    return False


def flipped(node: bytes) -> list[bytes]:
    """A hash with each of its bits turned."""
    number = int.from_bytes(node)
    return [(number ^ (1 << bit)).to_bytes(len(node)) for bit in range(8 * len(node))]


def altered(proof: list[bytes]) -> list[list[bytes]]:
    """Every other proof that comes of a turned bit, a hash cut, doubled, left out or swapped."""
    others = [
        [*proof[:at], other, *proof[at + 1 :]]
        for at, node in enumerate(proof)
        for other in [*flipped(node), node[:-1], node + b"\0", b""]
    ]
    others += [proof[:at] + proof[at + 1 :] for at in range(len(proof))]
    others += [[*proof[:at], proof[at], *proof[at:]] for at in range(len(proof))]
    others += [
        [*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :]] for at in range(len(proof) - 1)
    ]
    return [*others, [*proof, bytes(32)], [bytes(32), *proof]]


def test_the_published_vectors() -> None:
    """The roots and proofs that Certificate Transparency's own tests publish, of eight entries."""
    log = Rows(PUBLISHED)

    assert [log.root(size).hex() for size in range(9)] == PUBLISHED_ROOTS
    for (seq, size), expected in PUBLISHED_INCLUSION.items():
        proof = inclusion_proof(seq, size, log.node)
        assert [node.hex() for node in proof] == expected, (seq, size)
        verify_inclusion(leaf_hash(PUBLISHED[seq - 1]), seq, size, proof, log.root(size))
    for (old, new), expected in PUBLISHED_CONSISTENCY.items():
        proof = consistency_proof(old, new, log.node)
        assert [node.hex() for node in proof] == expected, (old, new)
        verify_consistency(old, new, log.root(old), log.root(new), proof)


def test_every_root_is_what_the_standard_says() -> None:
    """For every size to 300, the same as the recursive definition."""
    assert [mth(0, size) for size in range(LOG_MAX + 1)] == [
        LOG.root(size) for size in range(LOG_MAX + 1)
    ]
    assert EMPTY_ROOT == Frontier().root()


def test_a_row_holds_the_complete_subtrees_that_end_at_it() -> None:
    """The one at [level] is that of the last 2^level entries."""
    for seq, ended in enumerate(LOG.rows, 1):
        complete = [level for level in range(seq.bit_length()) if seq % (1 << level) == 0]
        assert [mth(seq - (1 << level), seq) for level in complete] == list(ended), seq


def test_a_frontier_is_made_of_few_rows() -> None:
    """A log goes on from the rows that `frontier_places` names as if it had never been closed."""
    for size, frontier in enumerate(LOG.frontiers):
        places = frontier_places(size)
        nodes = [LOG.node(*place) for place in places]
        assert frontier == Frontier.of(size, nodes), size
        assert len(places) == size.bit_count()
    assert [(2, 4), (1, 6), (0, 7)] == frontier_places(7)


@pytest.mark.parametrize(
    ("size", "nodes"),
    [(-1, []), (0, [bytes(32)]), (7, [bytes(32)] * 2), (7, [bytes(32)] * 4), (1, [bytes(31)])],
)
def test_a_damaged_frontier_is_refused(size: int, nodes: list[bytes]) -> None:
    """Another number of nodes than the size has, or a hash of another length, is a typed error."""
    with pytest.raises(StoreError, match=f"a log of {size} entries"):
        Frontier.of(size, nodes)


def test_every_inclusion_proof_is_what_the_standard_says_and_convinces() -> None:
    """For every entry of many sizes to 300: PATH itself, and it verifies."""
    for size in [*range(1, 70), 127, 128, 129, 255, 256, 257, LOG_MAX]:
        for seq in range(1, size + 1):
            LOG.asked.clear()
            proof = inclusion_proof(seq, size, LOG.node)

            assert path(seq - 1, 0, size) == proof, (seq, size)
            assert LOG.asked == inclusion_places(seq, size)
            verify_inclusion(leaf_hash(ENTRIES[seq - 1]), seq, size, proof, LOG.root(size))


def test_every_consistency_proof_is_what_the_standard_says_and_convinces() -> None:
    """For every older size of many sizes to 300: PROOF itself, and it verifies."""
    for new in [*range(1, 70), 127, 128, 129, 255, 256, 257, LOG_MAX]:
        for old in range(1, new + 1):
            LOG.asked.clear()
            proof = consistency_proof(old, new, LOG.node)

            assert subproof(old, 0, new, whole=True) == proof, (old, new)
            assert LOG.asked == consistency_places(old, new)
            verify_consistency(old, new, LOG.root(old), LOG.root(new), proof)


def test_every_log_continues_an_empty_one() -> None:
    """The proof is empty, and only the empty root is an empty log's."""
    for new in (0, 1, 5):
        assert [] == consistency_proof(0, new, LOG.node)
        verify_consistency(0, new, EMPTY_ROOT, LOG.root(new), [])
        with pytest.raises(BadProof):
            verify_consistency(0, new, bytes(32), LOG.root(new), [])
    with pytest.raises(BadProof):
        verify_consistency(0, 0, EMPTY_ROOT, LOG.root(1), [])


@pytest.mark.parametrize(("seq", "size"), FEW)
def test_an_altered_inclusion_proof_is_refused(seq: int, size: int) -> None:
    """Any bit of the proof, the leaf or the root, and any other place in the log."""
    leaf, root = leaf_hash(ENTRIES[seq - 1]), LOG.root(size)
    proof = inclusion_proof(seq, size, LOG.node)

    for other in altered(proof):
        assert refused(verify_inclusion, leaf, seq, size, other, root), other
    for bad in flipped(leaf):
        assert refused(verify_inclusion, bad, seq, size, proof, root)
    for bad in flipped(root):
        assert refused(verify_inclusion, leaf, seq, size, proof, bad)
    for other_seq in {*range(-1, size + 3), SIZE_MAX} - {seq}:
        assert refused(verify_inclusion, leaf, other_seq, size, proof, root)


@pytest.mark.parametrize(("old", "new"), FEW)
def test_an_altered_consistency_proof_is_refused(old: int, new: int) -> None:
    """Any bit of the proof or of a root."""
    old_root, new_root = LOG.root(old), LOG.root(new)
    proof = consistency_proof(old, new, LOG.node)

    for other in altered(proof):
        assert refused(verify_consistency, old, new, old_root, new_root, other), other
    for bad in flipped(old_root):
        assert refused(verify_consistency, old, new, bad, new_root, proof)
    for bad in flipped(new_root):
        assert refused(verify_consistency, old, new, old_root, bad, proof)


def test_a_log_written_anew_is_not_the_continuation() -> None:
    """Whoever changes one old entry and computes every hash anew has no proof that convinces."""
    for at in range(12):
        forged = Rows([*ENTRIES[:at], b"forged", *ENTRIES[at + 1 : 20]])
        proof = consistency_proof(12, 20, forged.node)
        with pytest.raises(BadProof, match="the log of 12 entries is not the beginning"):
            verify_consistency(12, 20, LOG.root(12), forged.root(20), proof)


def test_an_inner_node_is_no_entry() -> None:
    """The two kinds of hash differ, so a pair of leaves cannot be passed off as one entry."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize(
    ("seq", "size"), [(0, 0), (0, 5), (-1, 5), (6, 5), (1, 0), (1, SIZE_MAX + 1)]
)
def test_no_proof_of_an_entry_that_is_not_there(seq: int, size: int) -> None:
    """Asking for one, and showing one, are the same typed error."""
    for ask in (
        lambda: inclusion_places(seq, size),
        lambda: inclusion_proof(seq, size, LOG.node),
        lambda: verify_inclusion(bytes(32), seq, size, [], bytes(32)),
    ):
        with pytest.raises(BadProof, match=f"a log of {size} entries has no entry {seq}"):
            ask()


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (1, 0), (1, SIZE_MAX + 1)])
def test_no_proof_of_a_log_that_was_longer(old: int, new: int) -> None:
    """A log that has shrunk is a typed error, too."""
    for ask in (
        lambda: consistency_places(old, new),
        lambda: consistency_proof(old, new, LOG.node),
        lambda: verify_consistency(old, new, bytes(32), bytes(32), []),
    ):
        with pytest.raises(BadProof, match=f"a log of {new} entries does not continue"):
            ask()


@given(old=st.integers(1, SIZE_MAX), new=st.integers(1, SIZE_MAX))
def test_a_proof_of_any_log_needs_few_rows(old: int, new: int) -> None:
    """Never more than twice the logarithm of the size, however long the log."""
    old, new = sorted((old, new))
    assert len(inclusion_places(old, new)) <= 2 * new.bit_length()
    assert len(consistency_places(old, new)) <= 2 * new.bit_length()
    assert len(frontier_places(new)) <= new.bit_length()


def test_an_entry_costs_two_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own and, on average, less than one of two subtrees; a row keeps less than two nodes."""
    joined = 0

    def counted(left: bytes, right: bytes) -> bytes:
        nonlocal joined
        joined += 1
        return node_hash(left, right)

    monkeypatch.setattr(merkle, "node_hash", counted)
    log = Rows([b""] * 1024)

    assert 1023 == joined
    assert 2047 == sum(len(ended) for ended in log.rows)
