"""A `Store` in a PostgreSQL database: the actor that owns its sessions, on the asyncio host.

One session writes, a few read; neither waits for the other. What the actor is asked goes from the
trio loop straight into two lanes, whose workers take whatever has gathered.

Invariants: a commit is answered after its transaction is durable. The writer's session holds the
database's lock, so no two offices write, and the actor never opens a second one: when a session is
lost the actor crashes, and its supervisor starts another, which has the lock only once the lost one
is over. Whoever has no answer by then gets `StoreClosed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from typing import Final, NamedTuple

from actors.asyncio_side.hosted import Conduit
from actors.inbox import Delivery, Inbox
from actors.store.lanes import LANE_REQUESTS_MAX
from actors.store.port import StoreClosed, StoreError
from actors.store.postgres.connection import (
    ERRORS,
    LOCK_WAIT_MS,
    Connection,
    connect,
    hang_up,
    in_words,
)
from actors.store.postgres.lane import Lane
from actors.store.postgres.reader import Reader
from actors.store.postgres.schema import prepare_reader, prepare_writer
from actors.store.postgres.writer import Lost, Writer
from actors.store.requests import CommitGroup, Flush, Look, Outcome, ReadHeads, each

READERS: Final = 3
"""How many sessions read."""

FINISH_S_MAX: Final = 8.0
"""How long requests in hand may take when the actor ends, in seconds."""


class Sessions(NamedTuple):
    """The sessions of one open database."""

    writer: Connection
    readers: tuple[Connection, ...]


@asynccontextmanager
async def open_postgres(
    url: str, readers: int = READERS, wait_ms: int = LOCK_WAIT_MS
) -> AsyncIterator[Sessions]:
    """Open the database, creating its tables if need be, on the running asyncio loop.

    Args:
        url: `postgresql://…`.
        readers: how many sessions read.
        wait_ms: how long to wait for another session's lock, in milliseconds.

    Raises:
        StoreError: it does not open, is none of ours, or another office writes to it.
    """
    async with AsyncExitStack() as stack:
        writer = await connect(url, writes=True, wait_ms=wait_ms)
        stack.push_async_callback(hang_up, writer)
        reading = []
        try:
            await prepare_writer(writer)
            for _ in range(readers):
                reader = await connect(url, writes=False, wait_ms=wait_ms)
                stack.push_async_callback(hang_up, reader)
                await prepare_reader(reader)
                reading.append(reader)
        except ERRORS as error:
            raise StoreError(f"the database does not open: {in_words(error)}") from error
        yield Sessions(writer, tuple(reading))


class PostgresProcess(Conduit):
    """The actor that owns the sessions. Start it on the asyncio host, under a supervisor.

    Args:
        url: `postgresql://…`.
        wait_ms: how long to wait for another session's lock, in milliseconds.
    """

    def __init__(self, url: str, wait_ms: int = LOCK_WAIT_MS) -> None:
        self._url = url
        self._wait_ms = wait_ms
        self._opened = AsyncExitStack()
        self._failure: Exception | None = None

    async def started(self) -> None:
        """Open the database; one that does not open is a failed start."""
        opening = open_postgres(self._url, wait_ms=self._wait_ms)
        self._sessions = await self._opened.enter_async_context(opening)
        self._writes, self._looks = Lane(), Lane()

    def take(self, delivery: Delivery) -> bool:
        """Sort what arrives into the two lanes; see `Conduit.take`."""
        lane = self._looks if isinstance(delivery.message, Look) else self._writes
        return lane.put(delivery)

    async def run(self, inbox: Inbox) -> None:
        """Live until the inbox ends or a session is lost.

        What was taken before the inbox ended is still served.
        """
        self._inbox = inbox
        writer, readers = self._sessions
        for session in (writer, *readers):
            session.add_termination_listener(self._session_ended)
        workers = [
            asyncio.ensure_future(_write(self._writes, Writer(writer))),
            *(asyncio.ensure_future(_look(self._looks, Reader(reader))) for reader in readers),
        ]
        for worker in workers:
            worker.add_done_callback(self._worker_ended)
        try:
            async for delivery in inbox:
                delivery.fail(StoreError("requests come another way, see `take`"))
            for lane in (self._writes, self._looks):
                if self._failure is None:
                    lane.end()
                else:
                    lane.abandon()
            # Whoever is in hand is told by the worker what became of it.
            await asyncio.wait(workers, timeout=FINISH_S_MAX)
            if self._failure is not None:
                raise self._failure
        finally:
            for worker in workers:
                worker.remove_done_callback(self._worker_ended)
                worker.cancel()
            self._writes.abandon()
            self._looks.abandon()
            await self._opened.aclose()

    def inspect(self) -> dict[str, object]:
        """Per lane how many requests wait and were served."""
        return {"writes": self._writes.inspect(), "reads": self._looks.inspect()}

    def _worker_ended(self, worker: asyncio.Future[None]) -> None:
        error = None if worker.cancelled() else worker.exception()
        if isinstance(error, Exception):
            self._fail(error)

    def _session_ended(self, _session: object) -> None:
        self._fail(Lost("the database's server ended a session"))

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._inbox.close()


async def _write(lane: Lane, writer: Writer) -> None:
    """Serve what writes until the lane ends: all batches as one group, then the rest in turn."""
    while deliveries := await lane.take(LANE_REQUESTS_MAX):
        try:
            await _serve_writes(deliveries, writer)
        except BaseException:
            _tell_unknown(deliveries)
            raise


async def _serve_writes(deliveries: Sequence[Delivery], writer: Writer) -> None:
    messages = [delivery.message for delivery in deliveries]
    batches = [b for m in messages if isinstance(m, CommitGroup) for b in m.batches]
    failure: StoreError | None = None
    outcomes: Iterator[Outcome] = iter(())
    try:
        outcomes = iter(await writer.commit_group(batches))
    except StoreError as refusal:
        failure, outcomes = refusal, each(refusal)
    for delivery in deliveries:
        message = delivery.message
        if isinstance(message, CommitGroup):
            delivery.reply(tuple(islice(outcomes, len(message.batches))))
    if isinstance(failure, Lost | StoreClosed):
        raise failure
    for delivery in deliveries:
        if not isinstance(delivery.message, CommitGroup):
            await _answer(delivery, writer)


async def _answer(delivery: Delivery, writer: Writer) -> None:
    try:
        match delivery.message:
            case Flush():
                delivery.reply(None)
            case ReadHeads():
                delivery.reply(await writer.heads())
            case message:
                kind = type(message).__name__
                delivery.fail(StoreError(f"the database does not understand {kind}"))
    except StoreError as error:
        delivery.fail(error)
        if isinstance(error, Lost | StoreClosed):
            raise


async def _look(lane: Lane, reader: Reader) -> None:
    """Serve what reads, one by one, until the lane ends."""
    while deliveries := await lane.take(1):
        try:
            for delivery in deliveries:
                look = delivery.message
                assert isinstance(look, Look)
                delivery.reply(await reader.look(look))
        except StoreClosed:
            _tell_unknown(deliveries)
            raise
        except StoreError as refusal:
            deliveries[0].fail(refusal)
        except BaseException:
            _tell_unknown(deliveries)
            raise


def _tell_unknown(deliveries: Sequence[Delivery]) -> None:
    """Whoever was answered already keeps that answer."""
    for delivery in deliveries:
        delivery.fail(StoreClosed("the database is lost; the outcome is unknown"))


__all__ = ["READERS", "PostgresProcess", "Sessions", "open_postgres"]
