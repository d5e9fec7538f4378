"""The verifier against the clumsy insider: a row of any table that is altered, deleted, added or
moved is named, and no other row is blamed; and what only somebody sees who kept a head.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import pytest

from actors.store import (
    Append,
    Batch,
    Claim,
    Committed,
    Document,
    Event,
    KeyRow,
    PendingEffect,
)
from actors.store.entry import entry_of
from actors.store.merkle import Frontier, leaf_hash
from actors.store.sqlite.file import SqliteFile
from actors.store.sqlite.schema import prepare_writer
from backoffice.shards import of_union
from backoffice.verify.findings import Fault, Finding
from backoffice.verify.logs import BadHead, KeptHead
from supervisors.at_rest import open_keys
from tests.backoffice.tampering import Tampered, undone

UNIONS: Final = tuple(f"5301{number:02}" for number in range(1, 13))
"""Every one a shard, none of them empty."""

OURS = {Fault.ALTERED, Fault.MISSING, Fault.ADDED, Fault.BROKEN_TREE, Fault.HEAD_LOST}


def a_days_work(union: str) -> Iterator[Batch]:
    """Of every kind of row some that stay and some that go again."""
    shard, stream, at_ms = of_union(union), f"thing/{union}/1", int(union)

    def batch(**what: object) -> Batch:
        return Batch("mei", at_ms, shard=shard, **what)  # type: ignore[arg-type]  # one field or another

    facts = tuple(Event("Said", f"{union} {number}".encode()) for number in range(3))
    owed = tuple(
        PendingEffect(f"{stream}#1.{number}", stream, "self", "Wake", b"later", number)
        for number in range(3)
    )
    yield batch(
        appends=(Append(stream, 0, facts),), effects=owed, keys=(KeyRow(stream, b"wrapped"),)
    )
    yield batch(claims=(Claim("thing", f"a{union}", "one"), Claim("thing", f"b{union}", "one")))
    yield batch(effects_done=(owed[0].id,), releases=(Claim("thing", f"a{union}", "one"),))
    yield batch(documents=(Document("paper", union, b"first"), Document("other", union, b"x")))
    yield batch(documents=(Document("paper", union, b"second"), Document("other", union, None)))
    yield batch(keys=(KeyRow(f"thing/{union}/2", b"short"), KeyRow(f"thing/{union}/3", b"lived")))
    yield batch(keys=(KeyRow(f"thing/{union}/3", None),))
    yield batch(appends=(Append(stream, 3, facts), Append(f"thing/{union}/2", 0, facts)))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "office.db"
    open_keys(path, random.Random(1).randbytes)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare_writer(connection)
        batches = [list(a_days_work(union)) for union in UNIONS]
        for together in zip(*batches, strict=True):
            outcomes = SqliteFile(connection).commit_group(together)
            assert all(isinstance(one, Committed) for one in outcomes), outcomes
    return path


@pytest.fixture
def tampered(database: Path) -> Iterator[Tampered]:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield Tampered(connection, database)
        connection.execute("ROLLBACK")


def found(tampered: Tampered, kept: KeptHead | None = None) -> list[tuple[Fault, str]]:
    """What the logs tell; the few events of this office are none of a bank's."""
    findings = tampered.report(kept).findings
    return [(one.what, one.where) for one in findings if one.what in OURS]


PLACES: Final = {
    "log": ("shard, seq", "'log/' || shard || '#' || seq"),
    "events": ("stream, version", "stream || '#' || version"),
    "effects": ("id", "'effects/' || id"),
    "claims": ("scope, key", "'claims/' || scope || '/' || key"),
    "documents": ("collection, key", "'documents/' || collection || '/' || key"),
    "keys": ("stream", "'keys/' || stream"),
}
"""Of every table: what names a row, and how a finding names it."""

