"""Watching and no longer watching: seats are bounded, and whoever goes gives theirs back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import trio
import trio.testing

from actors import (
    Actor,
    Down,
    Inbox,
    Process,
    ProcessCell,
    System,
    TooManyWatchers,
    on,
    open_asyncio_host,
    open_system,
    run_process,
)
from actors.outside import production_outside
from actors.ref import NOT_WATCHED
from actors.runtime.cell import WATCHERS_MAX
from actors.runtime.named_ref import NamedRef
from tests.actors.cast import Clerk, Ends, Note, Secret, SlowClerk, cell_of, reactive
from tests.kit.outside import virtual_outside
from tests.kit.running import run, run_real


class Witness(Actor):
    """Watches the clerk when told its name, and writes down whom it lost or could not watch."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @on(Note)
    def watch(self, message: Note) -> None:
        ref = self.context.lookup(message.text)
        assert ref is not None
        try:
            self.context.monitor(ref)
        except TooManyWatchers:
            self.seen.append("too many")

    @on(Down)
    def lose(self, message: Down) -> None:
        self.seen.append(message.path)

    @on(Secret)
    def crash(self, message: Secret) -> None:
        raise ValueError(message.pin)


def seen(system: System) -> list[str]:
    actor = reactive(system, "/witness").actor
    assert isinstance(actor, Witness)
    return actor.seen


class Seat:
    """Somebody else who watches."""

    def tell(self, _down: Down, /) -> bool:
        return True


def test_one_watcher_too_many_is_refused_to_whoever_asked() -> None:
    """It hears so in its own turn and lives on; a seat that is given back is free for it."""

    async def story() -> list[str]:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk, Ends())
            witness = system.spawn("witness", Witness)
            seats = [Seat() for _ in range(WATCHERS_MAX)]
            for seat in seats:
                clerk.watch(seat)
            clerk.watch(seats[0])
            witness.tell(Note("/clerk"))
            await trio.testing.wait_all_tasks_blocked()
            assert not cell_of(system, "/witness").monitors, "no place is held for nothing"

            clerk.unwatch(seats[0])
            clerk.unwatch(seats[0])
            witness.tell(Note("/clerk"))
            await trio.testing.wait_all_tasks_blocked()
            clerk.tell(Secret("1"))
            await trio.testing.wait_all_tasks_blocked()
            assert 0 == cell_of(system, "/witness").restarts
            return seen(system)

    assert ["too many", "/clerk"] == run(story)


def restart(system: System) -> None:
    reactive(system, "/witness").restart()


def crash(system: System) -> None:
    cell_of(system, "/witness").tell(Secret("1"))


def demonitor(system: System) -> None:
    cell_of(system, "/witness").context.demonitor(cell_of(system, "/clerk"))


@pytest.mark.parametrize("go", [restart, crash, demonitor])
def test_a_watcher_that_goes_leaves_no_seat(go: Callable[[System], None]) -> None:
    """However often: the bound is on those who watch now."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("clerk", Clerk)
            witness = system.spawn("witness", Witness, Ends())
            for _ in range(WATCHERS_MAX + 1):
                witness.tell(Note("/clerk"))
                await trio.testing.wait_all_tasks_blocked()
                go(system)
            await trio.testing.wait_all_tasks_blocked()
            assert not cell_of(system, "/clerk").watchers
            assert [] == seen(system)

    run(story)


def test_a_demonitored_end_is_not_told() -> None:
    """Neither one that lies in the mailbox, nor one by another name; others are."""

    async def story() -> list[str]:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("witness", Witness)
            cell = reactive(system, "/witness")
            for name in ("one", "two", "three"):
                system.register(name, system.spawn(f"clerk-{name}", Clerk))
                cell.context.monitor(NamedRef(system, name))
            cell.suspend()
            for name in ("one", "three"):
                cell_of(system, f"/clerk-{name}").stop()
            cell.context.demonitor(NamedRef(system, "one"))
            cell.context.demonitor(NamedRef(system, "two"))
            cell.context.demonitor(NamedRef(system, "nobody"))
            cell_of(system, "/clerk-two").stop()
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            assert not cell.monitors
            return seen(system)

    assert ["/clerk-three"] == run(story)


@pytest.mark.parametrize("kind", [Clerk, SlowClerk])
def test_a_cancelled_wait_for_an_end_gives_its_seat_back(kind: type[Clerk | SlowClerk]) -> None:
    """Waits are bounded too, and refused to whoever is too many."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("clerk", kind)
            await trio.testing.wait_all_tasks_blocked()
            cell = cell_of(system, "/clerk")
            for _ in range(3):
                with trio.move_on_after(1):
                    await cell.wait_down()
                assert not cell.waiting_for_down
            async with trio.open_nursery() as nursery:
                for _ in range(WATCHERS_MAX):
                    nursery.start_soon(cell.wait_down)
                await trio.testing.wait_all_tasks_blocked()
                with pytest.raises(TooManyWatchers):
                    await cell.wait_down()
                cell.stop()

    run(story)


class Islander(Process):
    """Watches from the asyncio loop whom it is told to; `pin` says to look away again, or crash."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    async def run(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            match delivery.message:
                case Note(text):
                    ref = self.context.lookup(text)
                    assert ref is not None
                    self.context.monitor(ref)
                case Secret("look away"):
                    ref = self.context.lookup("/clerk")
                    assert ref is not None
                    self.context.demonitor(ref)
                case Secret(pin):
                    raise ValueError(pin)
                case Down(path, reason):
                    self.heard.append(f"{path} {reason}")
            await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Return once it is so, on the other thread's time."""
    with trio.fail_after(5):
        while not condition():
            await trio.testing.wait_all_tasks_blocked(0.001)


def test_watching_from_the_other_loop_is_bounded_as_well() -> None:
    """It is told what cannot be raised there; its seat is free when it looks away, or is gone."""

    async def story() -> list[str]:
        heard: list[str] = []
        async with (
            open_system("test", production_outside()) as system,
            open_asyncio_host(system) as host,
            trio.open_nursery() as nursery,
        ):
            clerk = system.spawn("clerk", Clerk, Ends())
            watched = cell_of(system, "/clerk")
            make = host.child(lambda: Islander(heard))
            island = system.cell("/island", make, Ends(restart=False))
            assert isinstance(island, ProcessCell)
            await nursery.start(run_process, island)
            for end in ("look away", "crash"):
                island.tell(Note("/clerk"))
                await until(lambda: bool(watched.watchers))
                island.tell(Secret(end))
                await until(lambda: not watched.watchers)
            await island.wait_down()
            await nursery.start(run_process, island)

            seats = [Seat() for _ in range(WATCHERS_MAX)]
            for seat in seats:
                clerk.watch(seat)
            island.tell(Note("/clerk"))
            await until(lambda: 1 == len(heard))
            clerk.unwatch(seats[0])
            island.tell(Note("/clerk"))
            await until(lambda: WATCHERS_MAX == len(watched.watchers or ()))
            clerk.tell(Secret("1"))
            await until(lambda: 2 == len(heard))
            island.stop()
        return [text.partition(" in ")[0] for text in heard]

    assert [f"/clerk {NOT_WATCHED}", "/clerk ValueError"] == run_real(story)
