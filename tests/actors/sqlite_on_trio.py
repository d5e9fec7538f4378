"""The SQLite store for tests and benches: its actor on the asyncio host, its client on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from actors.asyncio_side.host import open_asyncio_host
from actors.store.client import StoreClient
from actors.store.sqlite import SqliteProcess


@asynccontextmanager
async def open_sqlite(folder: Path, name: str = "store.db") -> AsyncIterator[StoreClient]:
    """A store in that file of a folder; closed with the block."""
    async with open_asyncio_host() as host:
        actor = await host.start("store", partial(SqliteProcess, folder / name))
        yield StoreClient(actor)
