"""What is read, on one session: the port's looks as SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from actors.store.batch import BadBatch
from actors.store.merkle import NODE_BYTES, Frontier, frontier_places
from actors.store.port import (
    DUE_ROWS_MAX,
    READ_ROWS_MAX,
    Due,
    Head,
    LogRow,
    PendingEffect,
    Recorded,
    StoreClosed,
    StoreError,
)
from actors.store.postgres.connection import (
    ERRORS,
    Connection,
    blames_one_batch,
    in_words,
    is_refusal,
)
from actors.store.requests import (
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
)

_EVENT = "stream, version, kind, body, at_ms, who, shard, seq"
_EFFECT = "id, stream, recipient, kind, body, due_ms, span"
_LOG = "shard, seq, entry, nodes"

_GREATEST = "\U0010ffff"
"""Sorts after every other character, in UTF-8 as in Python."""

_STREAMS = """
WITH RECURSIVE names (stream) AS (
    (SELECT stream FROM events WHERE stream >= $1 AND stream > $2 AND stream < $3
     ORDER BY stream LIMIT 1)
    UNION ALL
    SELECT (SELECT e.stream FROM events e WHERE e.stream > names.stream AND e.stream < $3
            ORDER BY e.stream LIMIT 1)
    FROM names WHERE names.stream IS NOT NULL
) SELECT stream FROM names WHERE stream IS NOT NULL LIMIT $4
"""
"""Hops from name to name over the index instead of reading all rows."""

_SHARDS = """
WITH RECURSIVE names (shard) AS (
    (SELECT shard FROM log ORDER BY shard LIMIT 1)
    UNION ALL
    SELECT (SELECT l.shard FROM log l WHERE l.shard > names.shard ORDER BY l.shard LIMIT 1)
    FROM names WHERE names.shard IS NOT NULL
) SELECT shard FROM names WHERE shard IS NOT NULL
"""

_SIZES = """
SELECT shard, (SELECT coalesce(max(seq), 0) FROM log WHERE log.shard = asked.shard)
FROM unnest($1::text[]) AS asked (shard)
"""

_NODES = """
SELECT shard, seq, (SELECT nodes FROM log WHERE log.shard = asked.shard AND log.seq = asked.seq)
FROM unnest($1::text[], $2::bigint[]) AS asked (shard, seq)
"""


class Reader:
    """The store's reads on one session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def look(self, look: Look[Any]) -> object:
        """Answer one.

        Raises:
            StoreError: the server refuses it.
            StoreClosed: the session is lost.
        """
        try:
            return await _LOOKS[type(look)](self, *msgspec.structs.astuple(look))
        except ERRORS as error:
            raise meant(error) from error

    async def events(self, stream: str, after_version: int) -> list[Recorded]:
        """As `Store.read`."""
        rows = await self._connection.fetch(
            f"SELECT {_EVENT} FROM events"  # noqa: S608 - a constant list of columns
            " WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3",
            stream,
            after_version,
            READ_ROWS_MAX,
        )
        return [Recorded(*row) for row in rows]

    async def streams(self, prefix: str, after: str) -> list[str]:
        """As `Store.streams`."""
        end = prefix + _GREATEST
        rows = await self._connection.fetch(_STREAMS, prefix, after, end, READ_ROWS_MAX)
        return [stream for (stream,) in rows]

    async def effects(self, stream: str | None, after: str) -> list[PendingEffect]:
        """As `Store.effects`."""
        narrowed, values = ("", ()) if stream is None else ("stream = $3 AND", (stream,))
        rows = await self._connection.fetch(
            f"SELECT {_EFFECT} FROM effects"  # noqa: S608 - both parts are constants
            f" WHERE {narrowed} id > $1 ORDER BY id LIMIT $2",
            after,
            READ_ROWS_MAX,
            *values,
        )
        return [PendingEffect(*row) for row in rows]

    async def due(self, from_ms: int, after: str) -> list[Due]:
        """As `Store.due`; over an index that holds all of it."""
        rows = await self._connection.fetch(
            "SELECT due_ms, id, stream FROM effects WHERE (due_ms, id) > ($1, $2)"
            " ORDER BY due_ms, id LIMIT $3",
            from_ms,
            after,
            DUE_ROWS_MAX,
        )
        return [Due(*row) for row in rows]

    async def document(self, collection: str, key: str) -> bytes | None:
        """As `Store.document`."""
        query = "SELECT body FROM documents WHERE collection = $1 AND key = $2"
        return await self._bytes(query, collection, key)

    async def documents(self, collection: str, after: str) -> list[tuple[str, bytes]]:
        """As `Store.documents`."""
        rows = await self._connection.fetch(
            "SELECT key, body FROM documents WHERE collection = $1 AND key > $2"
            " ORDER BY key LIMIT $3",
            collection,
            after,
            READ_ROWS_MAX,
        )
        return [(key, body) for key, body in rows]

    async def owner(self, scope: str, key: str) -> str | None:
        """As `Store.owner`."""
        query = "SELECT owner FROM claims WHERE scope = $1 AND key = $2"
        owner = await self._connection.fetchval(query, scope, key)
        return None if owner is None else str(owner)

    async def key(self, stream: str) -> bytes | None:
        """As `Store.key`."""
        return await self._bytes("SELECT wrapped FROM keys WHERE stream = $1", stream)

    async def entries(self, shard: str, after_seq: int) -> list[LogRow]:
        """As `Store.entries`."""
        rows = await self._connection.fetch(
            f"SELECT {_LOG} FROM log"  # noqa: S608 - a constant list of columns
            " WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            shard,
            after_seq,
            READ_ROWS_MAX,
        )
        return [LogRow(*row) for row in rows]

    async def heads(self) -> list[Head]:
        """As `Store.heads`."""
        shards = [shard for (shard,) in await self._connection.fetch(_SHARDS)]
        frontiers = await self.frontiers(shards)
        return [Head(s, frontiers[s].size, frontiers[s].root()) for s in shards]

    async def root_at(self, shard: str, size: int) -> bytes | None:
        """The root of a shard's log when it had so many entries; None if it never had."""
        ((_, now),) = await self._connection.fetch(_SIZES, [shard])
        if size > now:
            return None
        return (await self._frontiers_at({shard: size}))[shard].root()

    async def frontiers(self, shards: list[str]) -> dict[str, Frontier]:
        """Where shards' logs end.

        Raises:
            StoreError: a log is damaged.
        """
        sizes = await self._connection.fetch(_SIZES, shards)
        return await self._frontiers_at(dict(map(tuple, sizes)))

    async def _frontiers_at(self, sizes: dict[str, int]) -> dict[str, Frontier]:
        places = [
            (shard, level, seq)
            for shard, size in sizes.items()
            for level, seq in frontier_places(size)
        ]
        shards, seqs = [shard for shard, _, _ in places], [seq for _, _, seq in places]
        rows = await self._connection.fetch(_NODES, shards, seqs) if places else []
        found = {(shard, seq): nodes or b"" for shard, seq, nodes in rows}
        edges: dict[str, list[bytes]] = {shard: [] for shard in sizes}
        for shard, level, seq in places:
            node = found[shard, seq][level * NODE_BYTES : (level + 1) * NODE_BYTES]
            if len(node) < NODE_BYTES:
                raise StoreError(f"the log of {shard} is damaged at entry {seq}")
            edges[shard].append(node)
        return {shard: Frontier.of(sizes[shard], edge) for shard, edge in edges.items()}

    async def _bytes(self, query: str, *values: object) -> bytes | None:
        found = await self._connection.fetchval(query, *values)
        return None if found is None else bytes(found)


def meant(error: BaseException) -> StoreError:
    """What an error means outside a transaction that writes."""
    if blames_one_batch(error):
        return BadBatch("a name or number that no database holds")
    if is_refusal(error):
        return StoreError(f"the database did not take it: {in_words(error)}")
    return StoreClosed(f"the database is lost; the outcome is unknown: {in_words(error)}")


_LOOKS: Final[dict[type[Look[Any]], Callable[..., Awaitable[object]]]] = {
    LookAtEvents: Reader.events,
    LookAtStreams: Reader.streams,
    LookAtEffects: Reader.effects,
    LookAtDue: Reader.due,
    LookAtDocument: Reader.document,
    LookAtDocuments: Reader.documents,
    LookAtOwner: Reader.owner,
    LookAtKey: Reader.key,
    LookAtEntries: Reader.entries,
}

__all__ = ["Reader", "meant"]
