"""A `Store` in one SQLite file: the writer's actor on the asyncio host, and its client on trio.

aiosqlite gives each connection a thread. A crossing between threads costs more than a row, so
crossings are shared: the client sends all commits that wait as one request, and the actor hands all
requests that wait to the connection's thread as one function, which makes one transaction of them.
Writing has one connection, reading a second one; neither waits for the other.

What a crash means: whoever waits for an answer gets `StoreClosed`, outcome unknown; a later call
reaches the restarted actor through the same `Ref`.

It deliberately retries nothing: only the caller knows whether a second attempt is safe.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import aiosqlite
import trio

from actors.errors import ActorError, MailboxFull
from actors.inbox import Delivery, Inbox
from actors.process import Process
from actors.ref import Ref
from actors.sqlite_file import Outcome, SqliteFile
from actors.sqlite_schema import BUSY_TIMEOUT_MS, prepare_reader, prepare_writer, reader_address
from actors.store import (
    AuditEntry,
    Batch,
    Committed,
    PendingEffect,
    Recorded,
    StoreClosed,
    StoreError,
)
from wire.message import Request

GROUP_BATCHES_MAX = 500
"""The most batches that one request of the client carries."""

COMMITS_WAITING_MAX = 10_000
"""The most commits that wait in one client; the next is refused with nothing applied."""

LANE_REQUESTS_MAX = 256
"""The most requests that wait for one connection; the next is refused with nothing applied."""

ANSWER_S_MAX = 30.0
"""How long the client waits for the actor, in seconds; then the outcome is unknown."""

R = TypeVar("R")


class CommitGroup(Request[tuple[Outcome, ...]], frozen=True):
    """Commit these, each whole or not at all, with one wait for the disk."""

    batches: tuple[Batch, ...]


class PutBlob(Request[None], frozen=True):
    """Keep bytes under their digest."""

    digest: bytes
    body: bytes


class ReadHead(Request[Committed], frozen=True):
    """Where the chain ends, after every commit that was sent before this."""


class Look(Request[R], Generic[R], frozen=True):
    """Read something on the reading connection's thread."""

    work: Callable[[SqliteFile], R]


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
        """Sort what arrives into the two lanes until the inbox ends or a connection fails."""
        lanes = (self._writes, self._looks)
        try:
            async with asyncio.TaskGroup() as tasks:
                serving = [tasks.create_task(lane.run()) for lane in lanes]
                async for delivery in inbox:
                    lane = self._looks if isinstance(delivery.message, Look) else self._writes
                    lane.put(delivery)
                for task in serving:
                    task.cancel()
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
        """Serve until cancelled; a `StoreClosed` ends the lane."""
        while True:
            await self._some.wait()
            self._some.clear()
            self._in_hand, self._waiting = self._waiting, []
            answers = await self._serve([delivery.message for delivery in self._in_hand])
            for delivery, answer in zip(self._in_hand, answers, strict=True):
                if isinstance(answer, StoreError):
                    delivery.fail(answer)
                else:
                    delivery.reply(answer)
            self._served += len(answers)
            self._crossings += 1
            self._in_hand = []

    def abandon(self) -> None:
        """Tell everybody who still waits that the outcome is unknown."""
        for delivery in self._in_hand + self._waiting:
            delivery.fail(StoreClosed("the database's actor stopped; the outcome is unknown"))
        self._in_hand, self._waiting = [], []

    def inspect(self) -> dict[str, object]:
        """Counts since the actor started."""
        waiting = len(self._in_hand) + len(self._waiting)
        return {"waiting": waiting, "served": self._served, "crossings": self._crossings}


