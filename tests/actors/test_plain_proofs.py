"""Proofs convince a program that shares no code with whoever made them; false ones do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.store import Append, Batch, Event
from actors.store.daily import daily_root, prove_head
from actors.store.merkle import (
    BadProof,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from actors.store.sqlite.file import SqliteFile
from tests.actors.test_plain_verifier import written
from tests.kit.plain_verifier import verify

SIZE = 20
ENTRIES = [b"entry %d" % number for number in range(SIZE)]

Proof = dict[str, Any]


class Log:
    """A log, and everything that can be shown of it."""

    def __init__(self) -> None:
        self.frontiers, self.rows = [Frontier()], list[tuple[bytes, ...]]()
        for entry in ENTRIES:
            frontier, ended = self.frontiers[-1].append(leaf_hash(entry))
            self.frontiers.append(frontier)
            self.rows.append(ended)

    def node(self, level: int, seq: int) -> bytes:
        return self.rows[seq - 1][level]

    def root(self, size: int) -> bytes:
        return self.frontiers[size].root()

    def inclusions(self) -> Iterator[Proof]:
        for size in range(1, SIZE + 1):
            for seq in range(1, size + 1):
                path = inclusion_proof(seq, size, self.node)
                yield {
                    "kind": "inclusion",
                    "size": size,
                    "root": self.root(size).hex(),
                    "entry": ENTRIES[seq - 1].hex(),
                    "seq": seq,
                    "proof": [node.hex() for node in path],
                }

    def consistencies(self) -> Iterator[Proof]:
        for size in range(SIZE + 1):
            for old in range(size + 1):
                path = consistency_proof(old, size, self.node)
                yield {
                    "kind": "consistency",
                    "size": size,
                    "root": self.root(size).hex(),
                    "old_size": old,
                    "old_root": self.root(old).hex(),
                    "proof": [node.hex() for node in path],
                }


LOG = Log()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with five entries in one shard and one in another."""
    path = tmp_path_factory.mktemp("office") / "office.db"
    with written(path) as connection:
        file = SqliteFile(connection)
        for after in range(5):
            append = Append("case/a", after, (Event("happened", b""),))
            file.commit_group([Batch("mei", 1, (append,), shard="east")])
        file.commit_group([Batch("mei", 1, (Append("x", 0, (Event("e", b""),)),), shard="west")])
    return path


def refused(office: Path, proofs: list[Proof]) -> list[int]:
    """The indices of those that do not convince."""
    report = verify(office, json.dumps(proofs).encode())
    return [int(problem["where"].removeprefix("proofs/")) - 1 for problem in report["problems"]]


def lies(proof: Proof) -> Iterator[Proof]:
    """The same with a hash altered, cut, doubled or left out, and with other numbers."""
    for name in ("root", "old_root", "entry", "day"):
        if name in proof:
            yield proof | {name: flipped(proof[name])}
            yield proof | {name: "no hex"}
    path = proof["proof"]
    for at, node in enumerate(path):
        yield proof | {"proof": [*path[:at], flipped(node), *path[at + 1 :]]}
        yield proof | {"proof": [*path[:at], node[:-2], *path[at + 1 :]]}
        yield proof | {"proof": path[:at] + path[at + 1 :]}
        yield proof | {"proof": [*path[:at], node, *path[at:]]}
    yield proof | {"proof": [*path, "00" * 32]}
    for name in ("seq", "place"):
        for number in (-1, 0, proof.get(name, 0) + 1, 2**70):
            if name in proof:
                yield proof | {name: number}
    if "old_size" in proof:
        yield proof | {"old_size": -1}
        yield proof | {"old_size": proof["size"] + 1}


def flipped(text: str) -> str:
    return f"{int(text[:2], 16) ^ 1:02x}" + text[2:]


@pytest.mark.parametrize("proofs", [LOG.inclusions, LOG.consistencies], ids=lambda f: f.__name__)
def test_every_proof_convinces_and_every_lie_does_not(proofs: Any, office: Path) -> None:
    """Of every entry, and from every size to every other."""
    shown = list(proofs())
    assert [] == refused(office, shown)

    # Any log continues an empty one: no proof shows what it has become.
    false = [lie for proof in shown if proof.get("old_size") != 0 for lie in lies(proof)]
    assert list(range(len(false))) == refused(office, false)


