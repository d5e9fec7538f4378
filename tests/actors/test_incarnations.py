"""Whatever happens to an actor, none of its incarnations is told what was meant for another.

Seeded days: it crashes, is suspended, halted, restarted; sets and cancels timers, starts work that
may not let itself be cancelled, watches somebody who crashes too, and looks away again. All it
sets carries the incarnation that set it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import pytest
import trio
import trio.testing

from actors import (
    Actor,
    Cancellable,
    Context,
    Down,
    Inbox,
    Process,
    ProcessCell,
    ReactiveCell,
    System,
    on,
    open_system,
    run_process,
)
from tests.actors.cast import Clerk, Ends, Secret, cell_of
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Message

PERIOD_S = 1.0
STEPS = 600
STEP_S_MAX = 0.6


class Tick(Message, frozen=True):
    incarnation: int


class Rung(Message, frozen=True):
    incarnation: int
    number: int


class Brought(Message, frozen=True):
    incarnation: int


class Do(Message, frozen=True):
    """A deed of the actor itself."""

    deed: str
    chance: int


@dataclass
class Diary:
    """What all incarnations of one actor heard."""

    incarnations: int = 0
    ticks: list[float] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Life:
    """One incarnation of whichever kind."""

    def __init__(self, context: Context, diary: Diary) -> None:
        diary.incarnations += 1
        self.context = context
        self.diary = diary
        self.mine = diary.incarnations
        self.timers: list[Cancellable] = []
        self.cancelled: set[int] = set()
        self.watching = 0
        context.after(PERIOD_S, Tick(self.mine))

    def hear(self, message: object) -> None:
        kind = type(message).__name__
        self.diary.heard[kind] += 1
        match message:
            case Tick(incarnation):
                self.diary.ticks.append(self.context.now())
                self.context.after(PERIOD_S, Tick(self.mine))
            case Rung(incarnation, number):
                if number in self.cancelled:
                    self.diary.wrong.append(f"timer {number} was cancelled")
            case Brought(incarnation):
                pass
            case Down():
                incarnation = self.mine
                if not self.watching:
                    self.diary.wrong.append("it watches nobody")
                self.watching = max(self.watching - 1, 0)
            case Do(deed, chance):
                incarnation = self.mine
                getattr(self, deed)(random.Random(chance))
            case _:
                raise ValueError(kind)
        if incarnation != self.mine:
            self.diary.wrong.append(f"{kind} of {incarnation} told to {self.mine}")

    def set_timer(self, dice: random.Random) -> None:
        message = Rung(self.mine, len(self.timers))
        self.timers.append(self.context.after(dice.uniform(0, 3), message))

    def cancel_timer(self, dice: random.Random) -> None:
        if self.timers:
            number = dice.randrange(len(self.timers))
            self.timers[number].cancel()
            self.cancelled.add(number)

    def work(self, dice: random.Random) -> None:
        seconds, stubborn, mine = dice.uniform(0, 3), dice.random() < 0.5, self.mine

        async def toil() -> Brought:
            with trio.CancelScope(shield=stubborn):
                await trio.sleep(seconds)
            return Brought(mine)

        self.context.start_task("toil", toil)

    def watch(self, _dice: random.Random) -> None:
        clerk = self.context.lookup("/clerk")
        assert clerk is not None
        self.context.monitor(clerk)
        self.watching += 1

    def look_away(self, _dice: random.Random) -> None:
        clerk = self.context.lookup("/clerk")
        assert clerk is not None
        self.context.demonitor(clerk)
        self.watching = 0


DEEDS = ("set_timer", "cancel_timer", "work", "watch", "look_away")


class Reactive(Actor):
    mailbox_capacity: ClassVar[int] = 8

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    def started(self) -> None:
        self.life = Life(self.context, self.diary)

    @on(object)
    def hear(self, message: object) -> None:
        self.life.hear(message)


class Bodied(Process):
    mailbox_capacity: ClassVar[int] = 8

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def run(self, inbox: Inbox) -> None:
        life = Life(self.context, self.diary)
        async for delivery in inbox:
            life.hear(delivery.message)


@dataclass
class World:
    """One actor of either kind, kept alive by its own rules, and the clerk whom it watches."""

    system: System
    cell: ReactiveCell | ProcessCell
    nursery: trio.Nursery

    def crash(self) -> None:
        self.cell.tell(Secret("1"))

    def crash_clerk(self) -> None:
        cell_of(self.system, "/clerk").tell(Secret("1"))

    def halt(self) -> None:
        self.cell.halt()

    def suspend(self) -> None:
        self.cell.suspend()

    def resume(self) -> None:
        self.cell.resume()

    async def revive(self) -> None:
        """A process is restarted by whoever sees that it is down; so is what was halted."""
        if self.cell.state == "down":
            if isinstance(self.cell, ReactiveCell):
                self.cell.start()
            else:
                await self.nursery.start(run_process, self.cell)


TROUBLES = (World.crash, World.crash_clerk, World.halt, World.suspend, World.resume, World.resume)


@pytest.mark.parametrize("kind", [Reactive, Bodied])
@pytest.mark.parametrize("seed", range(20))
def test_no_incarnation_is_told_what_another_was_to_hear(
    kind: Callable[[Diary], Reactive | Bodied], seed: int
) -> None:
    """And nothing ticks twice in a period; at the end of the day nothing is held any more."""

    async def story() -> Diary:
        dice, diary = random.Random(seed), Diary()
        async with open_system("office", virtual_outside()) as system, trio.open_nursery() as tasks:
            system.spawn("clerk", Clerk, Ends())
            ends = Ends(restart=kind is Reactive)
            world = World(system, system.cell("/actor", lambda: kind(diary), ends), tasks)
            if isinstance(world.cell, ReactiveCell):
                world.cell.start()
            else:
                await tasks.start(run_process, world.cell)
            for _ in range(STEPS):
                if dice.random() < 0.2:
                    dice.choice(TROUBLES)(world)
                else:
                    world.cell.tell(Do(dice.choice(DEEDS), dice.randrange(10**6)))
                if dice.random() < 0.7:
                    await trio.sleep(dice.uniform(0, STEP_S_MAX))
                    await trio.testing.wait_all_tasks_blocked()
                    await world.revive()
            world.cell.stop()
            await trio.sleep(10)
            for places in (world.cell.timers, world.cell.tasks, world.cell.monitors):
                assert not places
            assert not cell_of(system, "/clerk").watchers
            assert 0 == len(system.wheel)
        return diary

    diary = run(story)

    assert [] == diary.wrong, f"seed {seed}"
    assert all(later - earlier >= PERIOD_S - 1e-9 for earlier, later in pairwise(diary.ticks))
    assert diary.incarnations > 5, "a day in which nothing happens proves nothing"
    assert {"Tick", "Rung", "Brought", "Down"} <= {*diary.heard}, f"seed {seed}"
