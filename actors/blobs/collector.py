"""Collects the blobs that nobody needs: a process of whoever has them.

Now and then it goes through those that wait since long ago, a page at a time, and asks about each:
one that is needed is kept and never looked at again, one that is not is discarded. So it only ever
looks at what came since, however much there is.

Whoever says `DROP` must have let go of a blob before: whatever would let somebody use it without
putting it anew counts as gone from the moment on at which the blob could be asked about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

import structlog
import trio

from actors.blobs.port import BlobError, Blobs, BlobsBusy, BlobsClosed
from actors.ports import WallClock
from actors.process import BackgroundProcess

LOOK_S: Final = 600.0
"""How long it rests after it has gone through all, in seconds."""

PAGE_S: Final = 1.0
"""How long it rests between two pages, in seconds; others use the disk, too."""

COUNT_EVERY_MS: Final = 24 * 3_600_000
"""How often what is used is counted anew, in milliseconds."""

_log = structlog.get_logger("blobs")


class Fate(Enum):
    """What becomes of a blob that waits."""

    KEEP = "keep"
    WAIT = "wait"
    DROP = "drop"


Judge = Callable[[bytes], Awaitable[Fate]]
"""Says, by its digest, whether a blob is needed; may raise one of `not_now`."""


class Collector(BackgroundProcess):
    """Serves until stopped.

    Args:
        blobs: goes through these.
        judge: asked about each that waits for longer than `after_ms`.
        after_ms: so long a blob is left alone.
        not_now: what the judge raises when it cannot say; the blob is asked about again.
    """

    def __init__(
        self,
        blobs: Blobs,
        wall: WallClock,
        judge: Judge,
        after_ms: int,
        not_now: tuple[type[Exception], ...] = (),
    ) -> None:
        self._blobs = blobs
        self._wall = wall
        self._judge = judge
        self._after_ms = after_ms
        self._not_now: tuple[type[Exception], ...] = (*not_now, BlobError)
        self._counted_ms: int | None = None
        self._seen = dict.fromkeys(Fate, 0)
        self._failures = 0

    async def work(self) -> None:
        """Go through them, for ever."""
        after = ""
        while True:
            try:
                await self._count()
                after = await self.collect_some(after)
            except BlobsClosed:
                raise
            except self._not_now as error:
                self._failures += 1
                if not isinstance(error, BlobsBusy):
                    _log.warning("blobs.not_collected", error=str(error))
                after = ""
            await trio.sleep(PAGE_S if after else LOOK_S)

    def inspect(self) -> dict[str, object]:
        """What became of those that were looked at since the start."""
        seen: dict[str, object] = {fate.value: count for fate, count in self._seen.items()}
        return seen | {"failures": self._failures}

    async def collect_some(self, after: str = "") -> str:
        """One page behind a name; the name to go on after, empty at the end.

        Raises:
            BlobError: the blobs are not to be had; what was done is done.
        """
        before_ms = self._wall.now_ms() - self._after_ms
        page = await self._blobs.waiting(before_ms, after)
        for one in page.found:
            fate = await self._judge(one.digest)
            if fate is Fate.KEEP:
                await self._blobs.keep(one.digest)
            elif fate is Fate.DROP:
                await self._blobs.discard(one.digest, before_ms)
            self._seen[fate] += 1
        return page.last

    async def _count(self) -> None:
        now_ms = self._wall.now_ms()
        if self._counted_ms is None or now_ms - self._counted_ms >= COUNT_EVERY_MS:
            usage = await self._blobs.usage()
            self._counted_ms = now_ms
            _log.info("blobs.used", used=usage.used_bytes, quota=usage.quota_bytes)


__all__ = ["LOOK_S", "PAGE_S", "Collector", "Fate", "Judge"]
