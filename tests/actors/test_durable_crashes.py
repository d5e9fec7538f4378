"""Every crash there can be: before and after each commit of a durable actor's life, and pairs.

Between two commits only memory changes, so these points stand for a crash at any moment. What is
promised is checked when it matters, not only at the end: an answer only about what is durable, an
effect only for what is durable.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import combinations

import msgspec
import pytest
import trio

from actors.durable import Commanded
from actors.errors import ActorError
from actors.store import Batch, Committed, StoreError
from actors.store.memory import MemoryStore
from tests.actors.books import what_is_wrong_on
from tests.actors.box_world import World, opened
from tests.actors.toy import (
    BoxEvent,
    CoinsPut,
    Nagged,
    Paid,
    Pay,
    PayOut,
    PayoutDone,
    PayoutOrdered,
    Put,
    Remind,
)
from tests.kit.disk import SimulatedDisk
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from wire.message import Message

REBOOT_S = 2.0
"""How long a node is down."""

LIFE_S_MAX = 3_600.0
"""Within this virtual time everything must be settled, whatever crashed."""

COMMANDS = (Put(1, 10), PayOut(2, 4), Put(3, 1), PayOut(4, 2), Remind(EPOCH_MS + 30_000))

PAYOUTS = {2: 4, 4: 2}


class Broken(AssertionError):
    """A promise was broken; says which."""


class Bank:
    """One node with one savings box, a teller beside it, and a customer who does not give up."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.world: World | None = None
        self.paid: dict[int, int] = {}
        self.asked: list[int] = []
        self.settled = trio.Event()

    def history(self) -> list[BoxEvent]:
        rows = self.disk.disk.journal
        return [msgspec.msgpack.decode(row.body, type=BoxEvent) for row in rows]

    async def pay(self, _key: str, message: Message) -> object | None:
        assert isinstance(message, Pay)
        if PayoutOrdered(message.number, message.coins) not in self.history():
            raise Broken("an effect ran for an order that is not durable")
        self.asked.append(message.number)
        self.paid[message.number] = message.coins
        await trio.sleep(0.2)
        return Paid(message.number)

    async def node(self) -> None:
        """Boot, live until the plug is pulled, boot again."""
        while True:
            with trio.CancelScope() as power:
                self.disk.on_crash = power.cancel
                store = self.disk.boot()
                async with opened(store, {"teller": self.pay}) as self.world:
                    await trio.sleep_forever()
            self.world = None
            await trio.sleep(REBOOT_S)

    async def customer(self) -> None:
        """Give each command until it is acknowledged, then wait until nothing is owed."""
        for command in COMMANDS:
            await self.insist(command)
        while self.disk.disk.pending:  # noqa: ASYNC110 - a look from outside, on virtual time
            await trio.sleep(1)
        self.settled.set()

    async def insist(self, command: Put | PayOut | Remind) -> None:
        while True:
            try:
                if self.world is not None:
                    await self.world.box.ask(Commanded("mei", command), within=5)
                    break
            except (ActorError, StoreError):
                pass
            await trio.sleep(1)
        if not isinstance(command, Remind):
            numbers = [e.number for e in self.history() if isinstance(e, CoinsPut | PayoutOrdered)]
            if command.number not in numbers:
                raise Broken("an acknowledged command is not durable")


def live(crash_at: Collection[int], disk: SimulatedDisk | None = None) -> int:
    """One life with crashes at these points; returns how many points it had."""
    disk = disk or SimulatedDisk(random=random.Random("delays"))
    disk.crash_at = frozenset(crash_at)
    bank = Bank(disk)

    async def story() -> None:
        bank.settled = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bank.node)
            nursery.start_soon(bank.customer)
            with trio.move_on_after(LIFE_S_MAX):
                await bank.settled.wait()
            nursery.cancel_scope.cancel()

    run(story)
    if not bank.settled.is_set():
        raise Broken("something is owed for ever")
    history = bank.history()
    numbers = [e.number for e in history if isinstance(e, CoinsPut | PayoutOrdered)]
    if sorted(numbers) != [1, 2, 3, 4]:
        raise Broken("a command was lost or counted twice")
    if bank.paid != PAYOUTS or not set(bank.asked) >= set(PAYOUTS):
        raise Broken("an effect was lost")
    if sorted(e.number for e in history if isinstance(e, PayoutDone)) != sorted(PAYOUTS):
        raise Broken("an effect's command was lost or taken twice")
    if not any(isinstance(event, Nagged) for event in history):
        raise Broken("a reminder was lost")
    assert [] == what_is_wrong_on(disk.disk)
    return disk.point


def test_no_single_crash_loses_anything() -> None:
    """The plug is pulled once, at each point there is, in turn."""
    points = live(())

    assert points >= 2 * len(COMMANDS)
    for point in range(1, points + 1):
        live({point})


def test_no_pair_of_crashes_loses_anything() -> None:
    """Twice in one life, at every pair of points."""
    points = live(())

    for pair in combinations(range(1, points + 1), 2):
        live(pair)


class Hasty(MemoryStore):
    """A planted bug: answers before it has written, as a disk that lies about its cache does."""

    async def commit(self, batch: Batch) -> Committed:
        committed = Committed(batch.shard, self._open_disk().frontier(batch.shard).size)
        trio.lowlevel.spawn_system_task(self._write_later, batch)
        await trio.lowlevel.checkpoint()
        return committed

    async def _write_later(self, batch: Batch) -> None:
        try:
            await super().commit(batch)
        except StoreError:
            return


class LyingDisk(SimulatedDisk):
    def boot(self) -> MemoryStore:
        return Hasty(self.disk, before_commit=self._pass, after_commit=self._pass)


def test_the_harness_finds_an_answer_before_its_commit() -> None:
    """With a store that lies, a promise is seen to be broken: the check is worth something."""
    for crash_at in ((), (1,), (2,), (9,)):
        with pytest.raises(BaseExceptionGroup) as failure:
            live(crash_at, LyingDisk(random=random.Random("delays")))

        assert failure.group_contains(Broken, match="acknowledged")


@pytest.mark.parametrize("point", [1, 2])
def test_a_crash_is_all_or_nothing(point: int) -> None:
    """Before the commit nothing of a batch is there, after it all of it; the handle is dead."""
    disk = SimulatedDisk(crash_at={point})

    async def story() -> None:
        store = disk.boot()
        with pytest.raises(StoreError):
            await store.commit(Batch("mei", 1, effects_done=("x",), documents=()))
        with pytest.raises(StoreError):
            await store.heads()
        older, newer = disk.boot(), disk.boot()
        with pytest.raises(StoreError):
            await older.read("s")
        assert [] == await newer.read("s")

    run(story)
