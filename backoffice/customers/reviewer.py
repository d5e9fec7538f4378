"""Has every customer's record reviewed once a day, whatever becomes of one of them.

A record that cannot be reviewed (its stream is damaged, its rules crash, it does not answer) is
noted and passed over, so that everybody behind it is reviewed all the same; after the last one
those are tried again. Who is left over is said aloud, shown to operators, and comes up again with
everybody else the next night. A store that does not answer is asked again in the same way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
import trio

from actors import ActorError, BackgroundProcess
from actors.ports import WallClock
from actors.store import READ_ROWS_MAX, Store, StoreError
from backoffice.customers.rules import DAY_MS

REVIEW_HOUR: Final = 1
"""At which hour of China's day records are reviewed: long after the last case, before the first."""

AGAIN_S: Final = (60.0, 600.0, 3600.0)
"""How long after a failure the same is tried again, one pause for each further try, in seconds."""

SHOWN_MAX: Final = 20
"""How many of those who are left over are shown by name."""

_CHINA_MS: Final = 8 * 60 * 60 * 1000

_log = structlog.get_logger("customers")


class Reviewer(BackgroundProcess):
    """Reviews every night until stopped.

    Args:
        store: has the streams of all records.
        review: has the record of one stream reviewed; raises `ActorError` where it is not.
    """

    def __init__(
        self, wall: WallClock, store: Store, review: Callable[[str], Awaitable[None]]
    ) -> None:
        self._wall = wall
        self._store = store
        self._review = review
        self._failing: list[str] = []
        self._reviewed = 0

    async def work(self) -> None:
        """Every night."""
        while True:
            await trio.sleep(until_review_ms(self._wall.now_ms()) / 1000)
            await self._review_all()

    def inspect(self) -> dict[str, object]:
        """How many were reviewed in the latest night, and who was not."""
        return {
            "reviewed": self._reviewed,
            "failing": len(self._failing),
            "first_failing": self._failing[:SHOWN_MAX],
        }

    async def _review_all(self) -> None:
        """Every record there is, one after the other; then again those that could not be."""
        self._reviewed, self._failing, after = 0, [], ""
        while streams := await self._page(after):
            self._failing += await self._failing_of(streams)
            after = streams[-1]
            if len(streams) < READ_ROWS_MAX:
                break
        for pause_s in AGAIN_S:
            if not self._failing:
                return
            await trio.sleep(pause_s)
            self._failing = await self._failing_of(self._failing)
        if self._failing:
            _log.error("customers.unreviewed", count=len(self._failing))

    async def _failing_of(self, streams: list[str]) -> list[str]:
        """Review these; those that could not be."""
        failing = []
        for stream in streams:
            try:
                await self._review(stream)
            except ActorError as error:
                _log.warning("customers.review_failed", stream=stream, error=type(error).__name__)
                failing.append(stream)
            else:
                self._reviewed += 1
        return failing

    async def _page(self, after: str) -> list[str]:
        """The next streams of records.

        Raises:
            StoreError: it failed as often as `AGAIN_S` allows.
        """
        for pause_s in AGAIN_S:
            try:
                return await self._store.streams("customer/", after)
            except StoreError as error:
                _log.warning("customers.review_waits", error=type(error).__name__)
            await trio.sleep(pause_s)
        return await self._store.streams("customer/", after)


def until_review_ms(now_ms: int) -> int:
    """How long until the next review, milliseconds; more than nothing."""
    into_day = (now_ms + _CHINA_MS - REVIEW_HOUR * 60 * 60 * 1000) % DAY_MS
    return DAY_MS - into_day


__all__ = ["AGAIN_S", "REVIEW_HOUR", "Reviewer", "until_review_ms"]
