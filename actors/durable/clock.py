"""The clock of a node: wakes every durable actor whose outbox has something to do.

Durable actors live only while something is under way. What one owes later (a reminder, a question
to be asked again) is a row of the store's outbox and costs no memory; what one owed when it was
lost is a row as well. So one process looks at the rows in the order of their due times and wakes
whoever they belong to: page by page, so many at a time, each until what it has to do is done.

It sleeps until the next due time that the store, or a commit (`Alarm`), tells it, and looks at all
that is due every `SWEEP_S` seconds: then whoever crashed, was turned away, or gave up for a while
comes back. Waking one that lives already changes nothing.

Invariant: what is due is under way within `RING_S_MIN` of its time, and within `SWEEP_S` if its
actor was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
import trio

from actors.durable.durable_actor import Wake
from actors.errors import ActorError, MailboxFull
from actors.ports import WallClock
from actors.process import BackgroundProcess
from actors.ref import Ref
from actors.store import DUE_ROWS_MAX, Due, Store, StoreError

SWEEP_S: Final = 60.0
"""How often everything that is due is looked at, in seconds."""

RING_S_MIN: Final = 0.05
"""The shortest pause between two looks, in seconds: what is due meanwhile is seen together."""

AGAIN_S: Final = 1.0
"""The pause after the store did not answer, or a pool had no room for somebody, in seconds."""

WAKES_MAX: Final = 32
"""The most actors that are being woken at a time."""

WAKE_S_MAX: Final = 10.0
"""How long one may take before the next has its turn, in seconds; it goes on meanwhile."""

NEVER: Final = 2**63 - 1
"""Later than every due time."""

_log = structlog.get_logger(__name__)


class Alarm:
    """The next due time, as far as anybody has said.

    Attributes:
        next_ms: Unix time in milliseconds; `NEVER` if nobody has.
    """

    def __init__(self) -> None:
        self.next_ms = NEVER
        self._earlier = trio.Event()

    def expect(self, due_ms: int) -> None:
        """Something will be due then; to expect it in vain does no harm."""
        if due_ms < self.next_ms:
            self.next_ms = due_ms
            self._earlier.set()

    async def sleep(self, wall: WallClock, most_s: float) -> None:
        """Until the next due time, however often that changes, or for so many seconds."""
        with trio.move_on_after(max(most_s, 0.0)):
            while (left_ms := self.next_ms - wall.now_ms()) > 0:
                self._earlier = trio.Event()
                with trio.move_on_after(min(left_ms / 1_000, SWEEP_S)):
                    await self._earlier.wait()


class Clock(BackgroundProcess):
    """Wakes until stopped.

    Args:
        store: whose outbox it is.
        wall: civil time, by which things are due.
        alarm: told by commits what will be due.
        find: the actor of a stream; None if this node has none of that kind.
        opened: set when the tree stands and can be asked for refs.
    """

    def __init__(
        self,
        store: Store,
        wall: WallClock,
        alarm: Alarm,
        find: Callable[[str], Ref | None],
        opened: trio.Event,
    ) -> None:
        self._store = store
        self._wall = wall
        self._alarm = alarm
        self._find = find
        self._opened = opened
        self._room = trio.Semaphore(WAKES_MAX)
        self._waking: set[str] = set()
        self._sweep_at = 0.0
        self._woken = 0
        self._turned_away = 0
        self._unknown = 0

    async def work(self) -> None:
        """Look, wake, sleep."""
        async with trio.open_nursery() as nursery:
            await self._go(nursery)

    def inspect(self) -> dict[str, object]:
        """What it does and has done, and when it looks again at the latest."""
        return {
            "waking": len(self._waking),
            "woken": self._woken,
            "turned_away": self._turned_away,
            "unknown": self._unknown,
            "next_ms": self._alarm.next_ms,
        }

    async def _go(self, nursery: trio.Nursery) -> None:
        await self._opened.wait()
        seen_ms = 0
        while True:
            now_s, now_ms = trio.current_time(), self._wall.now_ms()
            is_sweep = now_s >= self._sweep_at
            if is_sweep:
                self._sweep_at = now_s + SWEEP_S
            try:
                await self._look(0 if is_sweep else seen_ms, now_ms, nursery)
                seen_ms = now_ms + 1
            except StoreError as error:
                _log.warning("clock.store_is_away", error=str(error))
                self._sweep_at = now_s + AGAIN_S
            await trio.sleep(RING_S_MIN)
            await self._alarm.sleep(self._wall, self._sweep_at - trio.current_time())

    async def _look(self, from_ms: int, now_ms: int, nursery: trio.Nursery) -> None:
        """Wake whoever has something to do that was due from one time up to now."""
        self._alarm.next_ms = NEVER
        after = ""
        while page := await self._store.due(from_ms, after):
            for due in page:
                if due.due_ms > now_ms:
                    self._alarm.expect(due.due_ms)
                    return
                await self._begin_to_wake(due, nursery)
            if len(page) < DUE_ROWS_MAX:
                return
            from_ms, after = page[-1].due_ms, page[-1].id

    async def _begin_to_wake(self, due: Due, nursery: trio.Nursery) -> None:
        if due.stream in self._waking:
            return
        ref = self._find(due.stream)
        if ref is None:
            self._unknown += 1
            return
        await self._room.acquire()
        self._waking.add(due.stream)
        nursery.start_soon(self._wake, due.stream, ref)

    async def _wake(self, stream: str, ref: Ref) -> None:
        try:
            await ref.ask(Wake(), within=WAKE_S_MAX)
            self._woken += 1
        except MailboxFull:
            # Its pool is full of others at work: they go first, and it keeps its place here.
            self._turned_away += 1
            await trio.sleep(AGAIN_S)
            self._sweep_at = trio.current_time()
            self._alarm.expect(self._wall.now_ms())
        except ActorError as error:
            # It takes longer, or cannot be loaded: the sweep comes back.
            _log.info("clock.not_quiet", stream=stream, error=type(error).__name__)
        finally:
            self._waking.discard(stream)
            self._room.release()


__all__ = ["NEVER", "RING_S_MIN", "SWEEP_S", "WAKES_MAX", "Alarm", "Clock"]
