"""A second opinion on an office's books, by a program that shares no code with the office.

    python plain_verifier.py OFFICE.DB [PROOFS.JSON]   # exit code 0: all is well; 1: it is not

Written from the description of the tables and of an entry alone. It computes every hash anew from
the bytes, folds what the entries say into what each table must hold, and names each row that was
altered, removed or added. PROOFS is a list of what others kept or were handed (`Claimed` below).
Memory grows with the books. It needs no key: what is hashed is what is stored.

What no database can show by itself: that the end of a log was cut off, or that a log was written
anew as a whole. A head that somebody kept shows it. No log tells of hints (documents whose
collection begins with `~`), and blobs lie elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

APPLICATION_ID, SCHEMA_VERSION, FORMAT, HINT = 0x42504B42, 1, 1, "~"

Texts3 = tuple[tuple[str, str, str], ...]
ENTRY = msgspec.msgpack.Decoder(
    tuple[
        int, str, int, int, str, str,  # format, shard, seq, at_ms, who, span
        tuple[tuple[str, int, tuple[tuple[str, bytes], ...]], ...],  # appends
        tuple[tuple[str, str, str, str, int, str, bytes], ...],  # effects
        tuple[str, ...],  # effects_done
        Texts3, Texts3,  # releases, claims
        tuple[tuple[str, str, bytes | None], ...],  # documents
        tuple[tuple[str, bytes | None], ...],  # keys
    ]
)  # fmt: skip

TABLES = {
    "events": (("stream", "version"), ("kind", "body", "at_ms", "who", "seq", "shard")),
    "effects": (("id",), ("stream", "recipient", "kind", "due_ms", "span", "body", "shard")),
    "claims": (("scope", "key"), ("owner", "shard")),
    "documents": (("collection", "key"), ("body", "shard")),
    "keys": (("stream",), ("wrapped", "shard")),
}
"""Every table that follows from the logs: what names a row, and what else is in it. Bodies and
wrapped keys are held against their SHA-256."""


class Claimed(msgspec.Struct, tag_field="kind", tag=str.lower, forbid_unknown_fields=True):
    """What a proof or a kept head claims; all bytes in hex. `root` is of the first `size`."""

    size: int
    root: str


class Head(Claimed):
    """This was a head of a shard of this database."""

    shard: str


class Inclusion(Claimed):
    """An entry, the seq-th, is in a log with this head (RFC 9162 §2.1.3)."""

    entry: str
    seq: int
    proof: list[str]


class Consistency(Claimed):
    """A log with this head continues one with an older head (RFC 9162 §2.1.4)."""

    old_size: int
    old_root: str
    proof: list[str]


class Daily(Claimed):
    """A shard's head is in the root of a day, at a place among so many shards."""

    shard: str
    day: str
    place: int
    shards: int
    proof: list[str]


Claim = Head | Inclusion | Consistency | Daily


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def join(left: bytes | None, right: bytes | None) -> bytes | None:
    """Of two subtrees; unknown if one is."""
    return left and right and sha256(b"\x01" + left + right).digest()


def daily_leaf(shard: str, size: int, root: bytes) -> bytes:
    text = shard.encode("utf-8", "replace").decode()
    return leaf(msgspec.msgpack.encode([text, size, root]))


class Tree:
    """A log's complete subtrees by level and last entry, those that are still to be joined."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int], bytes | None] = {}

    def climb(self, seq: int, lowest: bytes) -> list[bytes | None]:
        """Add a leaf; all complete subtrees that end there, lowest first, None where unknown."""
        ended: list[bytes | None] = [lowest]
        while seq >> len(ended) - 1 & 1 == 0:
            level = len(ended) - 1
            ended.append(join(self.nodes.pop((level, seq - (1 << level)), None), ended[-1]))
        self.nodes[len(ended) - 1, seq] = ended[-1]
        return ended

    def root(self, size: int) -> bytes | None:
        """The root of all leaves; None if one was never seen."""
        parts: list[bytes | None] = []
        for level in range(size.bit_length()):
            if size >> level & 1:
                parts.append(self.nodes.get((level, size)))
                size -= 1 << level
        root = parts[0] if parts else sha256(b"").digest()
        for left in parts[1:]:
            root = join(left, root)
        return root


class Log:
    """One shard's: the tree of its bytes, and the tree of the leaf hashes kept beside them."""

    def __init__(self) -> None:
        self.size = 0
        self.roots: dict[int, bytes | None] = {}
        self.real, self.kept = Tree(), Tree()


