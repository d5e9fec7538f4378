"""The crossing between the trio loop and one asyncio loop in another thread.

Work crosses as calls: towards trio through a bounded lane emptied by `TrioToken.run_sync_soon`,
towards asyncio by `call_soon_threadsafe`. Each lane is first in, first out. What is told from the
asyncio side is refused when `TOLD_MAX` wait already; answers and ends are never refused, they are
as many as what was taken before.

A `Ref` made for the trio loop must not be touched from the other thread; `OutwardRef` is the one
that may, and it works on both sides.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import trio

from actors.dead_letters import Reason
from actors.errors import ActorError
from actors.ref import NOT_WATCHED, Down, Ref, Watcher

if TYPE_CHECKING:
    from actors.runtime.system import System
    from wire.message import ReplyT, Request

ResultT = TypeVar("ResultT")

TOLD_MAX = 1_024
"""The most messages told from the asyncio side that have not arrived on the trio side."""


class Crossing:
    """Two lanes between two loops.

    Attributes:
        system: the trio side.
        loop: the asyncio side.
    """

    def __init__(self, system: System, loop: asyncio.AbstractEventLoop) -> None:
        self.system = system
        self.loop = loop
        self._token = trio.lowlevel.current_trio_token()
        self._lane: deque[Callable[[], object]] = deque()

    def to_trio(self, call: Callable[[], object]) -> None:
        """Make a call on the trio side, soon; nothing when trio's run is over."""
        self._lane.append(call)
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._empty_lane, idempotent=True)

    def to_asyncio(self, call: Callable[[], object]) -> None:
        """Make a call on the asyncio side, soon; nothing when that loop is closed."""
        # A closed loop says so with a plain RuntimeError.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(call)

    def has_room(self) -> bool:
        """Whether the lane towards trio takes one more message."""
        return len(self._lane) < TOLD_MAX

    def outward(self, ref: Ref) -> Ref:
        """A Ref to the same actor that also works on the asyncio side."""
        return ref if isinstance(ref, OutwardRef) else OutwardRef(ref, self)

    def _empty_lane(self) -> None:
        for _ in range(len(self._lane)):
            call = self._lane.popleft()
            try:
                call()
            except Exception as error:  # from here it would end in trio's internals: panic tells it
                self.system.panic(error)


class OutwardRef(Ref):
    """A Ref to an actor on the trio loop, usable on the asyncio loop beside it, and on trio."""

    __slots__ = ("_crossing", "_inner", "path")

    def __init__(self, inner: Ref, crossing: Crossing) -> None:
        self._inner = inner
        self._crossing = crossing
        self.path = inner.path

    def tell(self, message: object) -> bool:
        """See `Ref.tell`; from the asyncio side True says that it is on its way."""
        if trio.lowlevel.in_trio_run():
            return self._inner.tell(message)
        if self._crossing.has_room():
            self._crossing.to_trio(partial(self._inner.tell, message))
            return True
        letters = self._crossing.system.dead_letters
        bury = partial(letters.add, Reason.OVERFLOW, self.path, type(message).__name__)
        self._crossing.to_trio(bury)
        return False

    async def send(self, message: object) -> None:
        """See `Ref.send`."""
        if trio.lowlevel.in_trio_run():
            await self._inner.send(message)
        else:
            await self._on_trio(partial(self._inner.send, message))

    async def ask(self, request: Request[ReplyT], *, within: float) -> ReplyT:
        """See `Ref.ask`; the deadline is kept on the trio side."""
        if trio.lowlevel.in_trio_run():
            return await self._inner.ask(request, within=within)
        work = partial(self._inner.ask, request, within=within)
        return await self._on_trio(work)

    def watch(self, watcher: Watcher) -> None:
        """See `Ref.watch`."""
        if trio.lowlevel.in_trio_run():
            self._inner.watch(watcher)
        else:
            self._crossing.to_trio(partial(_watch, self._inner, watcher))

    def unwatch(self, watcher: Watcher) -> None:
        """See `Ref.unwatch`."""
        if trio.lowlevel.in_trio_run():
            self._inner.unwatch(watcher)
        else:
            self._crossing.to_trio(partial(self._inner.unwatch, watcher))

    async def _on_trio(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Run `work` as a task on the trio side and bring its outcome back; from asyncio."""
        future: asyncio.Future[ResultT] = self._crossing.loop.create_future()
        cancel: list[Callable[[], object]] = []

        async def perform() -> None:
            outcome: partial[None]
            try:
                outcome = partial(_succeed, future, await work())
            except Exception as error:  # whatever it is, the asker on the other loop must get it
                outcome = partial(_fail, future, error)
            except BaseException:
                gone = ActorError(f"the loop of {self.path} ended; the outcome is unknown")
                self._crossing.to_asyncio(partial(_fail, future, gone))
                raise
            self._crossing.to_asyncio(outcome)

        def begin() -> None:
            task = self._crossing.system.host.start_task(perform, self.path)
            cancel.append(task.cancel)

        self._crossing.to_trio(begin)
        try:
            return await future
        except asyncio.CancelledError:
            self._crossing.to_trio(lambda: [stop() for stop in cancel])
            raise


def _watch(ref: Ref, watcher: Watcher) -> None:
    """Watch on the trio side, for somebody on the other, who is told what cannot be raised."""
    try:
        ref.watch(watcher)
    except ActorError:
        watcher.tell(Down(ref.path, NOT_WATCHED))


def _succeed(future: asyncio.Future[ResultT], value: ResultT) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[ResultT], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


__all__ = ["TOLD_MAX", "Crossing", "OutwardRef"]
