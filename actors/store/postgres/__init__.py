"""The store in a PostgreSQL database: one writing session, a few that read, group commit.

Nothing outside this room knows SQL, or asyncpg. A program reaches it through `store`; who founds a
ledger before its program runs, through `ledger`.
"""

from __future__ import annotations

from actors.store.postgres.ledger import open_writer
from actors.store.postgres.store import PostgresProcess

__all__ = ["PostgresProcess", "open_writer"]
