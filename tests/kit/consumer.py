"""A consumer of a feed: keeps what it gets by number, and forgets what it is told to forget."""

from __future__ import annotations

import random
from collections.abc import Sequence

from backoffice.customers.feed import FeedEntry, Totals, totals_of
from backoffice.customers.sinks import SinkUnreachable


class Ear:
    """Keeps the promises of a consumer, if told so less well.

    Attributes:
        got: entries by number.
        deaf: so many times it takes entries without saying so.
    """

    def __init__(self) -> None:
        self.got: dict[int, FeedEntry] = {}
        self.deaf = 0

    def forget(self, dice: random.Random) -> int:
        """Lose one entry, wherever it stands; its number, or 0 when there is none."""
        seq = dice.choice(sorted(self.got) or [0])
        self.got.pop(seq, None)
        return seq

    def has(self, published: Sequence[FeedEntry]) -> bool:
        """It has exactly what was published."""
        return [self.got[seq] for seq in sorted(self.got)] == list(published)

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
        run = (entry for entry in ordered if totals.first <= entry.seq <= totals.last)
        return totals_of(run) == totals


__all__ = ["Ear"]
