"""A store whose bodies nobody can read without its keys, over one that keeps whatever it is given.

Every stream has a random key of its own, wrapped by its shard's and kept beside it (`KeyRow`), so
that one case can be forgotten for good: destroy its key, and its events stay, where the log proves
that they were there, and mean nothing any more. The key comes into being in the very commit of the
first event. Events, effects and snapshots are sealed with it; other documents, which belong to no
one stream, with their shard's.

What stays in clear are names, kinds, times and who: what is searched. So no name may be, or hash,
personal data without the pseudonym key (`Sealer.pseudonym`).

Each body is bound to its place: one that was moved to another stream, version or document does not
open. Invariant: what is sealed with a stream's key is committed with that key or after it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from actors.sealing import Sealer, StreamKey, Unsealable
from actors.store.port import (
    Append,
    Batch,
    Committed,
    Document,
    Due,
    Event,
    Head,
    KeyRow,
    LogRow,
    PendingEffect,
    Recorded,
    Store,
    StoreError,
)

SNAPSHOTS: Final = "snapshots"
"""The collection of documents that are sealed with the key of the stream that names them."""

KEYS_KEPT_MAX: Final = 20_000
"""The most keys of streams in memory; the one that was used longest ago goes first."""


class Forgotten(StoreError):
    """The stream's key was destroyed: what it held can never be read again."""


class Unopened(StoreError):
    """A body does not open at its place: altered, moved, or sealed with other keys."""


class _InShard(msgspec.Struct, frozen=True, array_like=True):
    """A document that is sealed with its shard's key, and that key's name."""

    key: bytes
    sealed: bytes


_read_in_shard = msgspec.msgpack.Decoder(_InShard)


