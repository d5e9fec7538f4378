"""The disks at the end of a run, read as those read them who check an office from outside."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from actors.blobs import BlobDamaged, blob_digest
from actors.blobs.folder import Opened
from actors.blobs.memory import BlobDisk
from actors.durable.tagged import Tagged
from actors.store import Claim, Document, KeyRow, LogRow, PendingEffect, Recorded
from actors.store.memory import Disk
from actors.store.sqlite.file import Archive
from backoffice.customers.feed import Consumer, FeedEntry, entry_of, stream_of
from terminal import draft_events
from terminal.draft_rules import DraftRules
from wire.case_state import State

_DRAFTS: Final = Tagged(draft_events.DraftEvent)


def drafts_of(disk: Disk) -> dict[str, tuple[State, bool]]:
    """Where a terminal's drafts stand by its own disk, and whether the office has ever answered."""
    rules = DraftRules("")
    found: dict[str, tuple[State, bool]] = {}
    for stream, rows in disk.streams.items():
        kind, _, case_id = stream.partition("/")
        if kind == "draft":
            draft = rules.initial(case_id)
            for row in rows:
                draft = rules.evolve(draft, _DRAFTS.decode(row.kind, row.body, stream))
            found[case_id] = (draft.state, draft.view is not None)
    return found


def published(office: Disk, consumer: Consumer) -> list[FeedEntry]:
    """A consumer's feed as the office's disk has it."""
    rows = office.streams.get(stream_of(consumer.name), [])
    return [entry_of(consumer, row) for row in rows]


class DiskArchive(Archive):
    """A simulated disk as the verifier reads a database."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def shards(self) -> list[str]:
        """As `Archive.shards`."""
        return sorted(self._disk.logs)

    def log(self, shard: str) -> Iterator[LogRow]:
        """As `Archive.log`."""
        return iter(self._disk.logs.get(shard, ()))

    def entry(self, shard: str, seq: int) -> LogRow | None:
        """As `Archive.entry`."""
        return next((row for row in self._disk.logs.get(shard, ()) if row.seq == seq), None)

    def journal(self) -> Iterator[Recorded]:
        """As `Archive.journal`."""
        return iter(self._disk.journal)

    def event(self, stream: str, version: int) -> Recorded | None:
        """As `Archive.event`."""
        rows = self._disk.streams.get(stream, [])[version - 1 : version]
        return rows[0] if rows and rows[0].version == version else None

    def event_count(self) -> int:
        """As `Archive.event_count`."""
        return sum(map(len, self._disk.streams.values()))

    def events(self) -> Iterator[Recorded]:
        """As `Archive.events`."""
        return self.events_like("*")

    def events_like(self, pattern: str) -> Iterator[Recorded]:
        """As `Archive.events_like`."""
        for stream in sorted(self._disk.streams):
            if fnmatchcase(stream, pattern):
                yield from self._disk.streams[stream]

    def key(self, stream: str) -> bytes | None:
        """As `Archive.key`."""
        return self._disk.keys.get(stream)

    def keys(self) -> Iterator[tuple[KeyRow, str]]:
        """As `Archive.keys`."""
        for stream, wrapped in sorted(self._disk.keys.items()):
            yield KeyRow(stream, wrapped), self._shard("keys", stream)

    def effects(self) -> Iterator[tuple[PendingEffect, str]]:
        """As `Archive.effects`."""
        for an_id, effect in sorted(self._disk.pending.items()):
            yield effect, self._shard("effects", an_id)

    def claims(self) -> Iterator[tuple[Claim, str]]:
        """As `Archive.claims`."""
        for place, owner in sorted(self._disk.owners.items()):
            yield Claim(*place, owner), self._shard("claims", place)

    def documents(self) -> Iterator[tuple[Document, str]]:
        """As `Archive.documents`."""
        for place, body in sorted(self._disk.documents.items()):
            yield Document(*place, body), self._shard("documents", place)

    def _shard(self, table: str, place: object) -> str:
        """Nobody's, where a test wrote a row past the disk."""
        return self._disk.shards.get((table, place), "")


class DiskShelf:
    """A simulated disk's blobs as the verifier reads those of a folder."""

    def __init__(self, disk: BlobDisk) -> None:
        self._disk = disk

    def name(self, digest: bytes) -> str:
        """As `Shelf.name`."""
        return digest.hex()

    def names(self, after: str = "") -> list[str]:
        """As `Shelf.names`."""
        return sorted(digest.hex() for digest in self._disk.kept if digest.hex() > after)

    def read(self, name: str) -> Opened:
        """As `Shelf.read`."""
        digest = bytes.fromhex(name)
        if blob_digest(self._disk.kept[digest].body) != digest:
            raise BlobDamaged(name)
        return Opened(digest, self._disk.kept[digest].body)

    def is_kept(self, name: str) -> bool:
        """As `Shelf.is_kept`."""
        return not self._disk.kept[bytes.fromhex(name)].waits

    def strays(self) -> Iterator[str]:
        """Nothing else lies on it."""
        return iter(())


__all__ = ["DiskArchive", "DiskShelf", "drafts_of", "published"]
