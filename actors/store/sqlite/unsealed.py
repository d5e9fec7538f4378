"""An archive as whoever has the keys reads it: the same rows with their bodies opened.

What a forgotten stream held is left out and counted: its rows are there, and nobody can read them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from actors.sealing import Sealer, StreamKey, Unsealable
from actors.store.port import Claim, Document, PendingEffect, Recorded
from actors.store.sealed import (
    SNAPSHOTS,
    Unopened,
    document_place,
    event_place,
    opened_document,
)
from actors.store.sqlite.file import Archive


class UnsealedArchive:
    """Wraps an archive of sealed bodies.

    Args:
        archive: as it lies on the disk.
        sealer: has its keys.

    Attributes:
        archive: as it lies on the disk, for what is compared byte by byte.
        forgotten: the streams that were left out.
        unopened: places whose bodies do not open.
    """

    def __init__(self, archive: Archive, sealer: Sealer) -> None:
        self.archive = archive
        self.forgotten: set[str] = set()
        self.unopened: list[str] = []
        self._sealer = sealer
        self._stream = ""
        self._key: StreamKey | None = None

    def journal(self) -> Iterator[Recorded]:
        """Every event, in the order in which they were written."""
        return self._opened(self.archive.journal())

    def events(self) -> Iterator[Recorded]:
        """Every event, by stream and version."""
        return self._opened(self.archive.events())

    def events_like(self, pattern: str) -> Iterator[Recorded]:
        """Every event of the streams whose names fit a GLOB pattern, by stream and version."""
        return self._opened(self.archive.events_like(pattern))

    def effects(self) -> Iterator[tuple[PendingEffect, str]]:
        """Every outbox entry with its shard, by id."""
        for effect, shard in self.archive.effects():
            body = self._open(effect.stream, effect.id, effect.body)
            if body is not None:
                yield msgspec.structs.replace(effect, body=body), shard

    def claims(self) -> Iterator[tuple[Claim, str]]:
        """Every claim with its shard, by scope and key."""
        return self.archive.claims()

    def documents(self) -> Iterator[tuple[Document, str]]:
        """Every document with its shard, by collection and key."""
        for document, shard in self.archive.documents():
            place = document_place(document.collection, document.key)
            if document.collection == SNAPSHOTS:
                body = self._open(document.key, place, document.body or b"")
            else:
                body = self._opened_document(document)
            if body is not None:
                yield Document(document.collection, document.key, body), shard

    def _opened(self, rows: Iterator[Recorded]) -> Iterator[Recorded]:
        for row in rows:
            place = event_place(row.stream, row.version, row.kind)
            body = self._open(row.stream, place, row.body)
            if body is not None:
                yield msgspec.structs.replace(row, body=body)

    def _open(self, stream: str, place: str, sealed: bytes) -> bytes | None:
        key = self._key_of(stream)
        if key is None:
            return None
        try:
            return self._sealer.open(key, place, sealed)
        except Unsealable:
            self.unopened.append(place)
            return None

    def _opened_document(self, document: Document) -> bytes | None:
        try:
            return opened_document(
                self._sealer, document.collection, document.key, document.body or b""
            )
        except Unopened:
            self.unopened.append(document_place(document.collection, document.key))
            return None

    def _key_of(self, stream: str) -> StreamKey | None:
        """The key of a stream; rows come stream by stream, so the last one is kept."""
        if stream == self._stream:
            return self._key
        self._stream, self._key = stream, None
        wrapped = self.archive.key(stream)
        if wrapped is None:
            self.forgotten.add(stream)
        else:
            try:
                self._key = self._sealer.unwrap(stream, wrapped)
            except Unsealable:
                self.unopened.append(f"keys/{stream}")
        return self._key


__all__ = ["UnsealedArchive"]
