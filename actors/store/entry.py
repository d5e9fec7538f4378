"""What one entry of a shard's log says: everything that its batch changed, bodies by digest.

An entry is one msgpack array of arrays, strings, numbers, byte strings and nil, in the order of
`Entry`'s fields; no two different batches share an encoding. The bodies themselves lie in the
tables, sealed: the log covers what is stored, so a body can become unreadable for ever (its
stream's key destroyed) while the log stays whole.

Whoever reads the entries of a shard from the first to the last knows every row that the tables must
hold: events are only ever added; effects, claims, documents and keys are the last word on their
place. Documents whose collection begins with `HINT` are in no entry.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from actors.store.port import HINT, Batch, StoreError

FORMAT: Final = 1
"""The first item of every entry."""

DIGEST_BYTES: Final = 32

EventMark = tuple[str, bytes]
"""An event's kind, and the digest of its body."""

Appended = tuple[str, int, tuple[EventMark, ...]]
"""A stream, how many events it had before, and the events added to it."""

EffectMark = tuple[str, str, str, str, int, str, bytes]
"""An outbox entry: id, stream, recipient, kind, due time, span, and the digest of its body."""

ClaimMark = tuple[str, str, str]
"""A claim: scope, key, owner."""

DocumentMark = tuple[str, str, bytes | None]
"""A document: collection, key, and the digest of its body; nil for a deleted one."""

KeyMark = tuple[str, bytes | None]
"""A stream, and the digest of its wrapped key; nil for a destroyed one."""


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """One entry. All digests are SHA-256 of what is stored, 32 bytes.

    Attributes:
        format: `FORMAT`.
        shard: whose log it is in.
        seq: its number there, from 1.
        at_ms: Unix time in milliseconds, by the office's clock.
        who: on whose behalf.
        span: the trace that led here, or empty.
        appends: events added.
        effects: outbox entries added.
        effects_done: ids of outbox entries removed; one that was not there changes nothing.
        releases: claims given up by their owners, before `claims` are made.
        claims: claims made, or made again.
        documents: values put or deleted.
        keys: keys of streams kept or destroyed.
    """

    format: int
    shard: str
    seq: int
    at_ms: int
    who: str
    span: str
    appends: tuple[Appended, ...]
    effects: tuple[EffectMark, ...]
    effects_done: tuple[str, ...]
    releases: tuple[ClaimMark, ...]
    claims: tuple[ClaimMark, ...]
    documents: tuple[DocumentMark, ...]
    keys: tuple[KeyMark, ...]


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Entry)
_sha256 = hashlib.sha256


def digest_of(body: bytes) -> bytes:
    """SHA-256 of what is stored."""
    return _sha256(body).digest()


def leaves_a_trace(batch: Batch) -> bool:
    """Whether a batch changes anything that the log covers."""
    return bool(
        batch.appends
        or batch.effects
        or batch.effects_done
        or batch.claims
        or batch.releases
        or batch.keys
        or any(not document.collection.startswith(HINT) for document in batch.documents)
    )


def entry_of(batch: Batch, seq: int) -> bytes:
    """The entry that a batch becomes, encoded.

    Raises:
        UnicodeEncodeError: a name is no Unicode text.
    """
    return _encode(
        (
            FORMAT,
            batch.shard,
            seq,
            batch.at_ms,
            batch.who,
            batch.span,
            [
                (
                    a.stream,
                    a.expected_version,
                    [(e.kind, _sha256(e.body).digest()) for e in a.events],
                )
                for a in batch.appends
            ],
            [
                (e.id, e.stream, e.to, e.kind, e.due_ms, e.span, _sha256(e.body).digest())
                for e in batch.effects
            ],
            batch.effects_done,
            [(c.scope, c.key, c.owner) for c in batch.releases],
            [(c.scope, c.key, c.owner) for c in batch.claims],
            [
                (d.collection, d.key, None if d.body is None else _sha256(d.body).digest())
                for d in batch.documents
                if not d.collection.startswith(HINT)
            ],
            [
                (k.stream, None if k.wrapped is None else _sha256(k.wrapped).digest())
                for k in batch.keys
            ],
        )
    )


def read_entry(entry: bytes, place: str) -> Entry:
    """An entry, decoded.

    Args:
        place: where it stands, for the error.

    Raises:
        StoreError: it is none.
    """
    try:
        read = _decoder.decode(entry)
    except (ValueError, RecursionError):
        raise StoreError(f"{place}: this is no entry") from None
    if read.format != FORMAT:
        raise StoreError(f"{place}: an entry of format {read.format}")
    return read


__all__ = [
    "DIGEST_BYTES",
    "FORMAT",
    "Appended",
    "ClaimMark",
    "DocumentMark",
    "EffectMark",
    "Entry",
    "EventMark",
    "KeyMark",
    "digest_of",
    "entry_of",
    "leaves_a_trace",
    "read_entry",
]
