"""The tables of a node's database, and how a file becomes, or proves to be, one of ours.

`log` is what happened, one entry a batch; every other table is what follows from it (see
`actors.store.entry`), with the shard whose log says so. Names and times only go into columns that
are searched; everything else stays in bodies, so that a new kind of event needs no migration.

Invariants: a file is created and brought up to date whole or not at all; it is used only if its
`application_id` is ours and its `user_version` is one that this program knows, and anything else is
refused untouched.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from actors.store.port import StoreError
from actors.store.sqlite.errors import in_words

APPLICATION_ID = 0x42504B42
"""`BPKB` in the header of the file."""

BUSY_TIMEOUT_MS = 5_000
"""How long a connection waits for another one's lock, in milliseconds."""

_STEPS = (
    """
CREATE TABLE log (
    shard TEXT    NOT NULL,
    seq   INTEGER NOT NULL CHECK (seq > 0),
    entry BLOB    NOT NULL,
    nodes BLOB    NOT NULL CHECK (length(nodes) % 32 = 0),
    PRIMARY KEY (shard, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    stream  TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    kind    TEXT    NOT NULL,
    body    BLOB    NOT NULL,
    at_ms   INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    shard   TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    UNIQUE (stream, version)
) STRICT;
CREATE TABLE effects (
    id        TEXT    PRIMARY KEY,
    stream    TEXT    NOT NULL,
    recipient TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    body      BLOB    NOT NULL,
    due_ms    INTEGER NOT NULL,
    span      TEXT    NOT NULL,
    shard     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX effects_by_stream ON effects (stream, id);
CREATE INDEX effects_by_due ON effects (due_ms, id, stream);
CREATE TABLE claims (
    scope TEXT NOT NULL,
    key   TEXT NOT NULL,
    owner TEXT NOT NULL,
    shard TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    collection TEXT NOT NULL,
    key        TEXT NOT NULL,
    body       BLOB NOT NULL,
    shard      TEXT NOT NULL,
    PRIMARY KEY (collection, key)
) STRICT;
CREATE TABLE keys (
    stream  TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    shard   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
""",
)
"""What makes each version of the schema out of the one before, the first out of nothing."""

SCHEMA_VERSION = len(_STEPS)
"""The newest schema that this program knows."""


class NotOurs(StoreError):
    """The file is a database of another program or of a newer version of this one."""


def prepare_writer(connection: sqlite3.Connection, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
    """Make a fresh connection safe to write with, creating the tables in an empty file.

    `synchronous=FULL` in WAL mode is what makes a commit survive a power cut; NORMAL was seen to
    lose acknowledged rows. Taking the write lock here waits for a previous writer to finish, so
    that whoever opens after a crash sees everything the crashed one still managed to commit.

    Raises:
        NotOurs: the file belongs to somebody else.
        StoreError: the file cannot be opened or locked.
    """
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms:d}")
        connection.execute("PRAGMA foreign_keys = ON")
        _recognise(connection)
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            _bring_up_to_date(connection, _recognise(connection))
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors, a full disk among them.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise StoreError(f"the database does not open: {in_words(error)}") from error
    if mode != "wal":
        raise StoreError(f"the database has journal mode {mode}, not wal")


def prepare_reader(connection: sqlite3.Connection, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
    """Make a fresh connection unable to write, and check that the file is one of ours.

    Raises:
        NotOurs: the file belongs to somebody else, or is empty.
        StoreError: the file cannot be opened.
    """
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms:d}")
        connection.execute("PRAGMA query_only = ON")
        if _recognise(connection) == 0:
            raise NotOurs("the database is empty")
    except sqlite3.Error as error:
        raise StoreError(f"the database does not open: {in_words(error)}") from error


def reader_address(path: Path) -> str:
    """The URI under which SQLite opens a file for reading only."""
    return f"{path.absolute().as_uri()}?mode=ro"


def _recognise(connection: sqlite3.Connection) -> int:
    """The file's schema version; 0 for an empty file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (application, version, tables) == (0, 0, 0):
        return 0
    if application != APPLICATION_ID:
        raise NotOurs("the database belongs to another program")
    if not 1 <= version <= SCHEMA_VERSION:
        raise NotOurs(f"the database has schema {version}; this program knows {SCHEMA_VERSION}")
    return int(version)


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    if version == SCHEMA_VERSION:
        return
    for step in _STEPS[version:]:
        for statement in step.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")


__all__ = [
    "APPLICATION_ID",
    "BUSY_TIMEOUT_MS",
    "SCHEMA_VERSION",
    "NotOurs",
    "prepare_reader",
    "prepare_writer",
    "reader_address",
]
