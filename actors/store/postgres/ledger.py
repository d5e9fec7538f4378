"""A database to look at and write to before its program runs, synchronously.

It is the writer like the program that comes after it, so two offices cannot found one ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import TypeVar

from actors.store.port import Batch, Head
from actors.store.postgres.connection import ERRORS
from actors.store.postgres.reader import Reader, meant
from actors.store.postgres.store import open_postgres
from actors.store.postgres.writer import Writer
from actors.store.requests import LookAtDocument, Outcome

R = TypeVar("R")


class PostgresLedger:
    """What `actors.store.sqlite.file.SqliteFile` offers a founder, over one session."""

    def __init__(self, runner: asyncio.Runner, writer: Writer, reader: Reader) -> None:
        self._run = runner.run
        self._writer = writer
        self._reader = reader

    def attempt(self, work: Callable[[PostgresLedger], R]) -> R:
        """Read something, with what the server raises turned into the store's own errors.

        Raises:
            StoreError: the server refuses it.
            StoreClosed: the session is lost.
        """
        try:
            return work(self)
        except ERRORS as error:
            raise meant(error) from error

    def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        found = self._run(self._reader.look(LookAtDocument(collection, key)))
        assert found is None or isinstance(found, bytes)
        return found

    def heads(self) -> list[Head]:
        """As `Store.heads`."""
        return self._run(self._writer.heads())

    def root_at(self, shard: str, size: int) -> bytes | None:
        """The root of a shard's log when it had so many entries; None if it never had."""
        return self._run(self._reader.root_at(shard, size))

    def commit_group(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Commit batches in one transaction; see `Writer.commit_group`."""
        return self._run(self._writer.commit_group(batches))


@contextmanager
def open_writer(url: str) -> Iterator[PostgresLedger]:
    """The database at that address, its tables made if they are missing.

    Raises:
        StoreError: it does not open, is none of ours, or another office writes to it.
    """
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()
        writer, _ = runner.run(opened.enter_async_context(open_postgres(url, readers=0)))
        try:
            yield PostgresLedger(runner, Writer(writer), Reader(writer))
        finally:
            runner.run(opened.aclose())


__all__ = ["PostgresLedger", "open_writer"]
