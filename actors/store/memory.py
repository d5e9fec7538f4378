"""A `Store` in memory, for simulation and tests: what it keeps survives a crash, who asks does not.

The durable state is a `Disk`. A `MemoryStore` is one handle on it, as one incarnation of a node
holds it: `crash()` fences the handle, and so does opening a newer one; every later call then raises
`StoreClosed`. A batch is applied in one step without waiting inside, so a crash leaves all of it or
nothing; two hooks, before and after that step, let a simulation count, delay and crash there.

It deliberately does not write files and has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import copy
from heapq import nsmallest
from typing import TypeVar

import trio

from actors.store.batch import NEW, BadBatch, Holder, NotOfThisShard, Plan, Standing
from actors.store.lanes import Lane, Lanes
from actors.store.merkle import Frontier
from actors.store.port import (
    DUE_ROWS_MAX,
    READ_ROWS_MAX,
    Batch,
    Committed,
    Due,
    Head,
    LogRow,
    PendingEffect,
    Recorded,
    StoreClosed,
)

Hook = Callable[["MemoryStore", Batch], Awaitable[None]]
"""Called with the handle and the batch; may wait, and may crash the handle."""

K = TypeVar("K")
V = TypeVar("V")


class Disk:
    """Everything that is durable, and the number of the handle that may touch it.

    Attributes:
        shards: whose log tells of a row, by table and place; of events and entries they say it.
    """

    def __init__(self) -> None:
        self.logs: dict[str, list[LogRow]] = {}
        self.frontiers: dict[str, Frontier] = {}
        self.journal: list[Recorded] = []
        self.streams: dict[str, list[Recorded]] = {}
        self.pending: dict[str, PendingEffect] = {}
        self.owners: dict[tuple[str, str], str] = {}
        self.documents: dict[tuple[str, str], bytes] = {}
        self.keys: dict[str, bytes] = {}
        self.shards: dict[tuple[str, object], str] = {}
        self.incarnation = 0

    def heads(self) -> list[Head]:
        """How far every shard's log has come, by shard."""
        frontiers = sorted(self.frontiers.items())
        return [Head(shard, frontier.size, frontier.root()) for shard, frontier in frontiers]

    def stream(self, stream: str) -> Standing:
        """As `Ground.stream`."""
        rows = self.streams.get(stream)
        return (rows[-1].version, rows[-1].shard) if rows else NEW

    def holder(self, scope: str, key: str) -> Holder | None:
        """As `Ground.holder`."""
        owner = self.owners.get((scope, key))
        return None if owner is None else (owner, self.shards["claims", (scope, key)])

    def owner(self, scope: str, key: str) -> str | None:
        """Who holds a business key."""
        return self.owners.get((scope, key))

    def frontier(self, shard: str) -> Frontier:
        """Where a shard's log ends."""
        return self.frontiers.get(shard) or Frontier.of(0, [])

    def apply(self, batch: Batch) -> Committed:
        """Write one batch, whole or not at all.

        Raises:
            StoreError: as `Store.commit`.
        """
        plan = Plan(self)
        committed = plan.add(batch)
        for effect in batch.effects:
            if effect.id in self.pending:
                raise BadBatch(f"effect {effect.id} is in the outbox already")
        puts: dict[tuple[str, object], tuple[bytes | None, str]]
        puts = {("documents", place): put for place, put in plan.documents.items()}
        puts |= {("keys", stream): put for stream, put in plan.keys.items()}
        for where, (value, shard) in puts.items():
            if value is not None and self.shards.get(where, shard) != shard:
                raise NotOfThisShard("a document or key is another shard's")

        for entry in (LogRow(*fields) for fields in plan.entries):
            self.logs.setdefault(entry.shard, []).append(entry)
        self.frontiers.update(plan.frontiers)
        for fields in plan.events:
            row = Recorded(*fields)
            self.journal.append(row)
            self.streams.setdefault(row.stream, []).append(row)
        added = {effect.id: (effect, shard) for effect, shard in plan.effects}
        self._overwrite("effects", self.pending, added)
        self._overwrite(
            "effects", self.pending, {an_id: (None, shard) for an_id, shard in plan.effects_done}
        )
        self._overwrite("claims", self.owners, plan.owners)
        self._overwrite("documents", self.documents, plan.documents)
        self._overwrite("keys", self.keys, plan.keys)
        return committed

    def _overwrite(
        self, table: str, kept: dict[K, V], changes: Mapping[K, tuple[V | None, str]]
    ) -> None:
        """Put each change; None removes what is the shard's own."""
        for place, (value, shard) in changes.items():
            if value is None:
                if self.shards.get((table, place)) == shard:
                    del kept[place], self.shards[table, place]
            else:
                kept[place] = value
                self.shards[table, place] = shard


