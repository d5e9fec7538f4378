"""Blobs in memory, for simulation and tests: what was synced survives a crash, the rest does not.

The durable state is a `BlobDisk`. `MemoryBlobs` is one handle on it, as one incarnation of a node
holds it; opening a newer one fences every older one, and `crash` fences it at once. What is written
can be read before it is synced, as of a real disk, and a crash in between loses it. A hook before
each step lets a simulation delay, refuse and crash there; a story may lose or garble what is kept.

It deliberately does not seal: what its names are nobody outside may rely on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import trio

from actors.blobs.port import (
    LOOKED_AT_MAX,
    NAMES_MAX,
    BlobDamaged,
    BlobMissing,
    BlobsClosed,
    BlobsFull,
    BlobTerms,
    Usage,
    Waiting,
    WaitingPage,
    blob_digest,
    check_blob,
)
from actors.ports import WallClock

Hook = Callable[["MemoryBlobs", str], Awaitable[None]]
"""Called with the handle and the step (`get`, `put`, `sync`, `change`, `look`); may wait, raise a
`BlobError`, and crash the handle."""


class Kept(NamedTuple):
    """One blob on the disk."""

    body: bytes
    since_ms: int
    waits: bool


class BlobDisk:
    """Everything that is durable, and the number of the handle that may touch it.

    Attributes:
        kept: by digest; a story may take something away, or put other bytes in its place.
        unsynced: what is written and would not survive a crash.
    """

    def __init__(self) -> None:
        self.kept: dict[bytes, Kept] = {}
        self.unsynced: dict[bytes, Kept] = {}
        self.incarnation = 0

    @property
    def bodies(self) -> dict[bytes, bytes]:
        """What is durable, by digest."""
        return {digest: one.body for digest, one in self.kept.items()}

    def have(self, digest: bytes, body: bytes, since_ms: int = 0, *, waits: bool = True) -> None:
        """Let it be there already."""
        self.kept[digest] = Kept(body, since_ms, waits)

    def look(self, digest: bytes) -> Kept | None:
        """A blob as the running node sees it."""
        return self.unsynced.get(digest) or self.kept.get(digest)

    def lose_power(self) -> None:
        """What was not synced never was."""
        self.unsynced.clear()


async def _pause(_blobs: MemoryBlobs, _step: str) -> None:
    """Let others run, as every wait for a disk would."""
    await trio.lowlevel.checkpoint()


class MemoryBlobs:
    """One incarnation's handle on a `BlobDisk`; implements `actors.blobs.port.Blobs`.

    Args:
        disk: what survives. Opening a handle fences every older one on the same disk.
        wall: tells since when a blob waits.
        before: awaited before each step.
    """

    def __init__(
        self,
        disk: BlobDisk,
        wall: WallClock,
        terms: BlobTerms = BlobTerms(),  # noqa: B008 - frozen
        before: Hook = _pause,
    ) -> None:
        disk.incarnation += 1
        disk.lose_power()
        self._disk = disk
        self._incarnation = disk.incarnation
        self._wall = wall
        self._terms = terms
        self._before = before

    def crash(self) -> None:
        """Lose whatever was not synced; every later call on this handle raises `BlobsClosed`."""
        if self._disk.incarnation == self._incarnation:
            self._disk.incarnation += 1
            self._disk.lose_power()

    async def put(self, digest: bytes, body: bytes) -> None:
        """As `Blobs.put`."""
        check_blob(digest, body)
        disk = await self._step("put")
        known = disk.look(digest)
        others = sum(len(one.body) for other, one in disk.kept.items() if other != digest)
        if known is None and others + len(body) > self._terms.quota_bytes:
            raise BlobsFull("the quota is used up")
        waits = known is None or known.waits
        disk.unsynced[digest] = Kept(body, self._wall.now_ms(), waits)
        await self._step("sync")
        written = disk.unsynced.pop(digest, None)
        if written is not None:
            disk.kept[digest] = written

    async def get(self, digest: bytes) -> bytes:
        """As `Blobs.get`."""
        found = (await self._step("get")).look(digest)
        if found is None:
            raise BlobMissing(_name(digest))
        if blob_digest(found.body) != digest:
            raise BlobDamaged(_name(digest))
        return found.body

    async def keep(self, digest: bytes) -> None:
        """As `Blobs.keep`."""
        disk = await self._step("change")
        if digest in disk.kept:
            disk.kept[digest] = disk.kept[digest]._replace(waits=False)

    async def discard(self, digest: bytes, before_ms: int) -> bool:
        """As `Blobs.discard`."""
        disk = await self._step("change")
        found = disk.look(digest)
        if found is None or not found.waits or found.since_ms >= before_ms:
            return False
        disk.unsynced.pop(digest, None)
        disk.kept.pop(digest, None)
        return True

    async def delete(self, digest: bytes) -> None:
        """As `Blobs.delete`."""
        disk = await self._step("change")
        disk.unsynced.pop(digest, None)
        disk.kept.pop(digest, None)

    async def waiting(self, before_ms: int, after: str = "") -> WaitingPage:
        """As `Blobs.waiting`."""
        disk = await self._step("look")
        behind = sorted(d for d, one in disk.kept.items() if one.waits and _name(d) > after)
        page = behind[:LOOKED_AT_MAX]
        found = ((digest, disk.kept[digest].since_ms) for digest in page)
        last = _name(page[-1]) if len(page) == LOOKED_AT_MAX else ""
        return WaitingPage(tuple(Waiting(d, ms) for d, ms in found if ms < before_ms), last)

    async def names(self, after: str = "") -> list[str]:
        """As `Blobs.names`."""
        disk = await self._step("look")
        digests = disk.kept.keys() | disk.unsynced.keys()
        return sorted(name for name in map(_name, digests) if name > after)[:NAMES_MAX]

    async def usage(self) -> Usage:
        """As `Blobs.usage`."""
        kept = (await self._step("look")).kept
        return Usage(sum(len(one.body) for one in kept.values()), self._terms.quota_bytes)

    async def _step(self, step: str) -> BlobDisk:
        self._open_disk()
        await self._before(self, step)
        return self._open_disk()

    def _open_disk(self) -> BlobDisk:
        if self._disk.incarnation != self._incarnation:
            raise BlobsClosed("this handle's node has crashed; the outcome is unknown")
        return self._disk


def _name(digest: bytes) -> str:
    return digest.hex()


__all__ = ["BlobDisk", "Hook", "Kept", "MemoryBlobs"]
