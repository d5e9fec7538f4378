"""Whether the tables hold what the logs say: every row refolded, and what differs named.

Each shard's log is read once, from its first entry to its last. Its tree is computed anew, every
event is fetched and compared with its digest, and what effects, claims, documents and keys must be
there is noted on the disk, shard by shard, since the logs are walked by name and not by time;
afterwards each table is read beside the notes. So memory does not grow with the office. One wrong
row is one finding, and the walk goes on behind it.

What no log can show: that its end was cut off, or that it was written anew as a whole. For that
somebody else must have kept a former head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

import msgspec

from actors.store.entry import Entry, digest_of, read_entry
from actors.store.merkle import NODE_BYTES, Frontier, leaf_hash
from actors.store.port import (
    HINT,
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
    BROKEN_TREE = "broken_tree"


Tell = Callable[[Wrong, str], None]
"""Told what is wrong, and where: `stream#version`, `log/shard#seq`, `table/place`."""


Passed = Callable[[str, Frontier], None]
"""Told, entry by entry, how far the log of a shard has come."""


class Books(Protocol):
    """Everything that a store holds, at one moment; each iterator in the order it says."""

    def shards(self) -> list[str]:
        """The names of all shards that have a log."""

    def log(self, shard: str) -> Iterator[LogRow]:
        """A shard's log, by number."""

    def entry(self, shard: str, seq: int) -> LogRow | None:
        """One entry of a shard's log."""

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

    def put(self, table: str, place: Place, shard: str, mark: bytes) -> None:
        """Note what must be there, and whose log says so."""

    def drop(self, table: str, place: Place, shard: str) -> None:
        """Note that nothing of the shard's must be there; what is another's stays."""

    def get(self, table: str, place: Place, shard: str) -> bytes | None:
        """What of a shard's must be there, or None."""

    def rows(self, table: str) -> Iterator[tuple[Place, bytes]]:
        """Everything that must be in a table, by place; a place twice if two shards have it."""


def _unwatched(_shard: str, _frontier: Frontier) -> None:
    """Nobody keeps a former head."""


def refold(books: Books, notes: Notes, tell: Tell, passed: Passed = _unwatched) -> list[Head]:
    """Compare all that a store holds with its logs; return how far those have come."""
    walk = _Walk(books, notes, tell, passed)
    heads = [walk.follow(shard) for shard in books.shards()]
    walk.look_for_added_events()
    for table, rows in _tables(books):
        _compare(table, notes.rows(table), rows, tell)
    return heads


def place_of(stream: str, version: int) -> str:
    """How a finding names an event."""
    return f"{stream}#{version}"


