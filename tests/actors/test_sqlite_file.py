"""The database file by itself: groups, failing disks, foreign files, looking without touching."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from actors.store import (
    HINT,
    MAIN,
    Append,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Document,
    Event,
    KeyRow,
    PendingEffect,
    StoreClosed,
    StoreError,
    VersionConflict,
)
from actors.store.batch import BadBatch
from actors.store.sqlite.file import SqliteFile, open_readonly
from actors.store.sqlite.schema import SCHEMA_VERSION, NotOurs, prepare_writer
from tests.actors.books import read_books


@contextmanager
def connected(path: Path, busy_timeout_ms: int = 0) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare_writer(connection, busy_timeout_ms)
        yield connection


@contextmanager
def opened(path: Path) -> Iterator[SqliteFile]:
    with connected(path) as connection:
        yield SqliteFile(connection)


def append(stream: str, after: int, *bodies: bytes) -> Batch:
    return Batch("mei", 1, appends=(Append(stream, after, tuple(Event("e", b) for b in bodies)),))


def owing(effect_id: str, stream: str) -> Batch:
    batch = append(stream, 0, b"fact")
    effect = PendingEffect(effect_id, stream, "core", "post", b"")
    return Batch(batch.who, batch.at_ms, batch.appends, (effect,))


def test_a_conflict_of_one_never_hurts_the_others(tmp_path: Path) -> None:
    """In a group, each conflicting batch is refused alone; the rest commit in one transaction."""
    with opened(tmp_path / "a.db") as file:
        outcomes = file.commit_group(
            [
                append("a", 0, b"1"),
                append("a", 0, b"late"),
                Batch("mei", 1, claims=(Claim("card", "1", "a"),)),
                Batch("li", 1, claims=(Claim("card", "1", "b"),)),
                append("a", 1, b"2"),
                append("b", 7, b"early"),
            ]
        )

        stale, taken = VersionConflict, ClaimConflict
        expected = [Committed, stale, Committed, taken, Committed, stale]
        assert expected == [type(outcome) for outcome in outcomes]
        assert [b"1", b"2"] == [event.body for event in file.read("a", 0)]
        assert [] == file.read("b", 0)


def test_a_batch_that_the_database_refuses_is_refused_alone(tmp_path: Path) -> None:
    """An id used twice is only seen by SQLite: the group starts again, one savepoint each."""
    with opened(tmp_path / "a.db") as file:
        outcomes = file.commit_group(
            [owing("x#1.0", "a"), owing("x#1.0", "b"), append("c", 0, b"3")]
        )

        assert [Committed, BadBatch, Committed] == [type(outcome) for outcome in outcomes]
        assert ["a", "c"] == file.streams("", "")
        assert Committed(MAIN, 2) == outcomes[2]
        assert (file.heads(), []) == read_books(tmp_path / "a.db")


def test_a_full_disk_applies_nothing_and_the_file_goes_on(tmp_path: Path) -> None:
    """When the disk is full, every batch of the group is refused; with room again, all is well."""
    with connected(tmp_path / "a.db") as connection:
        file = SqliteFile(connection)
        file.commit_group([append("a", 0, b"1")])
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StoreError) as refusal:
            file.commit_group([append("b", 0, b"small"), append("c", 0, bytes(100_000))])

        assert not isinstance(refusal.value, StoreClosed)
        assert ["a"] == file.streams("", "")
        connection.execute("PRAGMA max_page_count = 100000")
        assert [Committed(MAIN, 2)] == file.commit_group([append("b", 0, b"small")])
        assert (file.heads(), []) == read_books(tmp_path / "a.db")


def test_another_writers_lock_applies_nothing(tmp_path: Path) -> None:
    """While another process holds the lock longer than we wait, the group is refused whole."""
    path = tmp_path / "a.db"
    with opened(path) as file, connected(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="did not take"):
            file.commit_group([append("a", 0, b"1")])
        other.execute("ROLLBACK")

        assert [Committed] == [type(o) for o in file.commit_group([append("a", 0, b"1")])]


def test_another_writer_is_seen(tmp_path: Path) -> None:
    """Two writers in turn, as after a crash of the first, continue one log; so does a third."""
    path = tmp_path / "a.db"
    with opened(path) as one, opened(path) as two:
        one.commit_group([append("a", 0, b"1")])
        two.commit_group([append("a", 1, b"2")])
        one.commit_group([append("a", 2, b"3")])

        assert one.heads() == two.heads()
        assert (one.heads(), []) == read_books(path)
    with opened(path) as again:
        assert [Committed(MAIN, 4)] == again.commit_group([append("a", 3, b"4")])
        assert (again.heads(), []) == read_books(path)


def test_a_damaged_file_is_unknown_not_refused(tmp_path: Path) -> None:
    """What SQLite calls corrupt is `StoreClosed`: nobody may believe that nothing was applied."""
    path = tmp_path / "a.db"
    with opened(path) as file:
        file.commit_group([append(f"s{n}", 0, bytes(3_000)) for n in range(20)])
    with path.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * 4096 * 8)

    with opened(path) as file, pytest.raises(StoreClosed):
        file.commit_group([append("b", 0, b"x")])


def test_what_is_due_is_found_by_an_index(tmp_path: Path) -> None:
    """That holds all that is asked for: looking costs nothing for what is not due."""
    with connected(tmp_path / "a.db") as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT due_ms, id, stream FROM effects"
            " WHERE (due_ms, id) > (0, '') ORDER BY due_ms, id LIMIT 1"
        ).fetchall()
        assert "COVERING INDEX effects_by_due" in str(plan)


def test_foreign_and_newer_files_are_refused_untouched(tmp_path: Path) -> None:
    """Another program's database and one with a newer schema are not opened."""
    foreign, newer, junk = tmp_path / "foreign.db", tmp_path / "newer.db", tmp_path / "junk.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with connected(newer) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    junk.write_bytes(b"this is no database at all" * 100)
    before = foreign.read_bytes()

    for path in (foreign, newer):
        with pytest.raises(NotOurs), opened(path):
            pass
        with pytest.raises(NotOurs), open_readonly(path):
            pass
    with pytest.raises(StoreError), opened(junk):
        pass
    with pytest.raises(StoreError), open_readonly(tmp_path / "absent.db"):
        pass

    assert before == foreign.read_bytes()


