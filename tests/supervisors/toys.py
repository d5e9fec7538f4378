"""Small actors for stories about supervision; they write down when they start and stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from actors import Actor, Inbox, Process, System, on, open_system
from supervisors import (
    AnySpec,
    ChildSpec,
    Intensity,
    Node,
    Restart,
    State,
    Strategy,
    SupervisorFailed,
    SupervisorSpec,
    Tree,
    open_tree,
    snapshot,
)
from tests.kit.outside import virtual_outside
from wire.backoff import Backoff
from wire.message import Message, Request


class Count(Request[int], frozen=True):
    """How many messages has this incarnation handled?"""


class Boom(Message, frozen=True):
    """Crashes whoever handles it."""


class Leave(Message, frozen=True):
    """A normal end."""


class Broken(Exception):
    """What a toy raises."""


@dataclass
class Diary:
    """What happened, in order, and which toys cannot start at the moment."""

    lines: list[str] = field(default_factory=list)
    sick: set[str] = field(default_factory=set)
    alive: set[str] = field(default_factory=set)
    overlaps: list[str] = field(default_factory=list)

    def begin(self, name: str) -> None:
        """An incarnation begins; two of one name at a time are an overlap."""
        if name in self.alive:
            self.overlaps.append(name)
        if name in self.sick:
            raise Broken(name)
        self.alive.add(name)
        self.lines.append(f"+{name}")

    def end(self, name: str) -> None:
        self.alive.discard(name)
        self.lines.append(f"-{name}")

    def take(self) -> list[str]:
        """The lines since the last look."""
        lines, self.lines = self.lines, []
        return lines


class Teller(Actor):
    """A reactive toy."""

    def __init__(self, name: str, diary: Diary) -> None:
        self.name = name
        self.diary = diary
        self.count = 0

    def started(self) -> None:
        self.diary.begin(self.name)

    def stopping(self) -> None:
        self.diary.end(self.name)

    @on(Count)
    def on_count(self, _: Count) -> int:
        self.count += 1
        return self.count

    @on(Boom)
    def on_boom(self, _: Boom) -> None:
        self.diary.end(self.name)
        raise Broken(self.name)

    @on(Leave)
    def on_leave(self, _: Leave) -> None:
        self.context.stop()


class Courier(Process):
    """A process toy, which takes `closing_s` to end."""

    def __init__(self, name: str, diary: Diary, closing_s: float = 0.0) -> None:
        self.name = name
        self.diary = diary
        self.closing_s = closing_s

    async def started(self) -> None:
        self.diary.begin(self.name)

    async def run(self, inbox: Inbox) -> None:
        count = 0
        try:
            async for delivery in inbox:
                if isinstance(delivery.message, Boom):
                    raise Broken(self.name)
                if isinstance(delivery.message, Leave):
                    return
                count += 1
                delivery.reply(count)
            await trio.sleep(self.closing_s)
        finally:
            self.diary.end(self.name)


class Mule(Process):
    """A process toy that ignores every wish to end until it is let go."""

    def __init__(self, let_go: trio.Event) -> None:
        self.let_go = let_go

    async def run(self, inbox: Inbox) -> None:
        async for _ in inbox:
            pass
        with trio.CancelScope(shield=True):
            await self.let_go.wait()


def teller(
    name: str,
    diary: Diary,
    restart: Restart = Restart.PERMANENT,
    backoff: Backoff | None = None,
) -> ChildSpec:
    """A reactive child."""
    return ChildSpec(name, lambda: Teller(name, diary), restart=restart, backoff=backoff)


def courier(
    name: str,
    diary: Diary,
    restart: Restart = Restart.PERMANENT,
    backoff: Backoff | None = None,
    closing_s: float = 0.0,
    shutdown_s: float = 5.0,
) -> ChildSpec:
    """A process child."""
    return ChildSpec(
        name, lambda: Courier(name, diary, closing_s), restart, shutdown_s, backoff=backoff
    )


def group(
    name: str,
    children: Sequence[AnySpec],
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    restarts: int = 3,
    period_s: float = 60.0,
) -> SupervisorSpec:
    """A supervisor."""
    return SupervisorSpec(name, strategy, Intensity(restarts, period_s), children)


@asynccontextmanager
async def open_bank() -> AsyncIterator[System]:
    """A system on virtual time."""
    async with open_system("bank", virtual_outside()) as system:
        yield system


def see(tree: Tree, path: str) -> Node:
    """One node of a fresh snapshot."""
    node = snapshot(tree).find(path)
    assert node is not None, f"no {path}"
    return node


async def fall(
    system: System, spec: SupervisorSpec, play: Callable[[Tree], Awaitable[None]]
) -> SupervisorFailed:
    """Open a tree, play with it, and wait until its root gives up; returns what it said."""
    with pytest.raises(SupervisorFailed) as caught:
        async with open_tree(system, spec) as tree:
            await play(tree)
    return caught.value


async def settle(tree: Tree, path: str, state: State) -> None:
    """Wait, in virtual time, until a node is in a state."""
    await until(lambda: see(tree, path).state is state)


async def until(true: Callable[[], bool], within_s: float = 100.0) -> None:
    """Wait, in virtual time, until something is true."""
    with trio.fail_after(within_s):
        while not true():  # noqa: ASYNC110  virtual time: a poll costs nothing and disturbs nobody
            await trio.sleep(0.01)


class Dreamer(Process):
    """Its set-up never ends."""

    def __init__(self, diary: Diary, let_go: trio.Event | None = None) -> None:
        self.diary = diary
        self.let_go = let_go

    async def started(self) -> None:
        if self.let_go is not None:
            with trio.CancelScope(shield=True):
                await self.let_go.wait()
        await trio.sleep_forever()

    async def run(self, inbox: Inbox) -> None:
        self.diary.lines.append("ran")
