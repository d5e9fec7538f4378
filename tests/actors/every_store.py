"""Every backend of the `Store` port, for stories that hold for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from actors.store import MAIN, Store
from actors.store.entry import Entry, read_entry
from actors.store.memory import Disk, MemoryStore
from tests.actors.postgres_on_trio import open_postgres_store
from tests.actors.sqlite_on_trio import open_sqlite
from tests.kit.running import run, run_real

Story = Callable[[Store], Awaitable[None]]
Backend = Callable[[Path], AbstractAsyncContextManager[Store]]
Teller = Callable[[Story], None]
"""Runs a story on a fresh store."""


@asynccontextmanager
async def open_memory(_folder: Path) -> AsyncIterator[Store]:
    yield MemoryStore(Disk())


Runner = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs what is told, on the clock that the backend needs."""

BACKENDS: dict[str, tuple[Backend, Runner]] = {
    "memory": (open_memory, run),
    "sqlite": (open_sqlite, run_real),
}


def teller(name: str, place: Path | str) -> Teller:
    """Tells stories to the backend of that name, in a folder or in a database."""
    if isinstance(place, str):
        return _telling(lambda: open_postgres_store(place), run_real)
    opened, runner = BACKENDS[name]
    return _telling(lambda: opened(place), runner)


def _telling(opened: Callable[[], AbstractAsyncContextManager[Store]], runner: Runner) -> Teller:
    def tell(story: Story) -> None:
        async def body() -> None:
            async with opened() as store:
                await story(store)

        runner(body)

    return tell


async def told(store: Store, shard: str = MAIN) -> list[Entry]:
    """What a shard's log says, each entry under its number."""
    rows = await store.entries(shard)
    assert [(shard, seq) for seq in range(1, len(rows) + 1)] == [(r.shard, r.seq) for r in rows]
    return [read_entry(row.entry, str(row.seq)) for row in rows]
