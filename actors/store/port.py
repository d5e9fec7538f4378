"""The `Store` port: what a durable actor, a registry or an outbox may ask of storage.

Nothing above this port knows a database, or that there is one node. One `Batch` is one transaction:
the events of a case, its outbox and its claims on business uniqueness become durable together or
not at all, and `commit` returns only after they would survive a power cut.

A *shard* owns streams, and a batch belongs to one. Each shard is one append-only Merkle log
(RFC 6962): every batch is one entry of it, written by the store in the same transaction
(`actors.store.entry` says what is in it), so that whatever the office acts on can be folded again
from the log and compared, and a head of the log can be proven to be the beginning of a later one.
Keeping the log is not the caller's duty and cannot be left out.

Backends: `memory`, `sqlite` and `postgres` in this room, under one shared suite of tests.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec

BATCH_EVENTS_MAX = 500
"""The most events, effects, claims or documents in one batch."""

READ_ROWS_MAX = 1_000
"""The most rows one read returns; ask again after the last one."""

DUE_ROWS_MAX = 100
"""The most entries that one look at what is due returns."""

MAIN = "main"
"""The shard of whoever has only one."""

HINT = "~"
"""How the collection of a document begins that may be lost: it is in no log, and nothing that
anybody acts on may rest on it (when a device was last seen)."""

_BLAKE2B_256 = hashlib.blake2b(digest_size=32)
"""Nothing hashed yet; a copy costs half of a new one."""


class StoreError(Exception):
    """Any failure of storage; the batch in hand was not applied unless it says otherwise."""


class VersionConflict(StoreError):
    """Somebody else appended to the stream first."""


class ClaimConflict(StoreError):
    """A business-unique key is already owned by another owner.

    Attributes:
        scope: what kind of key, for instance `card`.
        owner: who holds it.
    """

    def __init__(self, scope: str, owner: str) -> None:
        super().__init__(f"{scope} is taken by {owner}")
        self.scope = scope
        self.owner = owner


class StoreClosed(StoreError):
    """The store is gone (closed, or its process crashed); the outcome is unknown."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One fact to append: its kind (the message's tag) and its msgpack body."""

    kind: str
    body: bytes


class Append(msgspec.Struct, frozen=True, gc=False):
    """Facts for one stream.

    Attributes:
        stream: for instance `case/530102/0192…`.
        expected_version: how many events the stream has; `VersionConflict` if it has another.
        events: in order, at least one.
    """

    stream: str
    expected_version: int
    events: tuple[Event, ...]


class PendingEffect(msgspec.Struct, frozen=True, gc=False):
    """One entry of an outbox: something to be done at least once, after its commit.

    Attributes:
        id: unique for ever, `stream#version.index`.
        stream: whose outbox it is in.
        to: which effect handler does it; `self` delivers the message back as a command.
        body: the encoded message.
        kind: the message's tag.
        due_ms: not before this Unix time in milliseconds; 0 is at once. A reminder is an effect
            to `self` with a time.
        span: the trace that led here, as `Batch.span`.
    """

    id: str
    stream: str
    to: str
    kind: str
    body: bytes
    due_ms: int = 0
    span: str = ""


class Due(msgspec.Struct, frozen=True, gc=False, order=True):
    """When whose outbox has something to do; ordered as a clock comes to it.

    Attributes:
        due_ms: as in `PendingEffect`.
        id: of the outbox entry.
        stream: whose outbox it is in.
    """

    due_ms: int
    id: str
    stream: str


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Sole ownership of a business key, for ever or until released: (`card`, `6217…`) by a case.

    Claiming what the same owner already holds succeeds again.
    """

    scope: str
    key: str
    owner: str


class Document(msgspec.Struct, frozen=True, gc=False):
    """A replaceable value: a snapshot, a projection, a setting. `body` None deletes it.

    It belongs to the shard that first put it, and no other shard may put it.
    """

    collection: str
    key: str
    body: bytes | None


class KeyRow(msgspec.Struct, frozen=True, gc=False):
    """The wrapped key that a stream's bodies are sealed with; None destroys it, for ever."""

    stream: str
    wrapped: bytes | None


class Batch(msgspec.Struct, frozen=True, gc=False):
    """One transaction, and one entry of its shard's log.

    Attributes:
        who: the person, device or actor on whose behalf.
        at_ms: Unix time in milliseconds.
        appends: facts; each stream at most once in a batch.
        effects: outbox entries to add.
        effects_done: ids of outbox entries to remove; unknown ids are ignored.
        claims: business keys to own.
        releases: business keys to give back; only the owner's own are released.
        documents: values to put or delete.
        keys: keys of streams to keep or destroy.
        shard: whose log it is entered in. What another shard's log says is out of its reach: such
            effects, claims and documents are unknown to it, and putting in their place is refused.
        span: the trace that led here (a W3C trace context's `traceparent`), or empty.
    """

    who: str
    at_ms: int
    appends: tuple[Append, ...] = ()
    effects: tuple[PendingEffect, ...] = ()
    effects_done: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    documents: tuple[Document, ...] = ()
    keys: tuple[KeyRow, ...] = ()
    shard: str = MAIN
    span: str = ""


