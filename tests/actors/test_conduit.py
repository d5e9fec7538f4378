"""A body on the asyncio loop whose messages go past that loop to threads of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import trio

from actors import (
    ActorStopped,
    Inbox,
    ProcessCell,
    Ref,
    open_asyncio_host,
    open_system,
    run_process,
)
from actors.ask import Delivery
from actors.asyncio_side.hosted import Conduit
from actors.outside import production_outside
from actors.runtime.cell import Cell
from tests.actors.cast import Count, Double
from tests.kit.running import run_real


class Works:
    """What outlives the incarnations: a thread that doubles, and who was seen where."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool
        self.incarnations = 0
        self.took_on: set[str] = set()

    def double(self, delivery: Delivery) -> None:
        delivery.reply(2 * delivery.message.number)


class Doubler(Conduit):
    """Doubles on a thread of its own, and takes no more once it was asked for a count."""

    def __init__(self, works: Works) -> None:
        self.works = works
        self.works.incarnations += 1
        self.life = works.incarnations

    def take(self, delivery: Delivery) -> bool:
        self.works.took_on.add(threading.current_thread().name)
        if isinstance(delivery.message, Count):
            if self.life == 1:
                return False
            delivery.reply(self.life)
        else:
            self.works.pool.submit(self.works.double, delivery)
        return True

    async def run(self, inbox: Inbox) -> None:
        async for _ in inbox:
            pytest.fail("a message came over the asyncio loop")


class StartsAgain:
    """A supervisor that starts one process once more when it has ended."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.ends = 0

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        assert error is None
        assert isinstance(cell, ProcessCell)
        self.ends += 1
        if self.ends == 1:
            self.nursery.start_soon(run_process, cell)


def test_a_conduit_is_asked_on_trio_and_answers_from_its_thread() -> None:
    """Its own loop sees no message, and what it does not take waits for the next incarnation."""

    async def story() -> None:
        with trio.fail_after(20), ThreadPoolExecutor(1) as pool:
            works = Works(pool)
            async with (
                trio.open_nursery() as nursery,
                open_system("office", production_outside()) as system,
                open_asyncio_host(system) as host,
            ):
                supervisor = StartsAgain(nursery)
                ref: Ref = await host.start("doubler", partial(Doubler, works), supervisor)
                assert 42 == await ref.ask(Double(21), within=5)
                assert 2 == await ref.ask(Count(), within=5)
                assert 6 == await ref.ask(Double(3), within=5)
            assert {threading.main_thread().name} == works.took_on
            with pytest.raises(ActorStopped):
                await ref.ask(Double(1), within=5)

    run_real(story)
