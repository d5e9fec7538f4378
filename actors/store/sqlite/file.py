"""One open database file, synchronously: the whole of the store's SQL, on whatever thread has it.

`SqliteFile` is what `actors.store.sqlite.store` runs on its connections' threads, and what a
program that only looks (`backpack verify`) opens by itself with `open_readonly`. It knows no loop
and no actor.

Invariants: a group of batches is one transaction; a conflict refuses its own batch and leaves the
others alone; when a call raises, nothing of it is applied.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from actors.store.batch import (
    FRONTIERS_KEPT_MAX,
    NEW,
    STREAMS_KEPT_MAX,
    BadBatch,
    Holder,
    NotOfThisShard,
    Plan,
    Standing,
)
from actors.store.merkle import NODE_BYTES, Frontier, frontier_places
from actors.store.port import (
    DUE_ROWS_MAX,
    READ_ROWS_MAX,
    Batch,
    Claim,
    Document,
    Due,
    Head,
    KeyRow,
    LogRow,
    PendingEffect,
    Recorded,
    StoreClosed,
    StoreError,
)
from actors.store.requests import Outcome
from actors.store.sqlite.errors import in_words, is_refusal
from actors.store.sqlite.schema import prepare_reader, prepare_writer, reader_address


class _Entangled(Exception):
    """One batch of a group touches what another one does: their order matters."""


_BLAMES_ONE_BATCH = (sqlite3.IntegrityError, sqlite3.DataError)
"""Errors that one batch of a group caused: a used id, an oversized body."""

_EVENT = "stream, version, kind, body, at_ms, who, shard, seq"
_EFFECT = "id, stream, recipient, kind, body, due_ms, span"
_LOG = "shard, seq, entry, nodes"

_DROP_EFFECT = "DELETE FROM effects WHERE id = ? AND shard = ?"
_PUT_CLAIM = "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)"
_DROP_CLAIM = "DELETE FROM claims WHERE scope = ? AND key = ? AND shard = ?"
_PUT_DOCUMENT = (
    "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT (collection, key)"
    " DO UPDATE SET body = excluded.body WHERE documents.shard = excluded.shard"
)
_DROP_DOCUMENT = "DELETE FROM documents WHERE collection = ? AND key = ? AND shard = ?"
_PUT_KEY = (
    "INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT (stream)"
    " DO UPDATE SET wrapped = excluded.wrapped WHERE keys.shard = excluded.shard"
)
_DROP_KEY = "DELETE FROM keys WHERE stream = ? AND shard = ?"

_Change = tuple[str | None, str] | tuple[bytes | None, str]
"""A new value, or None where it goes, and the shard whose log says so."""

_SHARDS = """
WITH RECURSIVE names (shard) AS (
    SELECT min(shard) FROM log
    UNION ALL
    SELECT (SELECT min(shard) FROM log WHERE shard > names.shard) FROM names WHERE shard IS NOT NULL
) SELECT shard FROM names WHERE shard IS NOT NULL
"""
"""The shards that have a log, in order: hops from name to name instead of reading all entries."""

_GREATEST = "\U0010ffff"
"""Sorts after every other character, in UTF-8 as in Python."""


R = TypeVar("R")


class SqliteFile:
    """The store's operations on one connection, which must be in autocommit mode."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._one = connection.cursor()
        self._streams: dict[str, Standing] = {}
        self._frontiers: dict[str, Frontier] = {}
        self._data_version = 0

    def commit_group(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Commit many batches in one transaction, with one wait for the disk.

        All are planned in memory and written together. Should SQLite itself refuse a row, or the
        order of the batches matter, the transaction starts again with each batch in a savepoint of
        its own.

        Raises:
            StoreError: nothing of any batch was applied (locked, full).
            StoreClosed: the disk failed; what was applied is unknown and the connection unusable.
        """
        if not batches:
            return []
        with self._failures():
            try:
                with self._transaction():
                    outcomes = self._write_together(batches)
            except (*_BLAMES_ONE_BATCH, NotOfThisShard, _Entangled):
                with self._transaction():
                    outcomes = [self._write_alone(batch) for batch in batches]
        return outcomes

    def attempt(self, work: Callable[[SqliteFile], R]) -> R:
        """Read something, with what SQLite raises turned into the store's own errors.

        Raises:
            StoreError: locked for too long.
            StoreClosed: the file is damaged or the disk failed.
        """
        with self._failures():
            return work(self)

    def heads(self) -> list[Head]:
        """As `Store.heads`."""
        self._forget_what_is_stale()
        shards = self._one.execute(_SHARDS).fetchall()
        frontiers = [(shard, self.frontier(shard)) for (shard,) in shards]
        return [Head(shard, frontier.size, frontier.root()) for shard, frontier in frontiers]

    def root_at(self, shard: str, size: int) -> bytes | None:
        """The root of a shard's log when it had so many entries; None if it never had."""
        self._forget_what_is_stale()
        if size > self.frontier(shard).size:
            return None
        return self._frontier_at(shard, size).root()

    def frontier(self, shard: str) -> Frontier:
        """Where a shard's log ends; remembered from group to group."""
        known = self._frontiers.get(shard)
        if known is not None:
            return known
        query = "SELECT max(seq) FROM log WHERE shard = ?"
        (size,) = self._one.execute(query, (shard,)).fetchone()
        self._frontiers[shard] = frontier = self._frontier_at(shard, size or 0)
        return frontier

    def stream(self, stream: str) -> Standing:
        """As `Ground.stream`; remembered from group to group."""
        known = self._streams.get(stream)
        if known is not None:
            return known
        query = "SELECT version, shard FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1"
        self._streams[stream] = found = self._one.execute(query, (stream,)).fetchone() or NEW
        return found

    def holder(self, scope: str, key: str) -> Holder | None:
        """As `Ground.holder`."""
        query = "SELECT owner, shard FROM claims WHERE scope = ? AND key = ?"
        holder: Holder | None = self._one.execute(query, (scope, key)).fetchone()
        return holder

    def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        holder = self.holder(scope, key)
        return None if holder is None else holder[0]

    def read(self, stream: str, after_version: int) -> list[Recorded]:
        """As `Store.read`."""
        rows = self._one.execute(
            f"SELECT {_EVENT} FROM events"  # noqa: S608 - a constant list of columns
            " WHERE stream = ? AND version > ? ORDER BY version LIMIT ?",
            (stream, after_version, READ_ROWS_MAX),
        )
        return [Recorded(*row) for row in rows]

    def streams(self, prefix: str, after: str) -> list[str]:
        """As `Store.streams`; hops from name to name over the index instead of reading all rows."""
        hop = "SELECT min(stream) FROM events WHERE stream < :end AND stream"
        rows = self._one.execute(
            f"WITH RECURSIVE names (stream) AS ("  # noqa: S608 - `hop` is a constant
            f"  SELECT coalesce(({hop} >= :prefix AND stream > :after), :end)"
            f"  UNION ALL"
            f"  SELECT coalesce(({hop} > names.stream), :end) FROM names WHERE names.stream < :end"
            f") SELECT stream FROM names WHERE stream < :end LIMIT :most",
            {
                "prefix": prefix,
                "after": after,
                "end": prefix + _GREATEST,
                "most": READ_ROWS_MAX,
            },
        )
        return [stream for (stream,) in rows]

    def effects(self, stream: str | None, after: str) -> list[PendingEffect]:
        """As `Store.effects`."""
        narrowed = "" if stream is None else "stream = :stream AND"
        rows = self._one.execute(
            f"SELECT {_EFFECT} FROM effects"  # noqa: S608 - both parts are constants
            f" WHERE {narrowed} id > :after ORDER BY id LIMIT :most",
            {"stream": stream, "after": after, "most": READ_ROWS_MAX},
        )
        return [PendingEffect(*row) for row in rows]

    def due(self, from_ms: int, after: str) -> list[Due]:
        """As `Store.due`; over an index that holds all of it."""
        rows = self._one.execute(
            "SELECT due_ms, id, stream FROM effects WHERE (due_ms, id) > (?, ?)"
            " ORDER BY due_ms, id LIMIT ?",
            (from_ms, after, DUE_ROWS_MAX),
        )
        return [Due(*row) for row in rows]

    def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        query = "SELECT body FROM documents WHERE collection = ? AND key = ?"
        row = self._one.execute(query, (collection, key)).fetchone()
        return None if row is None else bytes(row[0])

    def documents(self, collection: str, after: str) -> list[tuple[str, bytes]]:
        """As `Store.documents`."""
        rows = self._one.execute(
            "SELECT key, body FROM documents WHERE collection = ? AND key > ? ORDER BY key LIMIT ?",
            (collection, after, READ_ROWS_MAX),
        )
        return list(rows)

    def key(self, stream: str) -> bytes | None:
        """As `Store.key`."""
        row = self._one.execute("SELECT wrapped FROM keys WHERE stream = ?", (stream,)).fetchone()
        return None if row is None else bytes(row[0])

    def entries(self, shard: str, after_seq: int) -> list[LogRow]:
        """As `Store.entries`."""
        rows = self._one.execute(
            f"SELECT {_LOG} FROM log"  # noqa: S608 - a constant list of columns
            " WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?",
            (shard, after_seq, READ_ROWS_MAX),
        )
        return [LogRow(*row) for row in rows]

    def _frontier_at(self, shard: str, size: int) -> Frontier:
        nodes = [self._node(shard, level, seq) for level, seq in frontier_places(size)]
        return Frontier.of(size, nodes)

    def _node(self, shard: str, level: int, seq: int) -> bytes:
        query = "SELECT nodes FROM log WHERE shard = ? AND seq = ?"
        row = self._one.execute(query, (shard, seq)).fetchone()
        node = b"" if row is None else row[0][level * NODE_BYTES : (level + 1) * NODE_BYTES]
        if len(node) < NODE_BYTES:
            raise StoreError(f"the log of {shard} is damaged at entry {seq}")
        return bytes(node)

    def _write_together(self, batches: Sequence[Batch]) -> list[Outcome]:
        plan = Plan(self)
        outcomes = plan.add_all(batches)
        if plan.is_entangled():
            raise _Entangled
        self._write(plan)
        return outcomes

    def _write_alone(self, batch: Batch) -> Outcome:
        self._one.execute("SAVEPOINT batch")
        outcome: Outcome
        try:
            plan = Plan(self)
            outcome = plan.add(batch)
            self._write(plan)
        except StoreError as refusal:
            self._one.execute("ROLLBACK TO batch")
            outcome = refusal
        except _BLAMES_ONE_BATCH as error:
            self._one.execute("ROLLBACK TO batch")
            outcome = BadBatch(f"the database refuses the batch: {error}")
        self._one.execute("RELEASE batch")
        return outcome

    def _write(self, plan: Plan) -> None:
        many = self._connection.executemany
        if plan.entries:
            many("INSERT INTO log VALUES (?, ?, ?, ?)", plan.entries)
        if plan.events:
            many("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", plan.events)
        if plan.effects:
            rows = [
                (e.id, e.stream, e.to, e.kind, e.body, e.due_ms, e.span, shard)
                for e, shard in plan.effects
            ]
            many("INSERT INTO effects VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        if plan.effects_done:
            many(_DROP_EFFECT, plan.effects_done)
        self._overwrite(_PUT_CLAIM, _DROP_CLAIM, plan.owners)
        self._overwrite(_PUT_DOCUMENT, _DROP_DOCUMENT, plan.documents)
        self._overwrite(_PUT_KEY, _DROP_KEY, {(stream,): c for stream, c in plan.keys.items()})
        self._streams.update(plan.streams)
        self._frontiers.update(plan.frontiers)

    def _overwrite(self, put: str, drop: str, changes: Mapping[Any, _Change]) -> None:
        """Put each change; None removes."""
        if changes:
            kept = [(*place, *change) for place, change in changes.items() if change[0] is not None]
            gone = [(*place, shard) for place, (value, shard) in changes.items() if value is None]
            if self._connection.executemany(put, kept).rowcount < len(kept):
                raise NotOfThisShard("a document or key is another shard's")
            self._connection.executemany(drop, gone)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what the block wrote; anything raised, the commit's own failure too, undoes it."""
        self._one.execute("BEGIN IMMEDIATE")
        try:
            self._forget_what_is_stale()
            yield
            self._one.execute("COMMIT")
        except BaseException:
            self._forget()
            # SQLite has rolled back by itself after some errors, a full disk among them.
            if self._connection.in_transaction:
                self._one.execute("ROLLBACK")
            raise

    def _forget_what_is_stale(self) -> None:
        """Another connection has written, or there is too much to remember."""
        (data_version,) = self._one.execute("PRAGMA data_version").fetchone()
        stale = data_version != self._data_version
        many = len(self._streams) > STREAMS_KEPT_MAX or len(self._frontiers) > FRONTIERS_KEPT_MAX
        if stale or many:
            self._forget()
            self._data_version = data_version

    def _forget(self) -> None:
        self._streams.clear()
        self._frontiers.clear()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what SQLite raises into the store's own errors, by whether anything may remain."""
        try:
            yield
        except sqlite3.Error as error:
            if is_refusal(error):
                raise StoreError(f"the database did not take it: {in_words(error)}") from error
            words = in_words(error)
            raise StoreClosed(f"the database failed; the outcome is unknown: {words}") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise BadBatch("a name or number that no database holds") from error


class Archive:
    """A database opened for reading only; its iterators walk whole tables in order.

    All of them see one and the same moment of the database, that of the first look, and hold its
    file's log until the archive is closed.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def shards(self) -> list[str]:
        """The names of all shards that have a log, in order."""
        return [shard for (shard,) in self._rows(_SHARDS)]

    def log(self, shard: str) -> Iterator[LogRow]:
        """Every entry of a shard's log, in order."""
        rows = self._rows(
            f"SELECT {_LOG} FROM log WHERE shard = ? ORDER BY seq",  # noqa: S608 - constant
            (shard,),
        )
        return (LogRow(*row) for row in rows)

    def entry(self, shard: str, seq: int) -> LogRow | None:
        """One entry of a shard's log, or None."""
        query = f"SELECT {_LOG} FROM log WHERE shard = ? AND seq = ?"  # noqa: S608 - constant
        return next((LogRow(*row) for row in self._rows(query, (shard, seq))), None)

    def journal(self) -> Iterator[Recorded]:
        """Every event, in the order in which they were written."""
        rows = self._rows(f"SELECT {_EVENT} FROM events ORDER BY rowid")  # noqa: S608 - constant
        return (Recorded(*row) for row in rows)

    def events(self) -> Iterator[Recorded]:
        """Every event, by stream and version."""
        query = f"SELECT {_EVENT} FROM events ORDER BY stream, version"  # noqa: S608 - constant
        return (Recorded(*row) for row in self._rows(query))

    def events_like(self, pattern: str) -> Iterator[Recorded]:
        """Every event of the streams whose names fit a GLOB pattern, by stream and version."""
        rows = self._rows(
            f"SELECT {_EVENT} FROM events"  # noqa: S608 - constant
            " WHERE stream GLOB ? ORDER BY stream, version",
            (pattern,),
        )
        return (Recorded(*row) for row in rows)

    def event(self, stream: str, version: int) -> Recorded | None:
        """One event, or None."""
        rows = self._rows(
            f"SELECT {_EVENT} FROM events WHERE stream = ? AND version = ?",  # noqa: S608 - constant
            (stream, version),
        )
        return next((Recorded(*row) for row in rows), None)

    def event_count(self) -> int:
        """How many events there are."""
        return int(next(self._rows("SELECT count(*) FROM events"))[0])

    def key(self, stream: str) -> bytes | None:
        """The wrapped key of one stream, or None."""
        row = next(self._rows("SELECT wrapped FROM keys WHERE stream = ?", (stream,)), None)
        return None if row is None else bytes(row[0])

    def keys(self) -> Iterator[tuple[KeyRow, str]]:
        """Every stream's key that is not destroyed with its shard, by stream."""
        rows = self._rows("SELECT stream, wrapped, shard FROM keys ORDER BY stream")
        return ((KeyRow(*row), shard) for *row, shard in rows)

    def effects(self) -> Iterator[tuple[PendingEffect, str]]:
        """Every outbox entry with its shard, by id."""
        query = f"SELECT {_EFFECT}, shard FROM effects ORDER BY id"  # noqa: S608 - constant
        return ((PendingEffect(*row), shard) for *row, shard in self._rows(query))

    def claims(self) -> Iterator[tuple[Claim, str]]:
        """Every claim with its shard, by scope and key."""
        rows = self._rows("SELECT scope, key, owner, shard FROM claims ORDER BY scope, key")
        return ((Claim(*row), shard) for *row, shard in rows)

    def documents(self) -> Iterator[tuple[Document, str]]:
        """Every document with its shard, by collection and key."""
        rows = self._rows(
            "SELECT collection, key, body, shard FROM documents ORDER BY collection, key"
        )
        return ((Document(*row), shard) for *row, shard in rows)

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            cursor = self._connection.execute(query, values)
            while rows := cursor.fetchmany(READ_ROWS_MAX):
                yield from rows
        except sqlite3.Error as error:
            raise StoreError(f"the database does not read: {error}") from error


@contextmanager
def open_writer(path: Path) -> Iterator[SqliteFile]:
    """A database to look at and write to before its program runs, made if it is missing.

    Raises:
        StoreError: it does not open, or is none of ours.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path} does not open: {in_words(error)}") from error
    with closing(connection):
        prepare_writer(connection)
        yield SqliteFile(connection)


@contextmanager
def open_readonly(path: Path) -> Iterator[Archive]:
    """Look into the database of an office, running or not, without being able to change it.

    Raises:
        StoreError: there is no such file, or it is none of ours.
    """
    try:
        connection = sqlite3.connect(reader_address(path), uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path} does not open: {in_words(error)}") from error
    with closing(connection):
        prepare_reader(connection)
        # One transaction around everything: claims and events are compared with each other.
        connection.execute("BEGIN")
        yield Archive(connection)


__all__ = ["Archive", "SqliteFile", "open_readonly", "open_writer"]