class Committed(msgspec.Struct, frozen=True, gc=False):
    """A commit's place: how many entries its shard's log has with it."""

    shard: str
    size: int


class Head(msgspec.Struct, frozen=True, gc=False):
    """How far a shard's log has come.

    Attributes:
        size: how many entries it has.
        root: RFC 6962's Merkle tree hash over them, 32 bytes.
    """

    shard: str
    size: int
    root: bytes


class LogRow(msgspec.Struct, frozen=True, gc=False):
    """One entry as it stands in its shard's log.

    Attributes:
        seq: counts from 1 without gaps.
        entry: the bytes that are hashed, see `actors.store.entry`.
        nodes: the hashes of all complete subtrees that end here, lowest first, 32 bytes each; the
            first is the entry's own leaf hash.
    """

    shard: str
    seq: int
    entry: bytes
    nodes: bytes


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One event as it stands in its stream.

    Attributes:
        version: counts from 1.
        at_ms: of its batch.
        who: of its batch.
        shard: whose log has it.
        seq: in which entry.
    """

    stream: str
    version: int
    kind: str
    body: bytes
    at_ms: int
    who: str
    shard: str
    seq: int


def event_digest(body: bytes) -> bytes:
    """BLAKE2b-256 of an event's body."""
    digest = _BLAKE2B_256.copy()
    digest.update(body)
    return digest.digest()


class Store(Protocol):
    """Durable memory. Every method raises `StoreClosed` once the store is gone.

    Where it has its hands full, the node's own work waits for its turn; see `for_peers`.
    """

    def for_peers(self) -> Store:
        """The same store for what peers ask for: where it has its hands full, it soon refuses.

        Every method of that one raises a plain `StoreError` then, and nothing was done.
        """

    async def commit(self, batch: Batch) -> Committed:
        """Make the batch durable, whole or not at all; return after it would survive a power cut.

        Raises:
            VersionConflict: a stream has another version than expected.
            ClaimConflict: a key belongs to another owner.
            NotOfThisShard: what it would change is in another shard's log (actors.store.batch).
        """

    async def read(self, stream: str, after_version: int = 0) -> list[Recorded]:
        """Up to `READ_ROWS_MAX` events of a stream, in order."""

    async def streams(self, prefix: str, after: str = "") -> list[str]:
        """Up to `READ_ROWS_MAX` stream names with the prefix, sorted, after `after`."""

    async def effects(self, stream: str | None = None, after: str = "") -> list[PendingEffect]:
        """Up to `READ_ROWS_MAX` outbox entries (of one stream or of all), sorted by id."""

    async def due(self, from_ms: int = 0, after: str = "") -> list[Due]:
        """Up to `DUE_ROWS_MAX` outbox entries of all streams, without their bodies, by due time.

        Args:
            from_ms: leave out what is due before this Unix time in milliseconds.
            after: of those due at this very time, leave out ids up to this one.
        """

    async def document(self, collection: str, key: str) -> bytes | None:
        """One value, or None."""

    async def documents(self, collection: str, after: str = "") -> list[tuple[str, bytes]]:
        """Up to `READ_ROWS_MAX` (key, value) pairs of a collection, sorted by key."""

    async def owner(self, scope: str, key: str) -> str | None:
        """Who holds a business key, or None."""

    async def key(self, stream: str) -> bytes | None:
        """The wrapped key of a stream, or None: it never had one, or was forgotten."""

    async def entries(self, shard: str, after_seq: int = 0) -> list[LogRow]:
        """Up to `READ_ROWS_MAX` entries of a shard's log, in order."""

    async def heads(self) -> list[Head]:
        """How far every shard's log has come, behind every commit sent before; by shard."""

    async def flush(self) -> None:
        """Return behind every commit that was sent before: each is durable by then, or never."""


__all__ = [
    "BATCH_EVENTS_MAX",
    "DUE_ROWS_MAX",
    "READ_ROWS_MAX",
    "Append",
    "Batch",
    "Claim",
    "ClaimConflict",
    "Committed",
    "Document",
    "Due",
    "Event",
    "PendingEffect",
    "Recorded",
    "Store",
    "StoreClosed",
    "StoreError",
    "VersionConflict",
    "event_digest",
    "HINT",
    "MAIN",
    "KeyRow",
    "Head",
    "LogRow",
]