MOVES: Final = {
    "events": ("stream = stream || '/x'", "stream || '/x#' || version"),
    "effects": ("id = id || 'x'", "'effects/' || id || 'x'"),
    "claims": ("key = key || 'x'", "'claims/' || scope || '/' || key || 'x'"),
    "documents": ("key = key || 'x'", "'documents/' || collection || '/' || key || 'x'"),
    "keys": ("stream = stream || 'x'", "'keys/' || stream || 'x'"),
}
"""Of every table but the log: to another place, and how a finding names that."""


def columns_of(tampered: Tampered, table: str) -> dict[str, str]:
    """Every column with its type."""
    return {name: kind for _, name, kind, *_ in tampered.sql(f"PRAGMA table_info({table})")}


def rows_of(tampered: Tampered, table: str, named: str) -> list[tuple[str, tuple[object, ...]]]:
    """How a finding names each row of a table, and what its place is; some of all unions."""
    place, where = PLACES[table]
    query = f"SELECT {named or where}, {place} FROM {table} ORDER BY {place}"  # noqa: S608 - a test's
    return [(str(name), tuple(key)) for name, *key in tampered.sql(query)][:: len(UNIONS) // 3]


def at(table: str) -> str:
    """The condition that finds one row."""
    return " AND ".join(f"{column} = ?" for column in PLACES[table][0].split(", "))


def test_an_office_of_many_unions_is_whole(tampered: Tampered) -> None:
    """Each is a log of its own, and all have one root."""
    report = tampered.report()

    assert [] == found(tampered)
    assert {of_union(union): 8 for union in UNIONS} == {k: v.size for k, v in report.heads.items()}
    assert report.audit_entries == 8 * len(UNIONS)


@pytest.mark.parametrize("table", [table for table in PLACES if table != "log"])
def test_an_altered_row_is_named(tampered: Tampered, table: str) -> None:
    """Every column beyond its place, the shard included: that row, and no other."""
    place = PLACES[table][0].split(", ")
    for column, kind in columns_of(tampered, table).items():
        if column in place:
            continue
        change = {"TEXT": f"{column} || 'x'", "INTEGER": f"{column} + 1"}.get(kind, "x'00'")
        for where, key in rows_of(tampered, table, ""):
            with undone(tampered):
                statement = f"UPDATE {table} SET {column} = {change} WHERE {at(table)}"  # noqa: S608 - a test's
                tampered.sql(statement, *key)
                assert [(Fault.ALTERED, where)] == found(tampered), column


@pytest.mark.parametrize("table", [table for table in PLACES if table != "log"])
def test_a_deleted_row_is_named(tampered: Tampered, table: str) -> None:
    """Whatever its table."""
    for where, key in rows_of(tampered, table, ""):
        with undone(tampered):
            tampered.sql(f"DELETE FROM {table} WHERE {at(table)}", *key)  # noqa: S608 - a test's
            assert [(Fault.MISSING, where)] == found(tampered)


@pytest.mark.parametrize("table", MOVES)
def test_an_added_row_is_named(tampered: Tampered, table: str) -> None:
    """A copy of a row at a place that no log tells of."""
    move, where = MOVES[table]
    column, _, value = move.partition(" = ")
    columns = list(columns_of(tampered, table))
    values = ", ".join(value if one == column else one for one in columns)
    for named, key in rows_of(tampered, table, where):
        with undone(tampered):
            copied = f"SELECT {values} FROM {table} WHERE {at(table)}"  # noqa: S608 - a test's
            tampered.sql(f"INSERT INTO {table} ({', '.join(columns)}) {copied}", *key)
            assert [(Fault.ADDED, named)] == found(tampered)


@pytest.mark.parametrize("table", MOVES)
def test_a_moved_row_is_named_at_both_places(tampered: Tampered, table: str) -> None:
    """It is missing where it was, and too much where it is."""
    move, there = MOVES[table]
    places = rows_of(tampered, table, there)
    for (before, key), (after, _) in zip(rows_of(tampered, table, ""), places, strict=True):
        with undone(tampered):
            tampered.sql(f"UPDATE {table} SET {move} WHERE {at(table)}", *key)  # noqa: S608 - a test's
            assert {(Fault.MISSING, before), (Fault.ADDED, after)} == set(found(tampered))


def test_a_row_that_came_back_is_named(tampered: Tampered) -> None:
    """What the office has done with, released or destroyed is not there again."""
    shard, stream = of_union(UNIONS[0]), f"thing/{UNIONS[0]}/1"
    for table, values in {
        "effects": (f"{stream}#1.0", stream, "self", "Wake", b"later", 0, ""),
        "claims": ("thing", f"a{UNIONS[0]}", "one"),
        "documents": ("other", UNIONS[0], b"x"),
        "keys": (f"thing/{UNIONS[0]}/3", b"lived"),
    }.items():
        with undone(tampered):
            places = ", ".join("?" for _ in (*values, shard))
            tampered.sql(f"INSERT INTO {table} VALUES ({places})", *values, shard)  # noqa: S608 - a test's
            ((what, place),) = found(tampered)
            assert (Fault.ADDED, table) == (what, place.partition("/")[0])


# The log itself.


def log_of(union: str, seq: int) -> str:
    return f"log/{of_union(union)}#{seq}"


@pytest.mark.parametrize("union", UNIONS[:2])
def test_an_altered_entry_is_named(tampered: Tampered, union: str) -> None:
    """Its bytes, its own node, a node of the tree above it."""
    for seq in range(1, 9):
        with undone(tampered):
            change = "UPDATE log SET entry = x'c0' WHERE shard = ? AND seq = ?"
            tampered.sql(change, of_union(union), seq)
            assert (Fault.ALTERED, log_of(union, seq)) == found(tampered)[0]
        with undone(tampered):
            change = "UPDATE log SET nodes = zeroblob(length(nodes)) WHERE shard = ? AND seq = ?"
            tampered.sql(change, of_union(union), seq)
            assert [(Fault.ALTERED, log_of(union, seq))] == found(tampered)
        if seq % 2 == 0:
            with undone(tampered):
                change = "UPDATE log SET nodes = substr(nodes, 1, 32) WHERE shard = ? AND seq = ?"
                tampered.sql(change, of_union(union), seq)
                assert [(Fault.BROKEN_TREE, log_of(union, seq))] == found(tampered)


def test_a_deleted_entry_is_named(tampered: Tampered) -> None:
    """The gap, and the rows that nobody tells of any more; other shards are not blamed."""
    union = UNIONS[3]
    tampered.sql("DELETE FROM log WHERE shard = ? AND seq = 4", of_union(union))

    gap, *others = found(tampered)
    assert (Fault.MISSING, f"log/{of_union(union)}#4–4") == gap
    assert [] == others, "what it put was overwritten or deleted by entry 5"
    with undone(tampered):
        tampered.sql("DELETE FROM log WHERE shard = ? AND seq = 5", of_union(union))
        assert (Fault.MISSING, f"log/{of_union(union)}#4–5") == found(tampered)[0]
        assert (Fault.ADDED, f"documents/paper/{union}") in found(tampered)


def test_entries_that_changed_places_are_named(tampered: Tampered) -> None:
    """Within a shard and between two: an entry says which one it is."""
    one, other = of_union(UNIONS[0]), of_union(UNIONS[1])
    for first, second in (((one, 2), (one, 5)), ((one, 3), (other, 3))):
        with undone(tampered):
            (a,), (b,) = (
                tampered.sql("SELECT entry, nodes FROM log WHERE shard = ? AND seq = ?", *place)
                for place in (first, second)
            )
            change = "UPDATE log SET entry = ?, nodes = ? WHERE shard = ? AND seq = ?"
            tampered.sql(change, *b, *first)
            tampered.sql(change, *a, *second)
            named = {where for what, where in found(tampered) if what is Fault.ALTERED}
            assert {f"log/{shard}#{seq}" for shard, seq in (first, second)} <= named


# Heads that somebody kept.


def head_of(tampered: Tampered) -> KeptHead:
    return KeptHead.read(tampered.report().head)


def lost(tampered: Tampered, kept: KeptHead) -> list[Finding]:
    return [one for one in tampered.report(kept).findings if one.what is Fault.HEAD_LOST]


def test_a_kept_head_stands_while_the_office_goes_on(tampered: Tampered) -> None:
    """Every root that a log ever had will do; the token counts what came in all shards since."""
    kept, bare = head_of(tampered), tampered.report().root
    grown, fresh = of_union(UNIONS[4]), of_union("530199")
    early = frontier_after(tampered, grown, 3)
    for kind in (kept, KeptHead.read(bare), KeptHead.read(tampered.report().heads[grown].root)):
        assert 0 == tampered.report(kind).entries_since_head

    go_on(tampered, grown)
    go_on(tampered, fresh)

    assert [] == found(tampered, kept)
    assert 2 == tampered.report(kept).entries_since_head
    assert 9 - 3 == tampered.report(KeptHead(early.root())).entries_since_head
    assert ["log"] == [one.where for one in lost(tampered, KeptHead.read(bare))]
    assert tampered.report().entries_since_head is None, "nobody kept any"


def frontier_after(tampered: Tampered, shard: str, size: int) -> Frontier:
    """Where a log ended when it had so many entries."""
    frontier = Frontier.of(0, ())
    query = "SELECT entry FROM log WHERE shard = ? AND seq <= ? ORDER BY seq"
    for (entry,) in tampered.sql(query, shard, size):
        frontier, _ = frontier.append(leaf_hash(entry))
    return frontier


def go_on(tampered: Tampered, shard: str) -> None:
    """One honest entry more, of a batch that puts nothing new."""
    ((size,),) = tampered.sql("SELECT count(*) FROM log WHERE shard = ?", shard)
    entry = entry_of(Batch("mei", 1, effects_done=("unknown",), shard=shard), size + 1)
    _, nodes = frontier_after(tampered, shard, size).append(leaf_hash(entry))
    tampered.sql("INSERT INTO log VALUES (?, ?, ?, ?)", shard, size + 1, entry, b"".join(nodes))


def test_a_cut_off_end_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """No log can show that its end is missing; a head can, and says of which shard."""
    kept, shard = head_of(tampered), of_union(UNIONS[5])
    for size in reversed(range(8)):
        with undone(tampered):
            tampered.sql("DELETE FROM log WHERE shard = ? AND seq > ?", shard, size)
            tampered.sql("DELETE FROM events WHERE shard = ? AND seq > ?", shard, size)
            for table in ("effects", "claims", "documents", "keys"):
                tampered.sql(f"DELETE FROM {table} WHERE shard = ?", shard)  # noqa: S608 - a test's
            tampered.mend()
            assert [] == found(tampered)
            (one,) = lost(tampered, kept)
            assert (f"log/{shard}", f"{size} < 8") == (one.where, one.detail)
            assert tampered.report(kept).entries_since_head is None


def test_a_log_written_anew_is_found_by_whoever_kept_a_head(tampered: Tampered) -> None:
    """The thorough insider's logs are perfect, and are others."""
    kept, root = head_of(tampered), tampered.report().root
    tampered.sql("UPDATE events SET who = 'nobody' WHERE shard = ?", of_union(UNIONS[7]))
    tampered.mend()

    assert [] == found(tampered)
    assert ["log"] == [one.where for one in lost(tampered, kept)]
    assert ["log"] == [one.where for one in lost(tampered, KeptHead.read(root))]


def test_what_is_no_head_is_refused() -> None:
    """Truncated, of other bytes, or with a size that no log has."""
    root = bytes(32)
    token = msgspec.msgpack.encode((root, {"a": 1}))
    assert (
        KeptHead(root, {"a": 1}) == KeptHead.read(token.hex()) == KeptHead.read(token.hex().upper())
    )
    assert KeptHead(root) == KeptHead.read(root.hex())
    wrong = (token[:-1], token + b"x", msgspec.msgpack.encode((root, {"a": -1})), root[1:], b"")
    for text in (*(one.hex() for one in wrong), " " + token.hex(), "0x" + root.hex(), "ä", "12"):
        with pytest.raises(BadHead):
            KeptHead.read(text)
