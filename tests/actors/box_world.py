"""A node with one savings box (tests.actors.toy), a teller and a clock, for durable actors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from actors.durable import DurableActor, Handler
from actors.durable.clock import Alarm, Clock
from actors.ref import Ref
from actors.runtime.cell import Cell
from actors.runtime.reactive import ReactiveCell
from actors.runtime.system import System
from actors.runtime.trio_host import open_system
from actors.store import Store
from tests.actors.toy import Box, BoxCommand, BoxEvent, BoxRules, Paid, Pay
from tests.kit.outside import virtual_outside
from wire.message import Message

SOON = 30.0
"""Virtual seconds that an asker waits."""


class RestartAlways:
    """A supervisor that restarts at once and remembers what crashed."""

    def __init__(self) -> None:
        self.crashes: list[Exception] = []

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        if error is None:
            return
        self.crashes.append(error)
        assert isinstance(cell, ReactiveCell)
        cell.restart()


@dataclass
class Teller:
    """A handler that pays each number once, however often it is asked to."""

    paid: dict[int, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    failures_left: int = 0
    answers: bool = True

    async def pay(self, key: str, message: Message) -> object | None:
        assert isinstance(message, Pay)
        assert key == "box"
        await trio.sleep(0.1)
        self.asked.append(message.number)
        if self.failures_left:
            self.failures_left -= 1
            raise ConnectionError
        self.paid[message.number] = message.coins
        return Paid(message.number) if self.answers else None


@dataclass
class World:
    """A running node.

    Attributes:
        shown: every state that the box's observer was told of.
    """

    system: System
    box: Ref
    supervisor: RestartAlways
    shown: list[Box]

    def actor(self) -> DurableActor[Box, BoxCommand, BoxEvent]:
        assert isinstance(self.box, Cell)
        actor = self.box.actor
        assert isinstance(actor, DurableActor)
        return actor


@asynccontextmanager
async def opened(store: Store, handlers: Mapping[str, Handler]) -> AsyncIterator[World]:
    supervisor, alarm, running = RestartAlways(), Alarm(), trio.Event()
    shown: list[Box] = []
    running.set()
    async with open_system("office", virtual_outside()) as system:
        wall = system.outside.wall
        box = system.spawn(
            "box",
            lambda: DurableActor(
                BoxRules(),
                stream="box/1",
                key="box",
                store=store,
                handlers=handlers,
                expect=alarm.expect,
                observe=shown.append,
            ),
            supervisor,
        )
        system.spawn("clock", lambda: Clock(store, wall, alarm, lambda _stream: box, running))
        yield World(system, box, supervisor, shown)


async def all_quiet(world: World) -> None:
    """Wait until nothing is owed any more, for a virtual hour at most."""
    with trio.fail_after(3_600):
        while world.actor().busy():  # noqa: ASYNC110 - a look from outside, on virtual time
            await trio.sleep(0.5)
