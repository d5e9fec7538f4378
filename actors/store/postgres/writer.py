"""What is written, on the one session that may: groups of batches, each one transaction.

A `Plan` asks synchronously what is durable already, so whatever a group's batches will ask is
fetched before, in a few queries for all of them. What streams' versions and logs' ends are stays
known from group to group: nobody else writes (see `actors.store.postgres.schema`).

Invariants: a conflict refuses its own batch and leaves the others alone; a `StoreError` means that
nothing was applied, `StoreClosed` that nobody knows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from actors.store.batch import (
    FRONTIERS_KEPT_MAX,
    NEW,
    STREAMS_KEPT_MAX,
    BadBatch,
    Holder,
    NotOfThisShard,
    Plan,
    Standing,
)
from actors.store.merkle import Frontier
from actors.store.port import Batch, Head, StoreClosed, StoreError
from actors.store.postgres.connection import (
    ERRORS,
    Connection,
    blames_one_batch,
    in_words,
    is_refusal,
)
from actors.store.postgres.reader import Reader, meant
from actors.store.requests import Outcome

_STREAMS = """
SELECT asked.stream, last.version, last.shard
FROM unnest($1::text[]) AS asked (stream), LATERAL (
    SELECT version, shard FROM events WHERE events.stream = asked.stream
    ORDER BY version DESC LIMIT 1) AS last
"""

_HOLDERS = """
SELECT scope, key, owner, shard
FROM unnest($1::text[], $2::text[]) AS asked (scope, key) JOIN claims USING (scope, key)
"""

_ADD_ENTRIES = """
INSERT INTO log SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[])
"""

_ADD_EVENTS = """
INSERT INTO events SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[],
                                        $5::bigint[], $6::text[], $7::text[], $8::bigint[])
"""

_ADD_EFFECTS = """
INSERT INTO effects SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
                                         $5::bytea[], $6::bigint[], $7::text[], $8::text[])
"""

_DROP_EFFECTS = """
DELETE FROM effects USING unnest($1::text[], $2::text[]) AS gone (id, shard)
WHERE effects.id = gone.id AND effects.shard = gone.shard
"""

_PUT_CLAIMS = """
INSERT INTO claims SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (scope, key) DO UPDATE SET owner = excluded.owner, shard = excluded.shard
"""

_DROP_CLAIMS = """
DELETE FROM claims USING unnest($1::text[], $2::text[], $3::text[]) AS gone (scope, key, shard)
WHERE claims.scope = gone.scope AND claims.key = gone.key AND claims.shard = gone.shard
"""

_PUT_DOCUMENTS = """
INSERT INTO documents SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
ON CONFLICT (collection, key) DO UPDATE SET body = excluded.body
WHERE documents.shard = excluded.shard
"""

_DROP_DOCUMENTS = """
DELETE FROM documents
USING unnest($1::text[], $2::text[], $3::text[]) AS gone (collection, key, shard)
WHERE documents.collection = gone.collection AND documents.key = gone.key
  AND documents.shard = gone.shard
