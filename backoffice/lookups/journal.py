"""The records that a look-up desk keeps: one stream per case, `<kind>/<union>/<case_id>`.

A desk reads what stands there, decides, and adds to it under the version that it read, so that two
answers at the same moment cannot both be the first. It has no actor and no memory of its own: after
a crash the stream says everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from actors.durable.tagged import Tagged
from actors.ports import WallClock
from actors.store import READ_ROWS_MAX, Append, Batch, Event, Store, VersionConflict
from backoffice.shards import shard_of
from wire.message import Code, Refusal

E = TypeVar("E")
T = TypeVar("T")

CONFLICT_TRIES_MAX: Final = 5
"""How often an answer is decided anew because another one was recorded first."""

BUSY: Final = Refusal(Code.BUSY, "系统繁忙，请稍后重试。", retryable=True)


class Journal(Generic[E]):
    """The streams of one desk.

    Args:
        kind: how the streams begin, for instance `phone`.
        events: the union of what can stand in them.
    """

    def __init__(self, kind: str, events: object, store: Store, wall: WallClock) -> None:
        self._kind = kind
        self._events = Tagged(events)
        self._store = store
        self._wall = wall

    async def read(self, *key: str) -> list[E]:
        """Everything that was recorded under a key, in order.

        Raises:
            StoreError: the store is gone, or what stands there is no event of ours.
        """
        stream, found = self._stream(key), list[E]()
        while True:
            rows = await self._store.read(stream, len(found))
            found += [self._events.decode(row.kind, row.body, stream) for row in rows]
            if len(rows) < READ_ROWS_MAX:
                return found

    def addition(self, key: tuple[str, ...], known: int, *events: E) -> Append:
        """What a commit adds under a key that had `known` events when it was read."""
        encoded = tuple(Event(*self._events.encode(event)) for event in events)
        return Append(self._stream(key), known, encoded)

    async def add(self, key: tuple[str, ...], known: int, *events: E, who: str) -> None:
        """Make events durable.

        Raises:
            VersionConflict: something was recorded since it was read.
        """
        await self.commit(self.addition(key, known, *events), who=who)

    async def commit(self, *appends: Append, who: str) -> None:
        """Make several additions durable, together or not at all."""
        shard = shard_of(appends[0].stream)
        await self._store.commit(Batch(who, self._wall.now_ms(), appends, shard=shard))

    def _stream(self, key: tuple[str, ...]) -> str:
        return "/".join((self._kind, *key))


async def retried(attempt: Callable[[], Awaitable[T | Refusal]]) -> T | Refusal:
    """Read, decide and record, again while others were faster; `BUSY` in the end."""
    for _ in range(CONFLICT_TRIES_MAX):
        try:
            return await attempt()
        except VersionConflict:
            continue
    return BUSY


__all__ = ["BUSY", "CONFLICT_TRIES_MAX", "Journal", "retried"]
