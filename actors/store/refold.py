"""Whether the tables hold what the logs say: every row refolded, and what differs named.

Each shard's log is read once, from its first entry to its last. Its tree is computed anew, every
event is fetched and compared with its digest, and what effects, claims, documents and keys must be
there is noted on the disk; afterwards each table is read beside the notes. So memory does not grow
with the office. One wrong row is one finding, and the walk goes on behind it.

What no log can show: that its end was cut off, or that it was written anew as a whole. For that
somebody else must have kept a former head (`Heads`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, Protocol

from actors.store.entry import digest_of, read_entry
from actors.store.merkle import NODE_BYTES, Frontier, leaf_hash
from actors.store.port import (
    Claim,
    Document,
    Head,
    KeyRow,
    LogRow,
    PendingEffect,
    Recorded,
    StoreError,
)

EFFECTS: Final = "effects"
CLAIMS: Final = "claims"
DOCUMENTS: Final = "documents"
KEYS: Final = "keys"

Place = tuple[str, str]
"""What names a row of its table."""


class Wrong(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    UNREADABLE = "unreadable"
    BROKEN_TREE = "broken_tree"


Tell = Callable[[Wrong, str], None]
"""Told what is wrong, and where: `stream#version`, `log/shard#seq`, `table/place`."""


class Books(Protocol):
    """Everything that a store holds, at one moment; each iterator in the order it says."""

    def shards(self) -> list[str]:
        """The names of all shards that have a log."""

    def log(self, shard: str) -> Iterator[LogRow]:
        """A shard's log, by number."""

    def event(self, stream: str, version: int) -> Recorded | None:
        """One event."""

    def event_count(self) -> int:
        """How many events there are."""

    def events(self) -> Iterator[Recorded]:
        """Every event, by stream and version."""

    def effects(self) -> Iterator[tuple[PendingEffect, str]]:
        """Every outbox entry with its shard, by id."""

    def claims(self) -> Iterator[tuple[Claim, str]]:
        """Every claim with its shard, by scope and key."""

    def documents(self) -> Iterator[tuple[Document, str]]:
        """Every document with its shard, by collection and key."""

    def keys(self) -> Iterator[tuple[KeyRow, str]]:
        """Every stream's key with its shard, by stream."""


class Notes(Protocol):
    """Where what must be there is noted; see `actors.store.sqlite.scratch`."""

    def put(self, table: str, place: Place, mark: bytes) -> None:
        """Note what must be there."""

    def drop(self, table: str, place: Place) -> None:
        """Note that nothing must be there."""

    def get(self, table: str, place: Place) -> bytes | None:
        """What must be there, or None."""

    def rows(self, table: str) -> Iterator[tuple[Place, bytes]]:
        """Everything that must be in a table, by place."""


def refold(books: Books, notes: Notes, tell: Tell) -> list[Head]:
    """Compare all that a store holds with its logs; the heads are those of the logs as they stand."""
    walk = _Walk(books, notes, tell)
    heads = [walk.follow(shard) for shard in books.shards()]
    walk.look_for_added_events()
    tables = (
        (EFFECTS, (((e.id, ""), _effect_mark(e, shard)) for e, shard in books.effects())),
        (CLAIMS, (((c.scope, c.key), _mark(shard, c.owner)) for c, shard in books.claims())),
        (DOCUMENTS, _documents(books)),
        (
            KEYS,
            (
                ((k.stream, ""), _mark(shard, digest_of(k.wrapped or b"")))
                for k, shard in books.keys()
            ),
        ),
    )
    for table, rows in tables:
        _compare(table, notes.rows(table), rows, tell)
    return heads


def place_of(stream: str, version: int) -> str:
    """How a finding names an event."""
    return f"{stream}#{version}"


class _Walk:
    """One walk over all logs."""

    def __init__(self, books: Books, notes: Notes, tell: Tell) -> None:
        self._books = books
        self._notes = notes
        self._tell = tell
        self._found = 0

    def follow(self, shard: str) -> Head:
        """Read one log, and fold it into the notes."""
        frontier = Frontier.of(0, ())
        for row in self._books.log(shard):
            where = f"log/{shard}#{row.seq}"
            for missing in range(frontier.size + 1, min(row.seq, frontier.size + 100)):
                self._tell(Wrong.MISSING, f"log/{shard}#{missing}")
            try:
                entry = read_entry(row.entry, where)
            except StoreError:
                self._tell(Wrong.UNREADABLE, where)
                entry = None
            grown, nodes = frontier.append(leaf_hash(row.entry))
            if (entry is not None and (entry.shard, entry.seq) != (shard, row.seq)) or (
                row.nodes[:NODE_BYTES] != nodes[0]
            ):
                self._tell(Wrong.ALTERED, where)
            elif row.nodes != b"".join(nodes):
                self._tell(Wrong.BROKEN_TREE, where)
            if entry is not None:
                self._fold(entry, row.seq, shard)
            frontier = grown if row.seq == grown.size else Frontier.of(row.seq, grown.nodes)
        return Head(shard, frontier.size, frontier.root())

    def look_for_added_events(self) -> None:
        """Name the events that no entry tells of, if there are more than those that were found."""
        if self._books.event_count() == self._found:
            return
        for row in self._books.events():
            if self._notes.get("events", (row.stream, str(row.version))) is None:
                told = self._told(row)
                if not told:
                    self._tell(Wrong.ADDED, place_of(row.stream, row.version))

    def _told(self, row: Recorded) -> bool:
        """Whether the entry that an event names tells of it."""
        for one in self._books.log_entry(row.shard, row.seq):
            try:
                entry = read_entry(one.entry, "")
            except StoreError:
                return False
            return any(
                stream == row.stream and after < row.version <= after + len(events)
                for stream, after, events in entry.appends
            )
        return False