"""

_PUT_KEYS = """
INSERT INTO keys SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])
ON CONFLICT (stream) DO UPDATE SET wrapped = excluded.wrapped WHERE keys.shard = excluded.shard
"""

_DROP_KEYS = """
DELETE FROM keys USING unnest($1::text[], $2::text[]) AS gone (stream, shard)
WHERE keys.stream = gone.stream AND keys.shard = gone.shard
"""

_Change = tuple[str | None, str] | tuple[bytes | None, str]
"""A new value, or None where it goes, and the shard whose log says so."""


class Lost(StoreError):
    """The session was lost before its transaction could be committed: nothing was applied."""


class Known:
    """What is durable, as far as it was asked for; a `Ground`.

    Attributes:
        streams: how they stand.
        holders: of (scope, key).
        frontiers: of shards' logs.
    """

    def __init__(self) -> None:
        self.streams: dict[str, Standing] = {}
        self.holders: dict[tuple[str, str], Holder | None] = {}
        self.frontiers: dict[str, Frontier] = {}

    def stream(self, stream: str) -> Standing:
        """As `Ground.stream`."""
        return self.streams[stream]

    def holder(self, scope: str, key: str) -> Holder | None:
        """As `Ground.holder`."""
        return self.holders[scope, key]

    def frontier(self, shard: str) -> Frontier:
        """As `Ground.frontier`."""
        return self.frontiers[shard]

    def learn(self, plan: Plan) -> None:
        """Take in what a plan has written."""
        self.streams.update(plan.streams)
        for place, (owner, shard) in plan.owners.items():
            self.holders[place] = None if owner is None else (owner, shard)
        self.frontiers.update(plan.frontiers)


class Writer:
    """The store's writes on one session, which no other task uses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._reader = Reader(connection)
        self._known = Known()

    async def commit_group(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Commit many batches in one transaction, with one wait for the disk.

        All are planned in memory and written together. Should the server itself refuse a row, or
        the order of the batches matter, the transaction starts again with each batch in a savepoint
        of its own.

        Raises:
            StoreError: nothing of any batch was applied (full, read-only, locked; `Lost`).
            StoreClosed: the session was lost while it committed; nobody knows.
        """
        if not batches:
            return []
        try:
            return await self._commit_together(batches)
        except (_OneByOne, NotOfThisShard):
            return await self._commit_one_by_one(batches)

    async def heads(self) -> list[Head]:
        """As `Store.heads`."""
        try:
            return await self._reader.heads()
        except ERRORS as error:
            raise meant(error) from error

    async def _commit_together(self, batches: Sequence[Batch]) -> list[Outcome]:
        async with self._transaction():
            await self._find_out(batches)
            plan = Plan(self._known)
            outcomes = plan.add_all(batches)
            if plan.is_entangled():
                raise _OneByOne("one batch touches what another one does")
            await self._write(plan)
        self._known.learn(plan)
        return outcomes

    async def _commit_one_by_one(self, batches: Sequence[Batch]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with self._transaction():
            for batch in batches:
                await self._connection.execute("SAVEPOINT batch")
                outcomes.append(await self._write_alone(batch))
                await self._connection.execute("RELEASE batch")
        return outcomes

    async def _write_alone(self, batch: Batch) -> Outcome:
        try:
            await self._find_out([batch])
            plan = Plan(self._known)
            outcome = plan.add(batch)
            await self._write(plan)
        except StoreError as refusal:
            await self._connection.execute("ROLLBACK TO batch")
            return refusal
        except ERRORS as error:
            if not blames_one_batch(error):
                raise
            await self._connection.execute("ROLLBACK TO batch")
            return BadBatch(f"the database refuses the batch: {in_words(error)}")
        self._known.learn(plan)
        return outcome

    async def _find_out(self, batches: Sequence[Batch]) -> None:
        """Fetch what these batches will be held against, as far as it is not known yet."""
        known, fetch = self._known, self._connection.fetch
        shards = {batch.shard for batch in batches} - known.frontiers.keys()
        if shards:
            known.frontiers.update(await self._reader.frontiers(list(shards)))
        streams = {append.stream for batch in batches for append in batch.appends}
        streams -= known.streams.keys()
        if streams:
            known.streams.update(dict.fromkeys(streams, NEW))
            rows = await fetch(_STREAMS, list(streams))
            known.streams.update((stream, (version, shard)) for stream, version, shard in rows)
        places = {(c.scope, c.key) for b in batches for c in (*b.claims, *b.releases)}
        places -= known.holders.keys()
        if places:
            known.holders.update(dict.fromkeys(places))
            rows = await fetch(_HOLDERS, *map(list, zip(*places, strict=True)))
            known.holders.update(((scope, key), (o, shard)) for scope, key, o, shard in rows)

    async def _write(self, plan: Plan) -> None:
        execute = self._connection.execute
        if plan.entries:
            await execute(_ADD_ENTRIES, *zip(*plan.entries, strict=True))
        if plan.events:
            await execute(_ADD_EVENTS, *zip(*plan.events, strict=True))
        if plan.effects:
            rows = [
                (e.id, e.stream, e.to, e.kind, e.body, e.due_ms, e.span, shard)
                for e, shard in plan.effects
            ]
            await execute(_ADD_EFFECTS, *zip(*rows, strict=True))
        if plan.effects_done:
            await execute(_DROP_EFFECTS, *zip(*plan.effects_done, strict=True))
        await self._overwrite(_PUT_CLAIMS, _DROP_CLAIMS, plan.owners)
        await self._overwrite(_PUT_DOCUMENTS, _DROP_DOCUMENTS, plan.documents)
        keys = {(stream,): change for stream, change in plan.keys.items()}
        await self._overwrite(_PUT_KEYS, _DROP_KEYS, keys)

    async def _overwrite(self, put: str, drop: str, changes: Mapping[Any, _Change]) -> None:
        """Put each change; None removes."""
        kept = [(*place, *change) for place, change in changes.items() if change[0] is not None]
        gone = [(*place, shard) for place, (value, shard) in changes.items() if value is None]
        if kept:
            said = await self._connection.execute(put, *zip(*kept, strict=True))
            if said != f"INSERT 0 {len(kept)}":
                raise NotOfThisShard("a document or key is another shard's")
        if gone:
            await self._connection.execute(drop, *zip(*gone, strict=True))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """Commit what the block wrote; anything raised undoes it.

        Raises:
            StoreError: nothing is applied; `_OneByOne` where one batch of many is at fault.
            StoreClosed: nobody knows.
        """
        self._forget_what_is_too_much()
        try:
            await self._connection.execute("BEGIN")
            yield
        except BaseException as error:
            self._known = Known()
            await self._roll_back(error)
            if isinstance(error, ERRORS):
                raise _before_commit(error) from error
            raise
        try:
            said = await self._connection.execute("COMMIT")
        except BaseException as error:
            self._known = Known()
            # A server that refuses in so many words, and goes on, has undone everything; it is told
            # to all the same, so that nothing rests on what it left open.
            if isinstance(error, ERRORS) and is_refusal(error) and not self._is_lost():
                await self._roll_back(error)
                raise _before_commit(error) from error
            if isinstance(error, ERRORS):
                words = in_words(error)
                raise StoreClosed(f"lost while it committed; outcome unknown: {words}") from error
            raise
        if said != "COMMIT":
            self._known = Known()
            raise StoreError(f"the database undid the transaction: {said}")

    async def _roll_back(self, error: BaseException) -> None:
        """Undo; a session that cannot is of no use any more."""
        if self._is_lost() or not isinstance(error, Exception):
            return
        try:
            await self._connection.execute("ROLLBACK")
        except ERRORS:
            self._connection.terminate()
            raise Lost(f"nothing was applied: {in_words(error)}") from error

    def _is_lost(self) -> bool:
        return bool(self._connection.is_closed())

    def _forget_what_is_too_much(self) -> None:
        known = self._known
        # Owners are asked for group by group: a bank has more claims than streams at work.
        known.holders.clear()
        if len(known.streams) > STREAMS_KEPT_MAX or len(known.frontiers) > FRONTIERS_KEPT_MAX:
            self._known = Known()


class _OneByOne(StoreError):
    """The batches cannot be written together: a row of one is refused, or their order matters."""


def _before_commit(error: BaseException) -> StoreError:
    """What an error means after which the transaction is certainly undone."""
    words = in_words(error)
    if blames_one_batch(error):
        return _OneByOne(f"the database refuses it: {words}")
    if is_refusal(error):
        return StoreError(f"the database did not take it: {words}")
    return Lost(f"the database was lost; nothing was applied: {words}")


__all__ = ["Lost", "Writer"]