class KeyRing:
    """The keys of streams that were used lately.

    Args:
        sealer: unwraps them.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._known: OrderedDict[str, StreamKey] = OrderedDict()

    async def find(self, stream: str, store: Store) -> StreamKey:
        """The key of a stream that has events.

        Raises:
            Forgotten: it has none.
            Unopened: it was wrapped with other keys.
        """
        known = self._known.get(stream)
        if known is not None:
            self._known.move_to_end(stream)
            return known
        wrapped = await store.key(stream)
        if wrapped is None:
            raise Forgotten(f"the key of {stream} is destroyed")
        return self.learn(stream, wrapped)

    def learn(self, stream: str, wrapped: bytes) -> StreamKey:
        """Keep a key that is committed.

        Raises:
            Unopened: it was wrapped with other keys.
        """
        try:
            key = self._sealer.unwrap(stream, wrapped)
        except Unsealable as error:
            raise Unopened(f"the key of {stream} is none of ours") from error
        self.keep(stream, key)
        return key

    def keep(self, stream: str, key: StreamKey) -> None:
        """Remember a key that is committed."""
        self._known[stream] = key
        if len(self._known) > KEYS_KEPT_MAX:
            self._known.popitem(last=False)

    def drop(self, stream: str) -> None:
        """Forget it."""
        self._known.pop(stream, None)


class SealedStore:
    """Implements `Store`.

    Args:
        store: keeps what is sealed.
        sealer: has the keys.
        ring: shared by everybody who uses the same store.
    """

    def __init__(self, store: Store, sealer: Sealer, ring: KeyRing | None = None) -> None:
        self._store = store
        self._sealer = sealer
        self._ring = ring or KeyRing(sealer)

    def for_peers(self) -> SealedStore:
        """As `Store.for_peers`."""
        return SealedStore(self._store.for_peers(), self._sealer, self._ring)

    async def commit(self, batch: Batch) -> Committed:
        """As `Store.commit`."""
        fresh = {
            append.stream: self._sealer.new_key(batch.shard, append.stream)
            for append in batch.appends
            if append.expected_version == 0
        }
        committed = await self._store.commit(await self._sealed(batch, fresh))
        # Only now: whoever else makes the first event of the same stream has another key for it.
        for stream, key in fresh.items():
            self._ring.keep(stream, key)
        for row in batch.keys:
            self._ring.drop(row.stream)
        return committed

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """As `Store.read`.

        Raises:
            Forgotten: the stream's key was destroyed.
            Unopened: an event does not open.
        """
        rows = await self._store.read(stream, after_version)
        if not rows:
            return rows
        key = await self._ring.find(stream, self._store)
        return [opened(row, self._sealer, key) for row in rows]

    async def effects(self, stream: str | None = None, after: str = "") -> list[PendingEffect]:
        """As `Store.effects`; raises as `read`."""
        return [
            msgspec.structs.replace(
                row,
                body=_open(
                    self._sealer,
                    await self._ring.find(row.stream, self._store),
                    row.id,
                    row.body,
                ),
            )
            for row in await self._store.effects(stream, after)
        ]

    async def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`; raises as `read`."""
        body = await self._store.document(collection, key)
        return None if body is None else await self._opened(collection, key, body)

    async def documents(self, collection: str, after: str = "") -> list[tuple[str, bytes]]:
        """As `Store.documents`; raises as `read`."""
        rows = await self._store.documents(collection, after)
        return [(key, await self._opened(collection, key, body)) for key, body in rows]

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """As `Store.streams`."""
        return await self._store.streams(prefix, after)

    async def due(self, from_ms: int = 0, after: str = "") -> list[Due]:
        """As `Store.due`."""
        return await self._store.due(from_ms, after)

    async def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        return await self._store.owner(scope, key)

    async def key(self, stream: str) -> bytes | None:
        """As `Store.key`."""
        return await self._store.key(stream)

    async def entries(self, shard: str, after_seq: int = 0) -> list[LogRow]:
        """As `Store.entries`."""
        return await self._store.entries(shard, after_seq)

    async def heads(self) -> list[Head]:
        """As `Store.heads`."""
        return await self._store.heads()

    async def flush(self) -> None:
        """As `Store.flush`."""
        await self._store.flush()

    async def _sealed(self, batch: Batch, fresh: dict[str, StreamKey]) -> Batch:
        """The batch as it is kept."""
        appends, effects = [], []
        for append in batch.appends:
            key = fresh.get(append.stream) or await self._ring.find(append.stream, self._store)
            appends.append(self._sealed_events(append, key))
        for effect in batch.effects:
            key = fresh.get(effect.stream) or await self._ring.find(effect.stream, self._store)
            body = self._sealer.seal(key, effect.id, effect.body)
            effects.append(msgspec.structs.replace(effect, body=body))
        shard = batch.shard
        documents = [await self._sealed_document(one, shard, fresh) for one in batch.documents]
        return msgspec.structs.replace(
            batch,
            appends=tuple(appends),
            effects=tuple(effects),
            documents=tuple(documents),
            keys=(*(KeyRow(s, key.wrapped) for s, key in fresh.items()), *batch.keys),
        )

    def _sealed_events(self, append: Append, key: StreamKey) -> Append:
        seal, stream, version = self._sealer.seal, append.stream, append.expected_version
        events = tuple(
            Event(event.kind, seal(key, event_place(stream, number, event.kind), event.body))
            for number, event in enumerate(append.events, version + 1)
        )
        return Append(stream, version, events)

    async def _sealed_document(
        self, document: Document, shard: str, fresh: dict[str, StreamKey]
    ) -> Document:
        if document.body is None:
            return document
        collection, name = document.collection, document.key
        place = document_place(collection, name)
        if collection == SNAPSHOTS:
            key = fresh.get(name) or await self._ring.find(name, self._store)
            body = self._sealer.seal(key, place, document.body)
        else:
            shard_key = self._sealer.shard_key(shard)
            sealed = self._sealer.seal(shard_key, place, document.body)
            body = msgspec.msgpack.encode(_InShard(shard_key.wrapped, sealed))
        return Document(collection, name, body)

    async def _opened(self, collection: str, name: str, body: bytes) -> bytes:
        if collection == SNAPSHOTS:
            key = await self._ring.find(name, self._store)
            return _open(self._sealer, key, document_place(collection, name), body)
        return opened_document(self._sealer, collection, name, body)


def opened(row: Recorded, sealer: Sealer, key: StreamKey) -> Recorded:
    """An event as it was before it was sealed.

    Raises:
        Unopened: it does not open.
    """
    place = event_place(row.stream, row.version, row.kind)
    return msgspec.structs.replace(row, body=_open(sealer, key, place, row.body))


def opened_document(sealer: Sealer, collection: str, name: str, body: bytes) -> bytes:
    """The body of a document of no one stream, as it was before it was sealed.

    Raises:
        Unopened: it does not open.
    """
    place = document_place(collection, name)
    try:
        in_shard = _read_in_shard.decode(body)
    except (ValueError, RecursionError):
        raise Unopened(f"{place} is not sealed") from None
    try:
        key = sealer.named(in_shard.key)
    except Unsealable as error:
        raise Unopened(f"{place} does not open") from error
    return _open(sealer, key, place, in_shard.sealed)


def event_place(stream: str, version: int, kind: str) -> str:
    """What an event's body is bound to."""
    return f"{stream}#{version} {kind}"


def document_place(collection: str, key: str) -> str:
    """What a document's body is bound to."""
    return f"{collection}/{key}"


def _open(sealer: Sealer, key: StreamKey, place: str, sealed: bytes) -> bytes:
    try:
        return sealer.open(key, place, sealed)
    except Unsealable as error:
        raise Unopened(f"{place} does not open") from error


__all__ = [
    "KEYS_KEPT_MAX",
    "SNAPSHOTS",
    "Forgotten",
    "KeyRing",
    "SealedStore",
    "Unopened",
    "document_place",
    "event_place",
    "opened",
    "opened_document",
]