async def _pause(_store: MemoryStore, _batch: Batch) -> None:
    """Let others run, as every wait for a disk would."""
    await trio.lowlevel.checkpoint()


class MemoryStore:
    """One incarnation's handle on a `Disk`; implements `actors.store.port.Store`.

    Args:
        disk: what survives. Opening a handle fences every older one on the same disk.
        lanes: how much it takes on at a time.
        before_commit: awaited before a batch is applied; a crash in it loses the batch.
        after_commit: awaited after; a crash in it leaves the batch durable and unacknowledged.
    """

    def __init__(
        self,
        disk: Disk,
        *,
        before_commit: Hook = _pause,
        after_commit: Hook = _pause,
        lanes: Lanes | None = None,
    ) -> None:
        disk.incarnation += 1
        self._disk = disk
        self._incarnation = disk.incarnation
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._lanes = lanes or Lanes.of()
        self._patient = True

    def for_peers(self) -> MemoryStore:
        """As `Store.for_peers`."""
        mine = copy(self)
        mine._patient = False  # noqa: SLF001 - one of our own, just made
        return mine

    def crash(self) -> None:
        """Lose whatever was not committed; every later call on this handle raises `StoreClosed`."""
        if self._disk.incarnation == self._incarnation:
            self._disk.incarnation += 1

    async def commit(self, batch: Batch) -> Committed:
        """As `Store.commit`."""
        self._open_disk()
        async with self._lanes.writes.place(patient=self._patient):
            await self._before_commit(self, batch)
            committed = self._open_disk().apply(batch)
            await self._after_commit(self, batch)
            self._open_disk()
            return committed

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """As `Store.read`."""
        disk = await self._reading()
        first = max(after_version, 0)
        return disk.streams.get(stream, [])[first : first + READ_ROWS_MAX]

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """As `Store.streams`."""
        disk = await self._reading()
        return _page(s for s in disk.streams if s.startswith(prefix) and s > after)

    async def effects(self, stream: str | None = None, after: str = "") -> list[PendingEffect]:
        """As `Store.effects`."""
        pending = (await self._reading()).pending
        ids = _page(i for i in pending if i > after and stream in (None, pending[i].stream))
        return [pending[i] for i in ids]

    async def due(self, from_ms: int = 0, after: str = "") -> list[Due]:
        """As `Store.due`."""
        pending = (await self._reading()).pending.values()
        behind = (one for one in pending if (one.due_ms, one.id) > (from_ms, after))
        return nsmallest(DUE_ROWS_MAX, (Due(one.due_ms, one.id, one.stream) for one in behind))

    async def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        return (await self._reading()).documents.get((collection, key))

    async def documents(self, collection: str, after: str = "") -> list[tuple[str, bytes]]:
        """As `Store.documents`."""
        documents = (await self._reading()).documents
        keys = _page(key for where, key in documents if where == collection and key > after)
        return [(key, documents[collection, key]) for key in keys]

    async def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        return (await self._reading()).owner(scope, key)

    async def key(self, stream: str) -> bytes | None:
        """As `Store.key`."""
        return (await self._reading()).keys.get(stream)

    async def entries(self, shard: str, after_seq: int = 0) -> list[LogRow]:
        """As `Store.entries`."""
        log = (await self._reading()).logs.get(shard, [])
        first = max(after_seq, 0)
        return log[first : first + READ_ROWS_MAX]

    async def heads(self) -> list[Head]:
        """As `Store.heads`."""
        return (await self._on(self._lanes.writes)).heads()

    async def flush(self) -> None:
        """As `Store.flush`."""
        await self._on(self._lanes.writes)

    def _open_disk(self) -> Disk:
        if self._disk.incarnation != self._incarnation:
            raise StoreClosed("this handle's node has crashed; the outcome is unknown")
        return self._disk

    async def _reading(self) -> Disk:
        return await self._on(self._lanes.reads)

    async def _on(self, lane: Lane) -> Disk:
        self._open_disk()
        async with lane.place(patient=self._patient):
            await trio.lowlevel.checkpoint()
            return self._open_disk()


def _page(names: Iterable[str]) -> list[str]:
    return sorted(names)[:READ_ROWS_MAX]


__all__ = ["Disk", "Hook", "MemoryStore"]