class _Walk:
    """One walk over all logs."""

    def __init__(self, books: Books, notes: Notes, tell: Tell, passed: Passed) -> None:
        self._books = books
        self._notes = notes
        self._tell = tell
        self._passed = passed
        self._events_found = 0

    def follow(self, shard: str) -> Head:
        """Read one log, and fold it into the notes."""
        frontier, expected = Frontier.of(0, ()), 1
        for row in self._books.log(shard):
            where = f"log/{shard}#{row.seq}"
            if row.seq != expected:
                self._tell(Wrong.MISSING, f"log/{shard}#{expected}–{row.seq - 1}")
            frontier, nodes = frontier.append(leaf_hash(row.entry))
            self._passed(shard, frontier)
            entry = self._entry(row, where)
            if row.nodes[:NODE_BYTES] != nodes[0] or entry is None:
                self._tell(Wrong.ALTERED, where)
            elif row.seq == frontier.size and row.nodes != b"".join(nodes):
                # Where leaves are missing or altered before it, a tree differs as well.
                self._tell(Wrong.BROKEN_TREE, where)
            if entry is not None:
                self._fold(entry, shard)
            expected = row.seq + 1
        return Head(shard, frontier.size, frontier.root())

    def look_for_added_events(self) -> None:
        """Name the events that no entry tells of, if there are any."""
        if self._books.event_count() == self._events_found:
            return
        for row in self._books.events():
            if not self._is_told(row):
                self._tell(Wrong.ADDED, place_of(row.stream, row.version))

    def _entry(self, row: LogRow, where: str) -> Entry | None:
        """What an entry says; None if it says nothing, or is another's."""
        try:
            entry = read_entry(row.entry, where)
        except StoreError:
            return None
        return entry if (entry.shard, entry.seq) == (row.shard, row.seq) else None

    def _fold(self, entry: Entry, shard: str) -> None:
        notes = self._notes
        for stream, after, events in entry.appends:
            for version, (kind, digest) in enumerate(events, after + 1):
                self._look_at_event(entry, stream, version, kind, digest)
        for an_id, stream, to, kind, due_ms, span, digest in entry.effects:
            mark = _mark(shard, stream, to, kind, due_ms, span, digest)
            notes.put(EFFECTS, (an_id, ""), shard, mark)
        for done in entry.effects_done:
            notes.drop(EFFECTS, (done, ""), shard)
        for scope, key, owner in entry.releases:
            if notes.get(CLAIMS, (scope, key), shard) == _mark(shard, owner):
                notes.drop(CLAIMS, (scope, key), shard)
        for scope, key, owner in entry.claims:
            notes.put(CLAIMS, (scope, key), shard, _mark(shard, owner))
        for collection, key, body in entry.documents:
            self._note(DOCUMENTS, (collection, key), shard, body)
        for stream, wrapped in entry.keys:
            self._note(KEYS, (stream, ""), shard, wrapped)

    def _note(self, table: str, place: Place, shard: str, digest: bytes | None) -> None:
        if digest is None:
            self._notes.drop(table, place, shard)
        else:
            self._notes.put(table, place, shard, _mark(shard, digest))

    def _look_at_event(
        self, entry: Entry, stream: str, version: int, kind: str, digest: bytes
    ) -> None:
        found = self._books.event(stream, version)
        where = place_of(stream, version)
        if found is None:
            self._tell(Wrong.MISSING, where)
            return
        self._events_found += 1
        said = (kind, digest, entry.at_ms, entry.who, entry.shard, entry.seq)
        kept = (found.kind, digest_of(found.body), found.at_ms, found.who, found.shard, found.seq)
        if said != kept:
            self._tell(Wrong.ALTERED, where)

    def _is_told(self, row: Recorded) -> bool:
        """Whether the entry that an event names tells of it."""
        one = self._books.entry(row.shard, row.seq)
        entry = None if one is None else self._entry(one, "")
        return entry is not None and any(
            stream == row.stream and after < row.version <= after + len(events)
            for stream, after, events in entry.appends
        )


def _tables(books: Books) -> Iterator[tuple[str, Iterator[tuple[Place, bytes]]]]:
    """Every table that is folded, with its rows as the notes have them."""
    yield (
        EFFECTS,
        (
            ((e.id, ""), _mark(shard, e.stream, e.to, e.kind, e.due_ms, e.span, digest_of(e.body)))
            for e, shard in books.effects()
        ),
    )
    yield CLAIMS, (((c.scope, c.key), _mark(shard, c.owner)) for c, shard in books.claims())
    yield (
        DOCUMENTS,
        (
            ((d.collection, d.key), _mark(shard, digest_of(d.body or b"")))
            for d, shard in books.documents()
            if not d.collection.startswith(HINT)
        ),
    )
    keys = books.keys()
    yield KEYS, (((k.stream, ""), _mark(shard, digest_of(k.wrapped or b""))) for k, shard in keys)


def _compare(
    table: str,
    said: Iterator[tuple[Place, bytes]],
    kept: Iterator[tuple[Place, bytes]],
    tell: Tell,
) -> None:
    """Read both side by side; each is in the order of its places."""
    places = ((place, [mark for _, mark in rows]) for place, rows in groupby(said, itemgetter(0)))
    one, other = next(places, None), next(kept, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            tell(Wrong.MISSING, _named(table, one[0]))
            one = next(places, None)
        elif one is None or other[0] < one[0]:
            tell(Wrong.ADDED, _named(table, other[0]))
            other = next(kept, None)
        else:
            # No two shards can have one place at a time, so none of their logs is right then.
            if one[1] != [other[1]]:
                tell(Wrong.ALTERED, _named(table, one[0]))
            one, other = next(places, None), next(kept, None)


def _named(table: str, place: Place) -> str:
    return "/".join((table, *filter(None, place)))


def _mark(*fields: object) -> bytes:
    """What tells one row from any other at its place."""
    return digest_of(msgspec.msgpack.encode(fields))


__all__ = ["Books", "Notes", "Passed", "Wrong", "place_of", "refold"]