class Verifier:
    """One look at one database."""

    def __init__(self, heads: list[Head]) -> None:
        self.problems: list[dict[str, str]] = []
        self.logs: dict[str, Log] = {}
        # Logs are read by name and not by time: each shard's word on a place stands by itself.
        self.must: dict[str, dict[tuple[Any, ...], dict[str, tuple[Any, ...]]]] = {
            table: {} for table in TABLES
        }
        self.versions: dict[str, tuple[int, str]] = {}
        # Once an entry is not what was written, what does not follow from it is no finding.
        self.whole = True
        self.sizes = {(head.shard, head.size) for head in heads}

    def tell(self, where: str, what: str) -> None:
        self.problems.append({"where": where, "what": what})

    def look(self, path: Path) -> None:
        try:
            one = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as error:
            self.tell("file", f"does not open: {error}")
            return
        one.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            one.execute("BEGIN")
            marks = [
                one.execute(f"PRAGMA {m}").fetchone()[0] for m in ("application_id", "user_version")
            ]
            if marks != [APPLICATION_ID, SCHEMA_VERSION]:
                self.tell("file", "unknown: this is no database that I know")
                return
            for (finding,) in one.execute("PRAGMA integrity_check"):
                if finding != "ok":
                    self.tell("file", f"damaged: {finding}")
            kinds = "SELECT type, name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'"
            for kind, name in one.execute(kinds + " AND type <> 'index' ORDER BY name"):
                if kind != "table" or name not in {"log", *TABLES}:
                    self.tell(f"{kind}/{name}", "unknown: nothing tells what it must hold")
            for row in one.execute("SELECT shard, seq, entry, nodes FROM log ORDER BY shard, seq"):
                self.follow(*row)
            for table in TABLES:
                self.compare(table, one)
        except (sqlite3.Error, TypeError, AttributeError) as error:
            self.tell("file", f"damaged: {error}")
        finally:
            one.close()

    def follow(self, shard: str, seq: int, entry: bytes, nodes: bytes) -> None:
        """Go on by one row of a log."""
        log, where = self.logs.setdefault(shard, Log()), f"log/{shard}#{seq}"
        if seq <= log.size:
            self.tell(where, "added")
            return
        if seq > log.size + 1:
            first, last = log.size + 1, seq - 1
            self.tell(f"log/{shard}#{first}" + (f"–{last}" if first < last else ""), "missing")
            self.whole = False
        log.size = seq
        kept = [nodes[at : at + 32] for at in range(0, len(nodes), 32)] or [b""]
        ways = log.real.climb(seq, leaf(entry)), log.kept.climb(seq, kept[0])
        # An altered entry breaks the way up from the bytes, an altered leaf hash the other.
        if not any(fits(kept, way) for way in ways):
            self.tell(where, "altered: nodes")
            self.whole = False
        elif kept[0] != leaf(entry):
            self.tell(where, "altered: entry")
            self.whole = False
        if (shard, seq) in self.sizes:
            log.roots[seq] = log.real.root(seq)
        try:
            said = ENTRY.decode(entry)
        except (ValueError, RecursionError):
            said = None
        if said is not None and said[:3] == (FORMAT, shard, seq):
            self.fold(said, where)
        else:
            self.tell(where, "altered: this is no entry of this place")
            self.whole = False

    def fold(self, said: Any, where: str) -> None:
        """What an entry says that the tables hold: the last word on each place."""
        _, shard, seq, at_ms, who, _, appends, effects, done, releases, claims, docs, keys = said
        for stream, before, events in appends:
            if self.whole and self.versions.get(stream, (0, shard)) != (before, shard):
                self.tell(where, f"does not continue {stream}")
            for version, (kind, digest) in enumerate(events, before + 1):
                row = (kind, digest, at_ms, who, seq, shard)
                self.put("events", (stream, version), row)
            self.versions[stream] = (before + len(events), shard)
        for name, stream, to, kind, due_ms, span, digest in effects:
            self.put("effects", (name,), (stream, to, kind, due_ms, span, digest, shard))
        for name in done:
            self.put("effects", (name,), (None, shard))
        for scope, key, owner in releases:
            if self.said("claims", (scope, key), shard) == (owner, shard):
                self.put("claims", (scope, key), (None, shard))
        for scope, key, owner in claims:
            held = self.said("claims", (scope, key), shard)
            if self.whole and held is not None and held[0] != owner:
                self.tell(where, f"takes claims/{scope}/{key} from its owner")
            self.put("claims", (scope, key), (owner, shard))
        for collection, key, digest in docs:
            self.put("documents", (collection, key), (digest, shard))
        for stream, digest in keys:
            self.put("keys", (stream,), (digest, shard))

    def said(self, table: str, place: tuple[Any, ...], shard: str) -> tuple[Any, ...] | None:
        """What a place holds by a shard's log."""
        return self.must[table].get(place, {}).get(shard)

    def put(self, table: str, place: tuple[Any, ...], row: tuple[Any, ...]) -> None:
        """What a place holds from now on by the row's shard; nothing, if it begins with None."""
        words = self.must[table].setdefault(place, {})
        words.pop(row[-1], None)
        if row[0] is not None:
            words[row[-1]] = row
        elif not words:
            del self.must[table][place]

    def compare(self, table: str, one: sqlite3.Connection) -> None:
        """Hold a table against what the logs say of it."""
        (place_names, names), must = TABLES[table], self.must[table]
        columns = ", ".join(place_names + names)
        for row in one.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608 - constants
            place, found = row[: len(place_names)], row[len(place_names) :]
            if table == "documents" and place[0].startswith(HINT):
                continue
            found = tuple(sha256(v).digest() if isinstance(v, bytes) else v for v in found)
            words = [*must.pop(place, {}).values()]
            if not words:
                self.tell(named(table, place), "added")
            elif len(words) > 1:
                self.tell(named(table, place), "altered: two shards have it")
            elif words[0] != found:
                wrong = [n for n, a, b in zip(names, words[0], found, strict=True) if a != b]
                self.tell(named(table, place), "altered: " + ", ".join(wrong))
        for place in must:
            self.tell(named(table, place), "missing")

    def check(self, claimed: Claim) -> bool:
        """Whether a proof or a head convinces (sizes and places count from 1)."""
        root = bytes.fromhex(claimed.root)
        path = [bytes.fromhex(node) for node in getattr(claimed, "proof", ())]
        if any(len(node) != 32 for node in (root, *path)):
            return False
        match claimed:
            case Head(shard=shard, size=size):
                known = self.logs.get(shard, Log())
                return root == (known.roots.get(size) if size else Tree().root(0))
            case Inclusion(entry=entry, seq=seq, size=size):
                return root == included(leaf(bytes.fromhex(entry)), seq - 1, size, path)
            case Consistency(old_size=old, old_root=old_root, size=size):
                return continued(old, size, bytes.fromhex(old_root), root, path)
            case Daily(shard=shard, size=size, place=place, shards=shards, day=day):
                start = daily_leaf(shard, size, root)
                return bytes.fromhex(day) == included(start, place - 1, shards, path)


