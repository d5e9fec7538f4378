"""The PostgreSQL store for tests and benches: its actor on the asyncio host, its client on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from actors.asyncio_side.host import open_asyncio_host
from actors.store.client import StoreClient
from actors.store.postgres import PostgresProcess


@asynccontextmanager
async def open_postgres_store(url: str) -> AsyncIterator[StoreClient]:
    """A store in that database; closed with the block."""
    async with open_asyncio_host() as host:
        actor = await host.start("store", partial(PostgresProcess, url))
        yield StoreClient(actor)