def test_a_running_office_can_be_looked_into(tmp_path: Path) -> None:
    """Everything is visible while the writer is open and after; nothing can be changed."""
    path = tmp_path / "a.db"
    effect = PendingEffect("a#1.0", "a", "core", "post", b"", 5)
    batch = Batch(
        "mei",
        1,
        appends=append("a", 0, b"1", b"2").appends,
        effects=(effect,),
        claims=(Claim("card", "6", "a"),),
        documents=(Document("c", "k", b"v"),),
    )

    def look() -> None:
        with open_readonly(path) as archive:
            assert [b"1", b"2"] == [event.body for event in archive.events()]
            assert [MAIN] == archive.shards()
            assert [archive.entry(MAIN, 1)] == list(archive.log(MAIN))
            assert archive.entry(MAIN, 2) is None
            assert [(effect, MAIN)] == list(archive.effects())
            assert [(Claim("card", "6", "a"), MAIN)] == list(archive.claims())
            assert [(Document("c", "k", b"v"), MAIN)] == list(archive.documents())
            with pytest.raises(StoreError):
                list(archive._rows("DELETE FROM events"))

    with opened(path) as file:
        file.commit_group([batch])
        look()
    look()


TAMPERED = {
    "UPDATE log SET entry = zeroblob(90) WHERE seq = 2": "altered log/main#2",
    "UPDATE log SET nodes = zeroblob(32) WHERE seq = 3": "altered log/main#3",
    "UPDATE log SET nodes = substr(nodes, 1, 32) WHERE seq = 2": "broken_tree log/main#2",
    "DELETE FROM log WHERE seq = 2": "missing log/main#2–2",
    "DELETE FROM log WHERE seq = 4": "added a#4",
    "UPDATE log SET shard = 'b' WHERE seq = 1": "altered log/b#1",
    "UPDATE events SET who = 'li' WHERE version = 2": "altered a#2",
    "UPDATE events SET body = x'00' WHERE version = 2": "altered a#2",
    "UPDATE events SET seq = 4 WHERE version = 2": "altered a#2",
    "DELETE FROM events WHERE version = 2": "missing a#2",
    "INSERT INTO events VALUES ('z', 1, 'e', x'00', 1, 'mei', 'main', 1)": "added z#1",
    "UPDATE effects SET due_ms = 9": "altered effects/a#1.0",
    "DELETE FROM effects": "missing effects/a#1.0",
    "INSERT INTO effects VALUES ('z', 's', 't', 'k', x'00', 1, '', 'main')": "added effects/z",
    "UPDATE claims SET owner = 'b'": "altered claims/card/6",
    "DELETE FROM claims": "missing claims/card/6",
    "UPDATE documents SET body = x'00' WHERE collection = 'c'": "altered documents/c/k",
    "UPDATE documents SET shard = 'b' WHERE collection = 'c'": "altered documents/c/k",
    "DELETE FROM documents WHERE collection = 'c'": "missing documents/c/k",
    "UPDATE keys SET wrapped = x'00'": "altered keys/a",
    "DELETE FROM keys": "missing keys/a",
}
"""What somebody with a database's tools may do, and what is told of it among other things."""


@pytest.mark.parametrize("change", TAMPERED)
def test_tampering_is_found(change: str, tmp_path: Path) -> None:
    """An altered, deleted or inserted row of any table is named; a hint may change."""
    path = tmp_path / "a.db"
    with connected(path) as connection:
        file = SqliteFile(connection)
        batch = Batch(
            "mei",
            1,
            append("a", 0, b"1").appends,
            (PendingEffect("a#1.0", "a", "core", "post", b"", 5),),
            claims=(Claim("card", "6", "a"),),
            documents=(Document("c", "k", b"v"), Document(HINT, "k", b"v")),
            keys=(KeyRow("a", b"wrapped"),),
        )
        file.commit_group([batch, *(append("a", after, b"x") for after in (1, 2, 3))])
        connection.execute("UPDATE documents SET body = x'00' WHERE collection = '~'")
        assert (file.heads(), []) == read_books(path)
        assert 1 == connection.execute(change).rowcount

    assert TAMPERED[change] in read_books(path)[1]


def test_a_damaged_end_of_a_log_takes_nothing_more(tmp_path: Path) -> None:
    """Whoever cannot know where a log ends does not go on with it."""
    path = tmp_path / "a.db"
    with connected(path) as connection:
        SqliteFile(connection).commit_group([append("a", n, b"x") for n in range(3)])
        connection.execute("UPDATE log SET nodes = x'' WHERE seq = 2")
    with opened(path) as file:
        (outcome,) = file.commit_group([append("a", 3, b"x")])
        assert isinstance(outcome, StoreError)
        assert "damaged at entry 2" in str(outcome)
        assert 3 == len(file.read("a", 0))
        (other,) = file.commit_group([Batch("mei", 1, append("b", 0, b"x").appends, shard="b")])
        assert Committed("b", 1) == other