def fits(kept: list[bytes], way: list[bytes | None]) -> bool:
    return len(kept) == len(way) and all(w in (None, k) for k, w in zip(kept, way, strict=True))


def named(table: str, place: tuple[Any, ...]) -> str:
    return f"{table}/" + ("#" if table == "events" else "/").join(map(str, place))


def included(start: bytes, fn: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path leads to, by RFC 9162 §2.1.3.2; None if it leads nowhere."""
    sn, root = size - 1, start
    if not 0 <= fn <= sn:
        return None
    for node in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = join(node, root) or b""
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = join(root, node) or b""
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


def continued(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162 §2.1.4.2; every log continues itself and the empty one, without a proof."""
    if not 0 < old < new:
        empty = old == 0 < new and old_root == Tree().root(0)
        return not path and (empty or (old, old_root) == (new, new_root))
    path = [old_root, *path] if old & old - 1 == 0 else path
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    before = after = path[0] if path else None
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            before, after = join(node, before), join(node, after)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            after = join(after, node)
        fn, sn = fn >> 1, sn >> 1
    return (before, after, sn) == (old_root, new_root, 0)


def verify(database: Path, proofs: bytes = b"[]") -> dict[str, Any]:
    """What is wrong with a database, and with proofs as JSON."""
    trouble, claims = None, list[Claim]()
    try:
        claims = msgspec.json.decode(proofs, type=list[Claim])
    except (ValueError, RecursionError) as error:
        trouble = str(error)
    verifier = Verifier([claimed for claimed in claims if isinstance(claimed, Head)])
    verifier.look(database)
    if trouble is not None:
        verifier.tell("proofs", f"unreadable: {trouble}")
    for number, claimed in enumerate(claims, 1):
        try:
            good = verifier.check(claimed)
        except ValueError:  # it is not hexadecimal
            good = False
        if not good:
            verifier.tell(
                f"proofs/{number}", f"does not show this {type(claimed).__name__.lower()}"
            )
    heads, day = {}, Tree()
    for place, (shard, log) in enumerate(sorted(verifier.logs.items()), 1):
        root = log.real.root(log.size)
        heads[shard] = {"size": log.size, "root": root.hex() if root else None}
        if root:
            day.climb(place, daily_leaf(shard, log.size, root))
    joined = day.root(len(heads))
    return {
        "ok": not verifier.problems,
        "problems": verifier.problems,
        "heads": heads,
        "root": joined.hex() if joined else None,
    }


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    report = verify(Path(sys.argv[1]), *(Path(name).read_bytes() for name in sys.argv[2:]))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    sys.exit(0 if report["ok"] else 1)
