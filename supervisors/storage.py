"""How a program comes by its store: handed in, or as a database's writer in its own tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from actors.asyncio_side.host import open_asyncio_host
from actors.runtime.named_ref import NamedRef
from actors.store.client import StoreClient
from actors.store.lanes import LANE_REQUESTS_MAX, Lanes
from actors.store.port import StoreError
from actors.store.sealed import SealedStore
from actors.store.sqlite import SqliteProcess
from actors.store.sqlite.file import open_writer as open_file
from supervisors.child_spec import ChildSpec
from wire.backoff import Backoff

if TYPE_CHECKING:
    from actors.process import Process
    from actors.runtime.system import System
    from actors.sealing import Sealer
    from actors.store import Batch, Head, Store
    from actors.store.requests import Outcome

R = TypeVar("R")

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
    return _written_by(partial(SqliteProcess, path), requests_max)


def postgres(url: str, requests_max: int = LANE_REQUESTS_MAX) -> Storage:
    """A PostgreSQL database, written by an actor on the asyncio host under the program's own root.

    Args:
        url: `postgresql://…`.
        requests_max: how many requests it has in hand at a time, reading and writing each.

    Raises:
        StoreError: this installation has no driver for it.
    """
    return _written_by(partial(_postgres_room().PostgresProcess, url), requests_max)


def _written_by(actor: Callable[[], Process], requests_max: int) -> Storage:
    """A database that an actor owns."""

    @asynccontextmanager
    async def storage(system: System, root: str) -> AsyncIterator[Stored]:
        async with open_asyncio_host(system) as host:
            child = ChildSpec(
                STORE, host.child(actor), shutdown_s=STORE_SHUTDOWN_S, backoff=STORE_BACKOFF
            )
            ref = NamedRef(system, f"{root}/{STORE}")
            yield Stored(StoreClient(ref, Lanes.of(requests_max)), (child,))

    return storage


def _postgres_room() -> ModuleType:
    """The backend, loaded only where it is used: a tablet needs no driver for a server."""
    try:
        return import_module("actors.store.postgres")
    except ModuleNotFoundError as missing:
        raise StoreError(
            f"未安装 PostgreSQL 驱动 · the PostgreSQL driver is not installed: {missing.name}"
        ) from missing


class Ledger(Protocol):
    """A store as somebody sees it synchronously, before its program runs."""

    def attempt(self, work: Callable[[Self], R]) -> R:
        """Read something; raises `StoreError`."""

    def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`; within `attempt`."""

    def heads(self) -> list[Head]:
        """As `Store.heads`; within `attempt`."""

    def root_at(self, shard: str, size: int) -> bytes | None:
        """The root of a shard's log when it had so many entries; within `attempt`."""

    def commit_group(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Commit batches in one transaction."""


@dataclass(frozen=True)
class SqlitePlace:
    """A store in a file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def is_missing(self) -> bool:
        """Whether there is certainly no store yet."""
        return not self.path.is_file()

    def storage(self) -> Storage:
        """The store for a program that runs."""
        return sqlite(self.path)

    def open_writer(self) -> AbstractContextManager[Ledger]:
        """The store for somebody who comes before; raises `StoreError`."""
        return open_file(self.path)


@dataclass(frozen=True)
class PostgresPlace:
    """A store in a database of a server."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """The address without what is secret in it."""
        parts = urlsplit(self.url)
        return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def is_missing(self) -> bool:
        """Only the server knows."""
        return False

    def storage(self) -> Storage:
        """The store for a program that runs."""
        return postgres(self.url)

    def open_writer(self) -> AbstractContextManager[Ledger]:
        """The store for somebody who comes before; raises `StoreError`."""
        opened: AbstractContextManager[Ledger] = _postgres_room().open_writer(self.url)
        return opened


Place = SqlitePlace | PostgresPlace
"""Where a store lies."""


def place_at(address: str) -> Place:
    """What an address names: `sqlite:PATH` or `postgresql://user@host/database`.

    Raises:
        StoreError: it is neither.
    """
    kind, _, rest = address.partition(":")
    if kind == "sqlite" and rest:
        return SqlitePlace(Path(rest))
    if kind in {"postgresql", "postgres"} and rest.startswith("//"):
        try:
            # A port that is no number is found only when it is asked for.
            urlsplit(address).port  # noqa: B018 - see above
        except ValueError:
            pass
        else:
            return PostgresPlace(address)
    raise StoreError(
        "账本地址应为 sqlite:路径 或 postgresql://用户@主机/数据库 · "
        "a store's address is sqlite:PATH or postgresql://user@host/database"
    )


__all__ = [
    "STORE",
    "Ledger",
    "Place",
    "PostgresPlace",
    "SqlitePlace",
    "Storage",
    "Stored",
    "given",
    "place_at",
    "postgres",
    "sealed",
    "sqlite",
]
