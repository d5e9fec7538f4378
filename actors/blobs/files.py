"""Blobs as files, for everybody on the loop: the disk's work is done beside it, so much at a time.

Reading and writing have slots of their own, and neither is the store's: nobody who commits waits
here. Whoever finds all slots taken for `WAIT_S` is refused, and comes again. What is done to one
blob is done one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import trio

from actors.blobs.folder import BlobFolder
from actors.blobs.port import BlobsBusy, BlobsFull, BlobTerms, Usage, WaitingPage
from actors.ports import Outside

WRITES_AT_ONCE: Final = 1
"""How many blobs are written at the same time: two are no faster on one disk, and what waits in its
queue makes a commit wait twice as long."""

READS_AT_ONCE: Final = 4
"""How many blobs are read at the same time."""

UNDER_WAY_MAX: Final = 512
"""How much is in hand or waits for a slot, reading and writing each; the next is refused."""

WAIT_S: Final = 2.0
"""How long somebody waits for a slot, in seconds."""

TURNS: Final = 64
"""Blobs that are changed one after the other: those whose digests agree in so much."""

T = TypeVar("T")


class FileBlobs:
    """The blobs of a folder; implements `actors.blobs.port.Blobs`.

    Args:
        folder: taken for this program, see `BlobFolder.prepare`.
        outside: whose clock tells since when a blob waits, and where blocking work is done.
        terms: how much room there is.
    """

    def __init__(self, folder: BlobFolder, outside: Outside, terms: BlobTerms) -> None:
        self._folder = folder
        self._outside = outside
        self._terms = terms
        self._writes = _Slots(WRITES_AT_ONCE, outside)
        self._reads = _Slots(READS_AT_ONCE, outside)
        self._turns = tuple(trio.Lock() for _ in range(TURNS))
        self._used_bytes = 0

    async def put(self, digest: bytes, body: bytes) -> None:
        """As `Blobs.put`; the quota is held against what `usage` counted, and what came since."""
        if self._used_bytes + len(body) > self._terms.quota_bytes:
            raise BlobsFull("影像存储配额已用完 · the quota for photos is used up")
        now_ms, free_bytes_min = self._outside.wall.now_ms(), self._terms.free_bytes_min
        self._used_bytes += await self._change(
            digest, lambda: self._folder.put(digest, body, now_ms, free_bytes_min)
        )

    async def get(self, digest: bytes) -> bytes:
        """As `Blobs.get`."""
        return await self._reads.do(lambda: self._folder.get(digest))

    async def keep(self, digest: bytes) -> None:
        """As `Blobs.keep`."""
        await self._change(digest, lambda: self._folder.keep(digest))

    async def discard(self, digest: bytes, before_ms: int) -> bool:
        """As `Blobs.discard`."""
        freed = await self._change(digest, lambda: self._folder.discard(digest, before_ms))
        self._used_bytes -= freed
        return freed > 0

    async def delete(self, digest: bytes) -> None:
        """As `Blobs.delete`."""
        self._used_bytes -= await self._change(digest, lambda: self._folder.delete(digest))

    async def waiting(self, before_ms: int, after: str = "") -> WaitingPage:
        """As `Blobs.waiting`."""
        return await self._reads.do(lambda: self._folder.waiting(before_ms, after))

    async def names(self, after: str = "") -> list[str]:
        """As `Blobs.names`."""
        return await self._reads.do(lambda: self._folder.names(after))

    async def usage(self) -> Usage:
        """As `Blobs.usage`; what is put meanwhile may be counted twice, until the next time."""
        before = self._used_bytes
        counted = await self._reads.do(self._folder.used_bytes)
        self._used_bytes = counted + max(self._used_bytes - before, 0)
        return Usage(self._used_bytes, self._terms.quota_bytes)

    async def _change(self, digest: bytes, work: Callable[[], T]) -> T:
        return await self._writes.do(work, self._turns[digest[0] % TURNS])


class _Slots:
    """So much work at a time."""

    def __init__(self, most: int, outside: Outside) -> None:
        self._slots = trio.Semaphore(most)
        self._outside = outside
        self._under_way = 0

    async def do(self, work: Callable[[], T], turn: trio.Lock | None = None) -> T:
        """Do it beside the loop.

        Args:
            turn: held meanwhile.

        Raises:
            BlobsBusy: it was not its turn soon enough; nothing was done.
        """
        if self._under_way >= UNDER_WAY_MAX:
            raise BlobsBusy("影像存储繁忙 · too many photos are waiting already")
        self._under_way += 1
        try:
            async with AsyncExitStack() as held:
                with trio.move_on_after(WAIT_S) as scope:
                    if turn is not None:
                        await held.enter_async_context(turn)
                    await held.enter_async_context(self._slots)
                if scope.cancelled_caught:
                    raise BlobsBusy("影像存储繁忙 · the photos' disk has its hands full")
                return await self._outside.offload(work)
        finally:
            self._under_way -= 1


__all__ = ["READS_AT_ONCE", "UNDER_WAY_MAX", "WAIT_S", "WRITES_AT_ONCE", "FileBlobs"]
