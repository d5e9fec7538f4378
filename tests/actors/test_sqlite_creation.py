"""A database comes into being whole or not at all, whatever fails at whichever moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from actors.store import Batch, Document, StoreError
from actors.store.sqlite import schema
from actors.store.sqlite.errors import FAILURES, REFUSALS, in_words, is_refusal
from actors.store.sqlite.file import SqliteFile, open_writer
from actors.store.sqlite.schema import NotOurs, prepare_reader, prepare_writer
from supervisors.storage import STORE_BACKOFF

FULL = "database or disk is full"
PAGES = 11
"""How many the empty tables take."""


class Failing(sqlite3.Connection):
    """A connection whose disk is full from the n-th statement on, or power is lost there."""

    left = 0
    error: type[BaseException] = sqlite3.OperationalError

    def execute(self, *words: Any) -> sqlite3.Cursor:
        """As the connection's, while there is room."""
        if self.left == 0:
            self.left = -1
            raise self.error(FULL)
        self.left -= 1
        return super().execute(*words)


class PowerCut(BaseException):
    """Nothing catches it but the way out."""


def failure(connection: sqlite3.Connection) -> BaseException | None:
    """What becomes of a creation; None for one that succeeded."""
    try:
        prepare_writer(connection)
    except (StoreError, PowerCut) as failed:
        return failed
    return None


@pytest.mark.parametrize("error", [sqlite3.OperationalError, PowerCut])
def test_a_creation_that_fails_anywhere_leaves_nothing(
    error: type[BaseException], tmp_path: Path
) -> None:
    """Each statement in turn fails; the next start makes the database as if nothing had been."""
    for number in count():
        path = tmp_path / f"{number}.db"
        failing = sqlite3.connect(path, isolation_level=None, factory=Failing)
        failing.left, failing.error = number, error
        with closing(failing):
            failed = failure(failing)
        if failed is None:
            break
        assert not isinstance(failed, NotOurs)
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as reader,
            pytest.raises(NotOurs, match="empty"),
        ):
            prepare_reader(reader)
        with open_writer(path) as file:
            assert [] == file.heads()
            file.commit_group([Batch("mei", 1, documents=(Document("a", "b", b"c"),))])
    assert number > 10, "every statement of the creation has failed once"


NEXT_STEP = """
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO notes (text) SELECT collection FROM documents;
CREATE INDEX notes_by_text ON notes (text);
"""
"""A schema to come."""


@pytest.mark.parametrize("error", [sqlite3.OperationalError, PowerCut])
def test_a_migration_that_fails_anywhere_changes_nothing(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement in turn fails; the file is as it was, and the next start brings it up."""
    steps, version = schema._STEPS, schema.SCHEMA_VERSION
    for number in count():
        path = tmp_path / f"{number}.db"
        with open_writer(path) as file:
            file.commit_group([Batch("mei", 1, documents=(Document("a", "b", b"c"),))])
            heads = file.heads()
        with monkeypatch.context() as newer:
            newer.setattr(schema, "_STEPS", (*steps, NEXT_STEP))
            newer.setattr(schema, "SCHEMA_VERSION", version + 1)
            failing = sqlite3.connect(path, isolation_level=None, factory=Failing)
            failing.left, failing.error = number, error
            with closing(failing):
                failed = failure(failing)
            if failed is not None:
                assert version == version_of(path)
                assert [] == notes_in(path)
            with open_writer(path) as file:
                assert heads == file.heads()
                assert b"c" == file.document("a", "b")
            assert version + 1 == version_of(path)
            assert [("a",)] == notes_in(path)
        with pytest.raises(NotOurs), open_writer(path):
            pass
        if failed is None:
            break
    assert number > 8, "every statement of the migration has failed once"


def notes_in(path: Path) -> list[object]:
    """What the step to come wrote; nothing where it did not get through."""
    with closing(sqlite3.connect(path)) as connection:
        made = "SELECT 1 FROM sqlite_schema WHERE name LIKE 'notes%'"
        if not connection.execute(made).fetchall():
            return []
        return connection.execute("SELECT text FROM notes").fetchall()


def version_of(path: Path) -> int:
    """Of the schema of a file."""
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@pytest.mark.parametrize("pages", range(2, PAGES + 1))
def test_a_disk_that_fills_up_at_the_first_start(pages: int, tmp_path: Path) -> None:
    """However much room there was: a refusal in both languages, and the next start succeeds."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as small:
        small.execute(f"PRAGMA max_page_count = {pages}")
        refused = failure(small)
    with open_writer(path) as file:
        assert [] == file.heads()
    if pages == PAGES:
        assert refused is None
    else:
        assert "磁盘已满 · the disk is full" in str(refused)
        assert not isinstance(refused, NotOurs)


def test_a_database_that_another_program_holds_at_the_first_start(tmp_path: Path) -> None:
    """Nothing is made; when the other is gone it is made."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as late,
            pytest.raises(StoreError, match="占用"),
        ):
            prepare_writer(late, 0)
        other.execute("ROLLBACK")
    with open_writer(path) as file:
        assert isinstance(file, SqliteFile)


def test_what_sqlite_says_is_told_in_both_languages() -> None:
    """And whether anything may remain; an extended code counts like its primary one."""
    for code, (zh, en) in (REFUSALS | FAILURES).items():
        error = sqlite3.OperationalError("its own words")
        error.sqlite_errorcode = code | 3 << 8
        assert f"{zh} · {en} (its own words)" == in_words(error)
        assert (code in REFUSALS) == is_refusal(error)
    assert "its own words" == in_words(sqlite3.OperationalError("its own words"))


def test_a_disk_that_is_full_for_hours_uses_up_nobodys_restarts() -> None:
    """The writer's own restarts stay below what any root tolerates, jitter and all."""

    class Shortest:
        @staticmethod
        def random() -> float:
            return 1.0

    waits = [STORE_BACKOFF.wait_s(failures, Shortest()) for failures in range(1, 50)]  # type: ignore[arg-type]  # all that it is asked
    for first in range(len(waits)):
        passed, restarts = 0.0, 0
        for wait in waits[first:]:
            passed += wait
            if passed > 60.0:
                break
            restarts += 1
        assert restarts < 10
