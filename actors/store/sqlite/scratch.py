"""A place on the disk for a verifier's notes: what must be there, by table and place, in order.

An office of a million cases has more claims than a verifier should hold in memory, so they are put
down in a nameless file that is gone when the verifier ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

Place = tuple[str, str]
"""What names a row of its table: two texts, the second one empty where one is enough."""


class Scratch:
    """Marks by table and place."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._one = connection.cursor()

    def put(self, table: str, place: Place, shard: str, mark: bytes) -> None:
        """Note what must be there, and whose log says so."""
        row = (table, *place, shard, mark)
        self._one.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)", row)

    def drop(self, table: str, place: Place, shard: str) -> None:
        """Note that nothing of the shard's must be there; what is another's stays."""
        query = "DELETE FROM marks WHERE table_name = ? AND a = ? AND b = ? AND shard = ?"
        self._one.execute(query, (table, *place, shard))

    def get(self, table: str, place: Place, shard: str) -> bytes | None:
        """What of a shard's must be there, or None."""
        query = "SELECT mark FROM marks WHERE table_name = ? AND a = ? AND b = ? AND shard = ?"
        row = self._one.execute(query, (table, *place, shard)).fetchone()
        return None if row is None else bytes(row[0])

    def rows(self, table: str) -> Iterator[tuple[Place, bytes]]:
        """Everything that must be in a table, by place; a place twice if two shards have it."""
        query = "SELECT a, b, mark FROM marks WHERE table_name = ? ORDER BY a, b, shard"
        for a, b, mark in self._one.execute(query, (table,)):
            yield (a, b), mark


@contextmanager
def open_scratch() -> Iterator[Scratch]:
    """An empty one."""
    # SQLite keeps an unnamed database in its cache, and in a temporary file beyond that.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute(
            "CREATE TABLE marks (table_name TEXT, a TEXT, b TEXT, shard TEXT, mark BLOB,"
            " PRIMARY KEY (table_name, a, b, shard)) STRICT, WITHOUT ROWID"
        )
        connection.execute("BEGIN")
        yield Scratch(connection)


__all__ = ["Place", "Scratch", "open_scratch"]
