"""A `Store` in one SQLite file: the actor that owns it, a process actor on the asyncio host.

aiosqlite gives each connection a thread. The actor opens and closes them; what it is asked goes
from the trio loop straight to a connection's thread, which answers the trio loop itself: one
crossing there and one back, for all requests that wait and with one transaction and one wait for
the disk, however many they are. Writing has one connection, reading a second one; neither waits for
the other.

Invariant: a commit is answered after its transaction is durable, and when the actor dies everybody
who has no answer yet gets `StoreClosed`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import aiosqlite
import msgspec

from actors.asyncio_side.hosted import Conduit
from actors.inbox import Delivery, Inbox
from actors.store.lanes import LANE_REQUESTS_MAX
from actors.store.port import StoreClosed, StoreError
from actors.store.requests import (
    CommitGroup,
    Flush,
    Look,
    LookAtDocument,
    LookAtDocuments,
    LookAtDue,
    LookAtEffects,
    LookAtEntries,
    LookAtEvents,
    LookAtKey,
    LookAtOwner,
    LookAtStreams,
    Outcome,
    ReadHeads,
    each,
)
from actors.store.sqlite.errors import in_words
from actors.store.sqlite.file import SqliteFile
from actors.store.sqlite.schema import (
    BUSY_TIMEOUT_MS,
    prepare_reader,
    prepare_writer,
    reader_address,
)

R = TypeVar("R")

_LOOKS: Final[dict[type[Look[Any]], Callable[..., object]]] = {
    LookAtEvents: SqliteFile.read,
    LookAtStreams: SqliteFile.streams,
    LookAtEffects: SqliteFile.effects,
    LookAtDue: SqliteFile.due,
    LookAtDocument: SqliteFile.document,
    LookAtDocuments: SqliteFile.documents,
    LookAtOwner: SqliteFile.owner,
    LookAtKey: SqliteFile.key,
    LookAtEntries: SqliteFile.entries,
}


class Database(NamedTuple):
    """The two connections of one open file, each with the file as its thread sees it."""

    writer: aiosqlite.Connection
    written: SqliteFile
    reader: aiosqlite.Connection
    read: SqliteFile


@asynccontextmanager
async def open_database(path: Path, wait_ms: int = BUSY_TIMEOUT_MS) -> AsyncIterator[Database]:
    """Open the file, creating it if need be, on the running asyncio loop.

    On leaving, each connection is closed behind whatever its thread was given before.

    Args:
        path: the database file.
        wait_ms: how long to wait for another process's lock, in milliseconds.

    Raises:
        StoreError: it does not open, or is none of ours.
    """
    try:
        async with aiosqlite.connect(path, isolation_level=None) as writer:
            written = await _on_thread(writer, partial(_prepared, writer, prepare_writer, wait_ms))
            address = reader_address(path)
            async with aiosqlite.connect(address, uri=True, isolation_level=None) as reader:
                read = await _on_thread(reader, partial(_prepared, reader, prepare_reader, wait_ms))
                yield Database(writer, written, reader, read)
    except sqlite3.Error as error:
        raise StoreError(f"{path} does not open: {in_words(error)}") from error


class SqliteProcess(Conduit):
    """The actor that owns the file. Start it on the asyncio host, under a supervisor.

    Args:
        path: the database file.
        wait_ms: how long to wait for another process's lock, in milliseconds.
    """

    def __init__(self, path: Path, wait_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._path = path
        self._wait_ms = wait_ms
        self._opened = AsyncExitStack()
        self._failure: Exception | None = None

    async def started(self) -> None:
        """Open the file; a file that does not open is a failed start."""
        opening = open_database(self._path, self._wait_ms)
        database = await self._opened.enter_async_context(opening)
        self._loop = asyncio.get_running_loop()
        serve_writes = partial(_serve_writes, database.written)
        self._writes = Lane(database.writer, serve_writes, self._lane_failed)
        serve_looks = partial(_serve_looks, database.read)
        self._looks = Lane(database.reader, serve_looks, self._lane_failed)

    def take(self, delivery: Delivery) -> bool:
        """Sort what arrives into the two lanes; see `Conduit.take`."""
        lane = self._looks if isinstance(delivery.message, Look) else self._writes
        return lane.put(delivery)

    async def run(self, inbox: Inbox) -> None:
        """Live until the inbox ends or a connection fails.

        What was taken before the inbox ended is still served.
        """
        self._inbox = inbox
        try:
            async for delivery in inbox:
                delivery.fail(StoreError("requests come another way, see `take`"))
            if self._failure is None:
                await self._opened.aclose()
            if self._failure is not None:
                raise self._failure
        finally:
            self._writes.abandon()
            self._looks.abandon()
            await self._opened.aclose()

    def inspect(self) -> dict[str, object]:
        """The file, and per lane how many requests wait, were served, and in how many crossings."""
        return {
            "file": self._path.name,
            "writes": self._writes.inspect(),
            "reads": self._looks.inspect(),
        }

    def _lane_failed(self, error: Exception) -> None:
        """On a connection's thread."""
        self._loop.call_soon_threadsafe(self._fail, error)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._inbox.close()


