"""What a `StoreClient` asks the actor that owns the database, whichever database that is.

Writing requests go to the one connection that writes, in their order; a `Look` goes to one that
reads. One `CommitGroup` carries what many tasks commit at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from actors.store.port import (
    Batch,
    Committed,
    Due,
    Head,
    LogRow,
    PendingEffect,
    Recorded,
    StoreError,
)
from wire.message import Request

GROUP_BATCHES_MAX = 500
"""The most batches that one request carries."""

Outcome = Committed | StoreError
"""What became of one batch of a group."""

R = TypeVar("R")


class CommitGroup(Request[tuple[Outcome, ...]], frozen=True):
    """Commit these, each whole or not at all, with one wait for the disk."""

    batches: tuple[Batch, ...]


class ReadHeads(Request[list[Head]], frozen=True):
    """How far the logs have come, after every commit that was sent before this."""


class Flush(Request[None], frozen=True):
    """Answered after every commit that was sent before this."""


class Look(Request[R], Generic[R], frozen=True):
    """Something to read; each kind is one of the port's methods, its fields their arguments."""


class LookAtEvents(Look[list[Recorded]], frozen=True):
    """See `Store.read`."""

    stream: str
    after_version: int


class LookAtStreams(Look[list[str]], frozen=True):
    """See `Store.streams`."""

    prefix: str
    after: str


class LookAtEffects(Look[list[PendingEffect]], frozen=True):
    """See `Store.effects`."""

    stream: str | None
    after: str


class LookAtDue(Look[list[Due]], frozen=True):
    """See `Store.due`."""

    from_ms: int
    after: str


class LookAtDocument(Look[bytes | None], frozen=True):
    """See `Store.document`."""

    collection: str
    key: str


class LookAtDocuments(Look[list[tuple[str, bytes]]], frozen=True):
    """See `Store.documents`."""

    collection: str
    after: str


class LookAtOwner(Look[str | None], frozen=True):
    """See `Store.owner`."""

    scope: str
    key: str


class LookAtKey(Look[bytes | None], frozen=True):
    """See `Store.key`."""

    stream: str


class LookAtEntries(Look[list[LogRow]], frozen=True):
    """See `Store.entries`."""

    shard: str
    after_seq: int


def each(failure: StoreError) -> Iterator[StoreError]:
    """The same failure for everybody, each with an exception of its own to raise."""
    while True:
        yield type(failure)(*failure.args)


__all__ = [
    "GROUP_BATCHES_MAX",
    "CommitGroup",
    "Flush",
    "Look",
    "LookAtDocument",
    "LookAtDocuments",
    "LookAtDue",
    "LookAtEffects",
    "LookAtEntries",
    "LookAtEvents",
    "LookAtKey",
    "LookAtOwner",
    "LookAtStreams",
    "Outcome",
    "ReadHeads",
    "each",
]
