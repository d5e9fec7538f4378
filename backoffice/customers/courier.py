"""Carries one feed to its consumer: at least once, in order, and from a gap on again.

A process under the office's supervisor. Told that something was published, it reads the feed
behind the acknowledged entry, delivers in bounded batches, and moves the acknowledgement in the
store only after the consumer's. It looks by itself as well, seldom, so that nothing hangs on a
hint. Once a day it has the consumer count everything that was acknowledged since it counted last,
so that no entry is ever left out; where the counts differ it sends those again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
import trio

from actors import Inbox, Process
from actors.ports import WallClock
from actors.store import Batch, Document, Store, StoreClosed, StoreError
from backoffice.customers.feed import (
    ACKNOWLEDGED,
    Consumer,
    FeedEntry,
    entry_of,
    stream_of,
    totals_of,
)
from backoffice.customers.sinks import Sink, SinkUnreachable
from backoffice.management.summary import day_of
from backoffice.shards import PROVINCE
from wire.backoff import Backoff
from wire.codec import decode, encode
from wire.message import Message

BATCH_ENTRIES_MAX: Final = 100
"""The most entries of one delivery."""

LOOK_S: Final = 60.0
"""How often it looks for new entries while nobody tells it, in seconds."""

AGAIN: Final = Backoff(first_s=1.0, most_s=300.0)
"""The pauses after failed deliveries."""

COMPARED: Final = "feed-compared"
"""The collection of how far, and on which day, each consumer counted the same."""

_log = structlog.get_logger(__name__)


class EntriesAdded(Message, frozen=True, tag="EntriesAdded"):
    """There is something new in the feed; a hint, which may be missed or come for nothing."""


class Compared(msgspec.Struct, frozen=True):
    """The consumer counted the same up to this entry, on this day."""

    day: str = ""
    seq: int = 0


class Courier(Process):
    """Serves one consumer until stopped.

    Args:
        sink: where entries go.
        dice: for the jitter of its pauses.
    """

    def __init__(
        self, consumer: Consumer, store: Store, sink: Sink, wall: WallClock, dice: random.Random
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._sink = sink
        self._wall = wall
        self._dice = dice
        self._delivered = 0
        self._failures = 0
        self._hint = trio.Event()

    async def run(self, inbox: Inbox) -> None:
        """Deliver whatever there is, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry)
            async for _ in inbox:
                self._hint.set()
            nursery.cancel_scope.cancel()

    def inspect(self) -> dict[str, object]:
        """How it goes."""
        return {"delivered": self._delivered, "failures": self._failures}

    async def _carry(self) -> None:
        in_a_row = 0
        while True:
            self._hint = trio.Event()
            try:
                moved = await self.deliver_some()
                if not moved:
                    await self.compare_today()
            except StoreClosed:
                raise
            except (SinkUnreachable, StoreError) as error:
                # Of the store only a refusal: nothing is lost, and it takes things again later.
                self._failures += 1
                _log.warning("feed.unreachable", feed=self._consumer.name, error=str(error))
                in_a_row += 1
                await trio.sleep(AGAIN.wait_s(in_a_row, self._dice))
                continue
            in_a_row = 0
            if not moved:
                with trio.move_on_after(LOOK_S):
                    await self._hint.wait()

    async def deliver_some(self) -> bool:
        """One batch behind the acknowledged entry; whether there may be more.

        Raises:
            SinkUnreachable: the outcome is unknown; the same entries go out again.
        """
        acknowledged = await self.acknowledged()
        entries = (await self._entries(acknowledged))[:BATCH_ENTRIES_MAX]
        if not entries:
            return False
        last = await self._sink.deliver(entries)
        if not 0 <= last <= entries[-1].seq:
            raise SinkUnreachable(f"acknowledged {last}, which was never sent")
        if last < acknowledged:
            _log.warning("feed.gap", feed=self._consumer.name, first=last + 1)
        self._delivered += max(last - acknowledged, 0)
        await self._keep(ACKNOWLEDGED, encode(last))
        return last != acknowledged

    async def compare_today(self) -> None:
        """Once a day: have what was acknowledged since the last time counted by the consumer.

        Raises:
            SinkUnreachable: it did not say; asked again later.
        """
        today = day_of(self._wall.now_ms())
        stored = await self._store.document(COMPARED, self._consumer.name)
        before = decode(Compared, stored) if stored is not None else Compared()
        if before.day == today:
            return
        last = await self.acknowledged()
        totals = totals_of(await self._run(before.seq, last))
        if totals.count and not await self._sink.compare(totals):
            _log.warning("feed.differs", feed=self._consumer.name, first=totals.first)
            await self._keep(ACKNOWLEDGED, encode(before.seq))
            return
        await self._keep(COMPARED, encode(Compared(today, last)))

    async def acknowledged(self) -> int:
        """How far the consumer has everything."""
        known = await self._store.document(ACKNOWLEDGED, self._consumer.name)
        return decode(int, known) if known is not None else 0

    async def _run(self, after: int, last: int) -> list[FeedEntry]:
        """The entries behind one number up to another: about a day's."""
        entries: list[FeedEntry] = []
        while after < last:
            page = await self._entries(after)
            entries += page
            after = page[-1].seq
        return [entry for entry in entries if entry.seq <= last]

    async def _entries(self, after: int) -> list[FeedEntry]:
        rows = await self._store.read(stream_of(self._consumer.name), after)
        return [entry_of(self._consumer, row) for row in rows]

    async def _keep(self, collection: str, body: bytes) -> None:
        document = Document(collection, self._consumer.name, body)
        who, now_ms = f"feed/{self._consumer.name}", self._wall.now_ms()
        await self._store.commit(Batch(who, now_ms, documents=(document,), shard=PROVINCE))


Sinks = Callable[[Consumer], Sink]
"""Where the feed of a consumer goes."""


__all__ = ["Courier", "EntriesAdded", "Sinks"]
