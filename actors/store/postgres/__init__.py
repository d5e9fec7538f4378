"""The store in a PostgreSQL database: one writing session, a few that read, group commit.

Nothing outside this room knows SQL, or asyncpg. A program reaches it through `store`.
"""

from __future__ import annotations

from actors.store.postgres.connection import is_address
from actors.store.postgres.store import PostgresProcess

__all__ = ["PostgresProcess", "is_address"]
