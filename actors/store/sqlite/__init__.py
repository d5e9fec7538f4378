"""The store in one SQLite file: one writer, one reader, group commit.

Nothing outside this room knows SQL. A program reaches it through `store`; what only looks at a file
opens it with `file.open_readonly`.
"""

from __future__ import annotations

from actors.store.sqlite.store import (
    Database,
    SqliteProcess,
    open_database,
)

__all__ = [
    "Database",
    "SqliteProcess",
    "open_database",
]
