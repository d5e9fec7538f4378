"""The disks at the end of a run, read as those read them who check an office from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actors.durable.tagged import Tagged
from actors.store import Claim, Recorded
from actors.store.batch import JournalRow
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

    def journal(self) -> Iterator[JournalRow]:
        """As `Archive.journal`."""
        return iter(self._disk.journal)

    def events(self) -> Iterator[Recorded]:
        """As `Archive.events`."""
        for stream in sorted(self._disk.streams):
            yield from self._disk.streams[stream]

    def claims(self) -> Iterator[Claim]:
        """As `Archive.claims`."""
        for (scope, key), owner in sorted(self._disk.owners.items()):
            yield Claim(scope, key, owner)

    def blob_digests(self) -> Iterator[bytes]:
        """As `Archive.blob_digests`."""
        return iter(sorted(self._disk.blobs))

    def blob(self, digest: bytes) -> bytes | None:
        """As `Archive.blob`."""
        return self._disk.blobs.get(digest)


__all__ = ["DiskArchive", "drafts_of", "published"]
