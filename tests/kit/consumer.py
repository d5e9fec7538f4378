"""A consumer of a feed: keeps what it gets by number, and forgets what it is told to forget."""

from __future__ import annotations

from collections.abc import Sequence

from backoffice.customers.feed import FeedEntry, Totals, totals_of
from backoffice.customers.sinks import SinkUnreachable


class Ear:
    """Keeps the promises of a consumer; `deaf` times it takes entries without saying so."""

    def __init__(self) -> None:
        self.got: dict[int, FeedEntry] = {}
        self.deaf = 0

    async def deliver(self, sent: Sequence[FeedEntry]) -> int:
        last = max(self.got, default=0)
        if sent[0].seq > last + 1:
            return last
        self.got |= {entry.seq: entry for entry in sent}
        if self.deaf:
            self.deaf -= 1
            raise SinkUnreachable("taken, but nobody was told")
        return max(self.got)

    async def compare(self, totals: Totals) -> bool:
        ordered = [self.got[seq] for seq in sorted(self.got)]
        return totals_of(totals.day, ordered) == totals


__all__ = ["Ear"]