class SqliteStore:
    """The client for trio tasks; implements `actors.store.Store`. Has no task of its own.

    Group commit begins here: the first task that commits leads. It lets everybody who is runnable
    join, sends the group, tells each member its outcome, and hands the lead to the next who waits.

    Args:
        actor: the address of a `SqliteProcess`.
    """

    def __init__(self, actor: Ref) -> None:
        self._actor = actor
        self._waiting: deque[_Commit] = deque()
        self._led = False

    async def commit(self, batch: Batch) -> Committed:
        """As `Store.commit`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if len(self._waiting) >= COMMITS_WAITING_MAX:
            raise StoreError(f"{COMMITS_WAITING_MAX} commits wait already")
        mine = _Commit(batch)
        self._waiting.append(mine)
        if self._led:
            try:
                await mine.turn.wait()
            except trio.Cancelled:
                self._withdraw(mine)
                raise
        else:
            self._led = True
        if mine.outcome is None:
            await self._lead()
        assert mine.outcome is not None
        if isinstance(mine.outcome, StoreError):
            raise mine.outcome
        return mine.outcome

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """As `Store.read`."""
        return await self._look(lambda file: file.read(stream, after_version))

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """As `Store.streams`."""
        return await self._look(lambda file: file.streams(prefix, after))

    async def effects(self, stream: str | None = None, after: str = "") -> list[PendingEffect]:
        """As `Store.effects`."""
        return await self._look(lambda file: file.effects(stream, after))

    async def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        return await self._look(lambda file: file.document(collection, key))

    async def documents(self, collection: str, after: str = "") -> list[tuple[str, bytes]]:
        """As `Store.documents`."""
        return await self._look(lambda file: file.documents(collection, after))

    async def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        return await self._look(lambda file: file.owner(scope, key))

    async def put_blob(self, digest: bytes, body: bytes) -> None:
        """As `Store.put_blob`."""
        await self._ask(PutBlob(digest, body))

    async def blob(self, digest: bytes) -> bytes | None:
        """As `Store.blob`."""
        return await self._look(lambda file: file.blob(digest))

    async def audit(self, after_seq: int = 0) -> list[AuditEntry]:
        """As `Store.audit`."""
        return await self._look(lambda file: file.audit(after_seq))

    async def head(self) -> Committed:
        """As `Store.head`; answered by the writer, behind every commit that was sent before."""
        return await self._ask(ReadHead())

    async def _look(self, work: Callable[[SqliteFile], R]) -> R:
        return await self._ask(Look(work))

    async def _ask(self, request: Request[R]) -> R:
        try:
            return await self._actor.ask(request, within=ANSWER_S_MAX)
        except MailboxFull as error:
            raise StoreError("the database has too much to do; nothing was applied") from error
        except ActorError as error:
            raise StoreClosed(f"the database did not answer; outcome unknown: {error}") from error

    async def _lead(self) -> None:
        """Commit one group. Shielded: the others in it must not suffer when one is cancelled."""
        with trio.CancelScope(shield=True):
            await trio.lowlevel.cancel_shielded_checkpoint()
            size = min(len(self._waiting), GROUP_BATCHES_MAX)
            group = [self._waiting.popleft() for _ in range(size)]
            outcomes: Iterable[Outcome] = _each(StoreClosed("the outcome is unknown"))
            request = CommitGroup(tuple(commit.batch for commit in group))
            try:
                answers = await self._ask(request)
                outcomes = answers
            except StoreError as failure:
                outcomes = _each(failure)
            finally:
                for commit, outcome in zip(group, outcomes, strict=False):
                    commit.outcome = outcome
                    commit.turn.set()
                self._hand_over()

    def _hand_over(self) -> None:
        if self._waiting:
            self._waiting[0].turn.set()
        else:
            self._led = False

    def _withdraw(self, mine: _Commit) -> None:
        """Forget a commit that nobody sent yet; pass the lead on if it was just handed to it."""
        if mine in self._waiting:
            self._waiting.remove(mine)
            if mine.turn.is_set():
                self._hand_over()


class _Commit:
    """One task's batch; its turn comes with an outcome, or without one to lead the next group."""

    __slots__ = ("batch", "outcome", "turn")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.outcome: Outcome | None = None
        self.turn = trio.Event()


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
        outcomes = _each(refusal)
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


def _each(failure: StoreError) -> Iterator[StoreError]:
    """The same failure for everybody, each with an exception of its own to raise."""
    while True:
        yield type(failure)(*failure.args)


def _attempt(file: SqliteFile, work: Callable[[SqliteFile], object]) -> object:
    """The answer, or the error that says why there is none; only a failed disk is raised."""
    try:
        return file.attempt(work)
    except StoreClosed:
        raise
    except StoreError as refusal:
        return refusal


__all__ = [
    "ANSWER_S_MAX",
    "COMMITS_WAITING_MAX",
    "GROUP_BATCHES_MAX",
    "LANE_REQUESTS_MAX",
    "CommitGroup",
    "Database",
    "Look",
    "PutBlob",
    "ReadHead",
    "SqliteProcess",
    "SqliteStore",
    "open_database",
]