def test_both_judge_alike(office: Path) -> None:
    """What the office's own verification says of a claim with any numbers, this one says, too."""
    claims: list[tuple[Proof, bool]] = []
    for proof in LOG.inclusions():
        for size in range(SIZE + 2):
            claim = proof | {"size": size}
            claims.append((claim, accepts_inclusion(claim)))
    for proof in LOG.consistencies():
        for old in range(SIZE + 2):
            claim = proof | {"old_size": old}
            claims.append((claim, accepts_consistency(claim)))

    expected = [index for index, (_, accepted) in enumerate(claims) if not accepted]

    assert expected == refused(office, [claim for claim, _ in claims])


def accepts_inclusion(claim: Proof) -> bool:
    path = [bytes.fromhex(node) for node in claim["proof"]]
    leaf, root = leaf_hash(bytes.fromhex(claim["entry"])), bytes.fromhex(claim["root"])
    try:
        verify_inclusion(leaf, claim["seq"], claim["size"], path, root)
    except BadProof:
        return False
    return True


def accepts_consistency(claim: Proof) -> bool:
    path = [bytes.fromhex(node) for node in claim["proof"]]
    roots = bytes.fromhex(claim["old_root"]), bytes.fromhex(claim["root"])
    try:
        verify_consistency(claim["old_size"], claim["size"], *roots, path)
    except BadProof:
        return False
    return True


def test_a_head_that_was_kept_shows_a_log_that_was_cut_off(office: Path, tmp_path: Path) -> None:
    """The log alone cannot; whoever kept a head can."""
    with written(office) as connection:
        file = SqliteFile(connection)
        roots = {size: file.root_at("east", size) for size in range(6)}
    kept: list[Proof] = [
        {"kind": "head", "shard": "east", "size": size, "root": root.hex()}
        for size, root in roots.items()
        if root is not None
    ]
    assert 6 == len(kept)
    assert [] == refused(office, kept)
    wrong = [
        *(head | {"root": flipped(head["root"])} for head in kept),
        kept[5] | {"size": 6},
        kept[5] | {"shard": "north"},
        kept[1] | {"shard": "west"},
    ]
    assert list(range(9)) == refused(office, wrong)

    cut = tmp_path / "cut.db"
    cut.write_bytes(office.read_bytes())
    with written(cut) as connection:
        connection.execute("DELETE FROM log WHERE shard = 'east' AND seq = 5")
        connection.execute("DELETE FROM events WHERE stream = 'case/a' AND version = 5")
    assert verify(cut)["ok"]
    assert [5] == refused(cut, kept)


def test_a_shard_is_shown_to_be_in_a_day(office: Path) -> None:
    """Its head's place in the root of the day, which is the one that the verifier reports."""
    with written(office) as connection:
        heads = {h.shard: (h.size, h.root) for h in SqliteFile(connection).heads()}
    day = daily_root(heads)
    assert day.hex() == verify(office)["root"]
    shown: list[Proof] = []
    for shard, (size, root) in heads.items():
        proof = prove_head(heads, shard)
        head = {"kind": "daily", "shard": shard, "size": size, "root": root.hex()}
        hashes = [node.hex() for node in proof.hashes]
        place = {"place": proof.place, "shards": proof.shards, "proof": hashes}
        shown.append(head | place | {"day": day.hex()})

    assert [] == refused(office, shown)
    false = [lie for proof in shown for lie in lies(proof)]
    false += [proof | {"size": 9} for proof in shown] + [proof | {"shard": "z"} for proof in shown]
    assert list(range(len(false))) == refused(office, false)


@pytest.mark.parametrize(
    "proofs", [b"", b"{}", b"[1]", b'[{"kind": "other"}]', b"\xff", b"[" * 9_999]
)
def test_proofs_that_cannot_be_read_are_a_finding(proofs: bytes, office: Path) -> None:
    """Never a crash, and never called fine."""
    (problem,) = verify(office, proofs)["problems"]
    assert "proofs" == problem["where"]
