"""What a disk's logs must be, entry by entry, kept where no crash of the disk reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from actors.store import HINT, Batch, Head
from actors.store.entry import digest_of, read_entry
from actors.store.merkle import Frontier, leaf_hash
from tests.kit.disk import Wrote


class LogWatch:
    """Follows the logs of one disk."""

    def __init__(self) -> None:
        self._frontiers: dict[str, Frontier] = {}

    def heads(self) -> list[Head]:
        """How far the logs had come, by shard."""
        return [Head(shard, f.size, f.root()) for shard, f in sorted(self._frontiers.items())]

    def see(self, batch: Batch, wrote: Wrote) -> Iterator[str]:
        """What is wrong with what a batch left: one entry that follows, and tells of it all."""
        told = [
            document for document in batch.documents if not document.collection.startswith(HINT)
        ]
        lasting = (batch.appends, batch.effects, batch.effects_done, batch.claims, batch.releases)
        wanted = int(any(lasting) or bool(batch.keys) or bool(told))
        if len(wrote.entries) != wanted:
            yield f"{len(wrote.entries)} entries for a batch that wants {wanted}"
        events = sum(len(append.events) for append in batch.appends)
        if len(wrote.events) != events:
            yield f"{len(wrote.events)} rows for {events} events"
        for row in wrote.entries:
            frontier = self._frontiers.get(row.shard) or Frontier.of(0, ())
            frontier, nodes = frontier.append(leaf_hash(row.entry))
            if (row.shard, row.seq, row.nodes) != (batch.shard, frontier.size, b"".join(nodes)):
                yield f"log/{row.shard}#{row.seq} does not follow"
            self._frontiers[row.shard] = frontier
            entry = read_entry(row.entry, f"log/{row.shard}#{row.seq}")
            marks = [mark for _, _, events_of in entry.appends for mark in events_of]
            if marks != [(event.kind, digest_of(event.body)) for event in wrote.events]:
                yield f"log/{row.shard}#{row.seq} tells of other events"


__all__ = ["LogWatch"]
