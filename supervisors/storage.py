"""How a program comes by its store: handed in, or as an SQLite writer in its own tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actors.asyncio_side.host import open_asyncio_host
from actors.runtime.named_ref import NamedRef
from actors.store.client import StoreClient
from actors.store.lanes import LANE_REQUESTS_MAX, Lanes
from actors.store.sealed import SealedStore
from actors.store.sqlite import SqliteProcess
from supervisors.child_spec import ChildSpec
from wire.backoff import Backoff

if TYPE_CHECKING:
    from actors.runtime.system import System
    from actors.sealing import Sealer
    from actors.store import Store

STORE: Final = "store"
"""The id of the writer in its program's tree."""

STORE_SHUTDOWN_S: Final = 10.0
"""How long the writer may take to finish its last commit, in seconds."""

STORE_BACKOFF: Final = Backoff(first_s=0.5, most_s=15.0)
"""Slow enough that a disk that is full for hours never uses up a root's restarts."""


@dataclass(frozen=True)
class Stored:
    """A store and the children that run it, which come first in their program's tree."""

    store: Store
    children: tuple[ChildSpec, ...] = ()


Storage = Callable[["System", str], AbstractAsyncContextManager[Stored]]
"""(the program's system, the path of its root) → its store, for as long as the block."""


def given(store: Store) -> Storage:
    """A store that somebody else runs."""

    @asynccontextmanager
    async def storage(_system: System, _root: str) -> AsyncIterator[Stored]:
        yield Stored(store)

    return storage


def sealed(storage: Storage, sealer: Sealer) -> Storage:
    """The same store, with bodies that nobody reads without the keys."""

    @asynccontextmanager
    async def sealing(system: System, root: str) -> AsyncIterator[Stored]:
        async with storage(system, root) as stored:
            yield Stored(SealedStore(stored.store, sealer), stored.children)

    return sealing


def sqlite(path: Path, requests_max: int = LANE_REQUESTS_MAX) -> Storage:
    """An SQLite file, written by an actor on the asyncio host under the program's own root.

    Args:
        path: the database file.
        requests_max: how many requests it has in hand at a time, reading and writing each.
    """

    @asynccontextmanager
    async def storage(system: System, root: str) -> AsyncIterator[Stored]:
        async with open_asyncio_host(system) as host:
            child = ChildSpec(
                STORE,
                host.child(partial(SqliteProcess, path)),
                shutdown_s=STORE_SHUTDOWN_S,
                backoff=STORE_BACKOFF,
            )
            ref = NamedRef(system, f"{root}/{STORE}")
            yield Stored(StoreClient(ref, Lanes.of(requests_max)), (child,))

    return storage


__all__ = ["STORE", "Storage", "Stored", "given", "sealed", "sqlite"]
