"""A `Store` in one SQLite file: the actor that owns it, a process actor on the asyncio host.

aiosqlite gives each connection a thread. The actor hands all requests that wait to that thread as
one function, which makes one transaction of them: one crossing and one wait for the disk, however
many they are. Writing has one connection, reading a second one; neither waits for the other.

Invariant: a commit is answered after its transaction is durable, and when the actor dies everybody
who has no answer yet gets `StoreClosed`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import aiosqlite

from actors.inbox import Delivery, Inbox
from actors.process import Process
from actors.sqlite_client import CommitGroup, Look, PutBlob, ReadHead, SqliteStore, each
from actors.sqlite_file import Outcome, SqliteFile
from actors.sqlite_schema import BUSY_TIMEOUT_MS, prepare_reader, prepare_writer, reader_address
from actors.store import StoreClosed, StoreError

LANE_REQUESTS_MAX = 256
"""The most requests that wait for one connection; the next is refused with nothing applied."""

R = TypeVar("R")


class Database:
    """The two connections of one open file; lives on one asyncio loop.

    Args:
        writer: the writing connection, and the file as its thread sees it.
        reader: the reading one.
    """

    def __init__(
        self,
        writer: tuple[aiosqlite.Connection, SqliteFile],
        reader: tuple[aiosqlite.Connection, SqliteFile],
    ) -> None:
        self._writer = writer
        self._reader = reader

    async def write(self, requests: Sequence[object]) -> list[object]:
        """Answer `CommitGroup`, `PutBlob` and `ReadHead` requests in one crossing.

        Raises:
            StoreClosed: the disk failed; the outcome of all of them is unknown.
        """
        connection, file = self._writer
        return await _on_thread(connection, partial(_serve_writes, file, requests))

    async def look(self, requests: Sequence[object]) -> list[object]:
        """Answer `Look` requests in one crossing.

        Raises:
            StoreClosed: the file is damaged or the disk failed.
        """
        connection, file = self._reader
        return await _on_thread(connection, partial(_serve_looks, file, requests))


@asynccontextmanager
async def open_database(path: Path, wait_ms: int = BUSY_TIMEOUT_MS) -> AsyncIterator[Database]:
    """Open the file, creating it if need be, on the running asyncio loop.

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
                yield Database((writer, written), (reader, read))
    except sqlite3.Error as error:
        raise StoreError(f"{path} does not open: {error}") from error


class SqliteProcess(Process):
    """The actor that owns the file. Start it on the asyncio host, under a supervisor.

    Args:
        path: the database file.
        wait_ms: how long to wait for another process's lock, in milliseconds.
    """

    def __init__(self, path: Path, wait_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._path = path
        self._wait_ms = wait_ms
        self._opened = AsyncExitStack()

    async def started(self) -> None:
        """Open the file; a file that does not open is a failed start."""
        opening = open_database(self._path, self._wait_ms)
        database = await self._opened.enter_async_context(opening)
        self._writes = Lane(database.write)
        self._looks = Lane(database.look)

    async def run(self, inbox: Inbox) -> None:
        """Sort what arrives into the two lanes until the inbox ends or a connection fails.

        What was taken before the inbox ended is still served.
        """
        lanes = (self._writes, self._looks)
        try:
            async with asyncio.TaskGroup() as tasks:
                for lane in lanes:
                    tasks.create_task(lane.run())
                async for delivery in inbox:
                    lane = self._looks if isinstance(delivery.message, Look) else self._writes
                    lane.put(delivery)
                for lane in lanes:
                    lane.close()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        finally:
            for lane in lanes:
                lane.abandon()
            await self._opened.aclose()

    def inspect(self) -> dict[str, object]:
        """The file, and per lane how many requests wait, were served, and in how many crossings."""
        return {
            "file": self._path.name,
            "writes": self._writes.inspect(),
            "reads": self._looks.inspect(),
        }


class Lane:
    """Requests for one connection: whatever gathers while it works is served in one crossing."""

    def __init__(self, serve: Callable[[Sequence[object]], Awaitable[list[object]]]) -> None:
        self._serve = serve
        self._waiting: list[Delivery] = []
        self._in_hand: list[Delivery] = []
        self._some = asyncio.Event()
        self._closing = False
        self._served = 0
        self._crossings = 0

    def put(self, delivery: Delivery) -> None:
        """Let a request wait for its turn, or refuse it when too many do."""
        if len(self._waiting) >= LANE_REQUESTS_MAX:
            delivery.fail(StoreError(f"{LANE_REQUESTS_MAX} requests wait already"))
            return
        self._waiting.append(delivery)
        self._some.set()

    async def run(self) -> None:
        """Serve until closed and empty; a `StoreClosed` ends the lane at once."""
        while self._waiting or not self._closing:
            await self._some.wait()
            self._some.clear()
            if self._waiting:
                self._in_hand, self._waiting = self._waiting, []
                await self._serve_in_hand()

    async def _serve_in_hand(self) -> None:
        answers = await self._serve([delivery.message for delivery in self._in_hand])
        for delivery, answer in zip(self._in_hand, answers, strict=True):
            if isinstance(answer, StoreError):
                delivery.fail(answer)
            else:
                delivery.reply(answer)
        self._served += len(answers)
        self._crossings += 1
        self._in_hand = []

    def close(self) -> None:
        """Take nothing more, finish what waits."""
        self._closing = True
        self._some.set()

    def abandon(self) -> None:
        """Tell everybody who still waits that the outcome is unknown."""
        for delivery in self._in_hand + self._waiting:
            delivery.fail(StoreClosed("the database's actor stopped; the outcome is unknown"))
        self._in_hand, self._waiting = [], []

    def inspect(self) -> dict[str, object]:
        """Counts since the actor started."""
        waiting = len(self._in_hand) + len(self._waiting)
        return {"waiting": waiting, "served": self._served, "crossings": self._crossings}


async def _on_thread(connection: aiosqlite.Connection, work: Callable[[], R]) -> R:
    """Run a function on the connection's own thread.

    aiosqlite's public methods cross threads once per statement; its internal queue takes any
    function, which is what lets a whole group cost one crossing.
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
        case PutBlob(digest, body):
            return _attempt(file, lambda file: file.put_blob(digest, body))
        case ReadHead():
            return _attempt(file, SqliteFile.head)
        case _:
            return StoreError(f"the database does not understand {type(request).__name__}")


def _serve_looks(file: SqliteFile, requests: Sequence[object]) -> list[object]:
    """On the reader's thread: each by itself."""
    return [_attempt(file, r.work) for r in requests if isinstance(r, Look)]


def _attempt(file: SqliteFile, work: Callable[[SqliteFile], object]) -> object:
    """The answer, or the error that says why there is none; only a failed disk is raised."""
    try:
        return file.attempt(work)
    except StoreClosed:
        raise
    except StoreError as refusal:
        return refusal


__all__ = [
    "LANE_REQUESTS_MAX",
    "Database",
    "SqliteProcess",
    "SqliteStore",
    "open_database",
]