class Lane:
    """Requests for one connection: whatever gathers while it works is served in one crossing.

    Args:
        connection: whose thread serves.
        serve: answers requests, one for one, on that thread; what it raises ends the lane.
        failed: told on that thread what was raised.
    """

    # Touched by two threads, and by the asyncio loop's at the end; each step is one operation of a
    # deque or one assignment, and an answer that is given twice counts once.

    def __init__(
        self,
        connection: aiosqlite.Connection,
        serve: Callable[[Sequence[object]], list[object]],
        failed: Callable[[Exception], None],
    ) -> None:
        self._connection = connection
        self._serve = serve
        self._failed = failed
        self._waiting: deque[Delivery] = deque()
        self._in_hand: list[Delivery] = []
        self._called = False
        self._over = False
        self._served = 0
        self._crossings = 0

    def put(self, delivery: Delivery) -> bool:
        """Let a request wait for its turn, or refuse it when too many do; False at the end."""
        if self._over:
            return False
        if len(self._waiting) >= LANE_REQUESTS_MAX:
            delivery.fail(StoreError(f"{LANE_REQUESTS_MAX} requests wait already"))
            return True
        self._waiting.append(delivery)
        if not self._called:
            self._called = True
            _call_on_thread(self._connection, self._serve_waiting)
        return True

    def abandon(self) -> None:
        """Take nothing more, and tell everybody who waits that the outcome is unknown."""
        self._over = True
        for delivery in self._in_hand + self._take_waiting():
            delivery.fail(StoreClosed("the database's actor stopped; the outcome is unknown"))

    def inspect(self) -> dict[str, object]:
        """Counts since the actor started."""
        waiting = len(self._in_hand) + len(self._waiting)
        return {"waiting": waiting, "served": self._served, "crossings": self._crossings}

    def _serve_waiting(self) -> None:
        """On the connection's thread."""
        # Before anything is taken: whoever finds it set is among those who are taken.
        self._called = False
        if self._over:
            return
        self._in_hand = taken = self._take_waiting()
        try:
            answers = self._serve([delivery.message for delivery in taken])
        except Exception as error:  # aiosqlite's thread: crash on the actor's loop
            self._over = True
            self._failed(error)
            return
        for delivery, answer in zip(taken, answers, strict=True):
            if isinstance(answer, StoreError):
                delivery.fail(answer)
            else:
                delivery.reply(answer)
        self._in_hand = []
        self._served += len(taken)
        self._crossings += 1

    def _take_waiting(self) -> list[Delivery]:
        taken: list[Delivery] = []
        # Not counted first: another thread may take some meanwhile.
        with suppress(IndexError):
            while len(taken) < LANE_REQUESTS_MAX:
                taken.append(self._waiting.popleft())
        return taken


def _call_on_thread(connection: aiosqlite.Connection, work: Callable[[], None]) -> None:
    """Have a function called on the connection's own thread, behind what it was given before.

    The worker thread of aiosqlite takes pairs of a future, or None, and a function; with a future
    it would wake the asyncio loop, which has nothing to do with the answer. `work` raises nothing.
    """
    connection._tx.put_nowait((None, work))  # noqa: SLF001 - see above


async def _on_thread(connection: aiosqlite.Connection, work: Callable[[], R]) -> R:
    """Run a function on the connection's own thread, from the asyncio loop.

    aiosqlite's public methods cross threads once per statement; its internal queue takes any
    function.
    """
    execute: Callable[[Callable[[], R]], Awaitable[R]] = connection._execute  # noqa: SLF001 - see above
    return await execute(work)


def _prepared(
    connection: aiosqlite.Connection,
    prepare: Callable[[sqlite3.Connection, int], None],
    wait_ms: int,
) -> SqliteFile:
    """On the connection's thread: check the file and make it ready."""
    bare: sqlite3.Connection = connection._conn  # noqa: SLF001 - the only way to it, see above
    prepare(bare, wait_ms)
    return SqliteFile(bare)


def _serve_writes(file: SqliteFile, requests: Sequence[object]) -> list[object]:
    """On the writer's thread: all batches as one group, then the rest one by one."""
    batches = [b for r in requests if isinstance(r, CommitGroup) for b in r.batches]
    outcomes: Iterator[Outcome]
    try:
        outcomes = iter(file.commit_group(batches))
    except StoreClosed:
        raise
    except StoreError as refusal:
        outcomes = each(refusal)
    return [_answer(file, request, outcomes) for request in requests]


def _answer(file: SqliteFile, request: object, outcomes: Iterator[Outcome]) -> object:
    match request:
        case CommitGroup(batches):
            return tuple(islice(outcomes, len(batches)))
        case Flush():
            return None
        case ReadHeads():
            return _attempt(file, SqliteFile.heads)
        case _:
            return StoreError(f"the database does not understand {type(request).__name__}")


def _serve_looks(file: SqliteFile, requests: Sequence[object]) -> list[object]:
    """On the reader's thread: each by itself."""
    return [_attempt(file, partial(_look, look=look)) for look in requests]


def _look(file: SqliteFile, look: object) -> object:
    assert isinstance(look, Look)
    return _LOOKS[type(look)](file, *msgspec.structs.astuple(look))


def _attempt(file: SqliteFile, work: Callable[[SqliteFile], object]) -> object:
    """The answer, or the error that says why there is none; only a failed disk is raised."""
    try:
        return file.attempt(work)
    except StoreClosed:
        raise
    except StoreError as refusal:
        return refusal


__all__ = [
    "Database",
    "SqliteProcess",
    "open_database",
]
