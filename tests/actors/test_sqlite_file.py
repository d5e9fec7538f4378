"""The database file by itself: groups, failing disks, foreign files, looking without touching."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from actors.store import (
    Append,
    Batch,
    Claim,
    ClaimConflict,
    Committed,
    Document,
    Due,
    Event,
    PendingEffect,
    StoreClosed,
    StoreError,
    VersionConflict,
    event_digest,
)
from actors.store.batch import AuditBroken, BadBatch, verify_chain
from actors.store.sqlite.file import SqliteFile, open_readonly
from actors.store.sqlite.schema import SCHEMA_VERSION, NotOurs, prepare_writer


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
        assert file.head() == verify_chain(file.audit(0))
        assert outcomes[2] == file.head()


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
        file.commit_group([append("b", 0, b"small")])
        assert file.head() == verify_chain(file.audit(0))


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
    """Two writers in turn, as after a crash of the first, continue one chain."""
    path = tmp_path / "a.db"
    with opened(path) as one, opened(path) as two:
        one.commit_group([append("a", 0, b"1")])
        two.commit_group([append("a", 1, b"2")])
        one.commit_group([append("a", 2, b"3")])

        assert two.head() == verify_chain(one.audit(0))


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


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    """With everything that it held; whoever only reads takes it as it is."""
    path = tmp_path / "old.db"
    with connected(path) as connection:
        connection.execute("INSERT INTO effects VALUES ('s#1.0', 's', 'core', 'post', x'00', 7)")
        connection.execute("DROP INDEX effects_by_due")
        connection.execute("PRAGMA user_version = 1")
    with open_readonly(path) as archive:
        assert ["s#1.0"] == [effect.id for effect in archive.effects()]
    with opened(path) as file:
        assert [Due(7, "s#1.0", "s")] == file.due(0, "")
    with connected(path) as connection:
        assert (SCHEMA_VERSION,) == connection.execute("PRAGMA user_version").fetchone()
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
    digest = event_digest(b"photo")

    def look() -> None:
        with open_readonly(path) as archive:
            assert [b"1", b"2"] == [event.body for event in archive.events()]
            assert 2 == verify_chain(archive.audit()).audit_seq
            assert [effect] == list(archive.effects())
            assert [Claim("card", "6", "a")] == list(archive.claims())
            assert [Document("c", "k", b"v")] == list(archive.documents())
            assert [digest] == list(archive.blob_digests())
            assert b"photo" == archive.blob(digest)
            assert archive.blob(event_digest(b"other")) is None
            with pytest.raises(StoreError):
                list(archive._rows("DELETE FROM journal"))

    with opened(path) as file:
        file.commit_group([batch])
        file.put_blob(digest, b"photo")
        look()
    look()


def test_tampering_is_found(tmp_path: Path) -> None:
    """An altered, deleted or inserted row of the journal breaks the chain at that row."""
    changes = {
        "UPDATE journal SET who = 'li' WHERE seq = 2": 2,
        "UPDATE journal SET head = zeroblob(32) WHERE seq = 3": 3,
        "DELETE FROM journal WHERE seq = 2": 3,
        "UPDATE journal SET seq = 9 WHERE seq = 1": 2,
    }
    for number, (change, found_at) in enumerate(changes.items()):
        path = tmp_path / f"{number}.db"
        with connected(path) as connection:
            SqliteFile(connection).commit_group([append("a", 0, b"1", b"2", b"3", b"4")])
            connection.execute(change)

        with open_readonly(path) as archive, pytest.raises(AuditBroken) as broken:
            verify_chain(archive.audit())
        assert found_at == broken.value.seq
