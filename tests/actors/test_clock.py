"""The clock: whatever is due is woken, page by page, so many at a time, and nobody before."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from actors import NOREPLY, Actor, NoReply, Ref, ReplyTo, on, open_system
from actors.durable import Wake
from actors.durable.clock import RING_S_MIN, SWEEP_S, WAKES_MAX, Alarm, Clock
from actors.store import DUE_ROWS_MAX, Batch, Due, PendingEffect, StoreError
from actors.store.memory import Disk, MemoryStore
from tests.kit.outside import EPOCH_MS, virtual_outside
from tests.kit.running import run


class Sleepers(Actor):
    """Stands for every actor: counts who was woken, and is quiet again after so many seconds."""

    def __init__(self, toil_s: float = 0.0) -> None:
        self.toil_s = toil_s
        self.at_work = self.most = 0
        self.wakes: list[float] = []

    @on(Wake)
    def wake(self, _message: Wake) -> NoReply:
        self.wakes.append(self.context.now())
        caller = self.context.caller()
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.context.start_task("toil", lambda: self._toil(caller))
        return NOREPLY

    async def _toil(self, caller: ReplyTo) -> None:
        await trio.sleep(self.toil_s)
        self.at_work -= 1
        caller.reply(None)


class Refusing(MemoryStore):
    """Does not answer the first few looks."""

    refusals = 3

    async def due(self, from_ms: int = 0, after: str = "") -> list[Due]:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("locked")
        return await super().due(from_ms, after)


def owed(number: int, due_ms: int = 0) -> PendingEffect:
    return PendingEffect(f"case/{number:04}#1.0", f"case/{number:04}", "core", "post", b"", due_ms)


@asynccontextmanager
async def ticking(
    store: MemoryStore,
    sleepers: Sleepers,
    find: Callable[[Ref, str], Ref | None] = lambda ref, _stream: ref,
) -> AsyncIterator[tuple[Alarm, Counter[str]]]:
    """A clock at work, and how often it looked for whom."""
    alarm, opened, sought = Alarm(), trio.Event(), Counter[str]()
    opened.set()
    async with open_system("office", virtual_outside()) as system:
        ref = system.spawn("sleepers", lambda: sleepers)

        def seek(stream: str) -> Ref | None:
            sought[stream] += 1
            return find(ref, stream)

        wall = system.outside.wall
        system.spawn("clock", lambda: Clock(store, wall, alarm, seek, opened))
        yield alarm, sought


def story(tell: Callable[[Disk], Awaitable[None]]) -> None:
    run(lambda: tell(Disk()))


def test_everything_that_is_due_is_woken_in_bounds() -> None:
    """More than two pages, each once, so many at a time; what is due later sleeps on."""

    async def tell(disk: Disk) -> None:
        count = 2 * DUE_ROWS_MAX + 50
        for number in range(count):
            disk.apply(Batch("x", 1, effects=(owed(number),)))
            disk.apply(Batch("x", 1, effects=(owed(count + number, EPOCH_MS + 10**9),)))
        sleepers = Sleepers(toil_s=0.1)
        async with ticking(MemoryStore(disk), sleepers) as (_, sought):
            await trio.sleep(SWEEP_S / 2)
        assert count == len(sleepers.wakes)
        assert {f"case/{number:04}" for number in range(count)} == set(sought)
        assert WAKES_MAX == sleepers.most

    story(tell)


def test_it_rings_when_a_commit_said_so() -> None:
    """Neither early nor a minute late, however far away the time that it was waiting for."""

    async def tell(disk: Disk) -> None:
        disk.apply(Batch("x", 1, effects=(owed(1, EPOCH_MS + 50_000),)))
        sleepers = Sleepers()
        async with ticking(MemoryStore(disk), sleepers) as (alarm, sought):
            await trio.sleep(10)
            disk.apply(Batch("x", 1, effects=(owed(2, EPOCH_MS + 17_000),)))
            alarm.expect(EPOCH_MS + 17_000)
            await trio.sleep(7 - RING_S_MIN)
            assert [] == sleepers.wakes
            await trio.sleep(2 * RING_S_MIN)
            assert {"case/0002": 1} == sought
            await trio.sleep(50 - 17 - 4 * RING_S_MIN)
            assert {"case/0002": 1} == sought
            await trio.sleep(4 * RING_S_MIN)
            assert {"case/0002": 1, "case/0001": 1} == sought

    story(tell)


def test_what_stays_due_is_looked_at_every_minute() -> None:
    """Its actor crashed, or nobody here knows the stream: others do not wait for that."""

    async def tell(disk: Disk) -> None:
        disk.apply(Batch("x", 1, effects=(owed(1), owed(2))))

        def find(ref: Ref, stream: str) -> Ref | None:
            return ref if stream == "case/0002" else None

        sleepers = Sleepers()
        async with ticking(MemoryStore(disk), sleepers, find) as (_, sought):
            await trio.sleep(2.5 * SWEEP_S)
            assert {"case/0001": 3, "case/0002": 3} == sought
        assert 3 == len(sleepers.wakes)

    story(tell)


def test_a_store_that_does_not_answer_is_asked_again() -> None:
    """It goes on by itself, within seconds."""

    async def tell(disk: Disk) -> None:
        disk.apply(Batch("x", 1, effects=(owed(1),)))
        sleepers = Sleepers()
        async with ticking(Refusing(disk), sleepers):
            await trio.sleep(SWEEP_S / 10)
        assert 1 == len(sleepers.wakes)

    story(tell)


def test_one_that_takes_long_holds_up_nobody() -> None:
    """After a while the next has its turn; it is not woken twice at a time."""

    async def tell(disk: Disk) -> None:
        for number in range(WAKES_MAX + 1):
            disk.apply(Batch("x", 1, effects=(owed(number),)))
        sleepers = Sleepers(toil_s=10**6)
        async with ticking(MemoryStore(disk), sleepers):
            await trio.sleep(SWEEP_S / 2)
            assert WAKES_MAX + 1 == len(sleepers.wakes)

    story(tell)
