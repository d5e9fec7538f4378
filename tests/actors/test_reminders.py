"""Reminders: what an actor wants to be told later, kept without it and withdrawn in time."""

from __future__ import annotations

import pytest
import trio

from actors.durable import DurableActor
from actors.errors import HandlerCrashed
from actors.runtime.cell import CellState
from actors.runtime.reactive import ReactiveCell
from actors.runtime.trio_host import open_system
from actors.store.memory import Disk, MemoryStore
from tests.actors.box_world import SOON, RestartAlways, Teller, opened
from tests.actors.toy import BoxRules, Put, Remind
from tests.kit.outside import EPOCH_MS, virtual_outside
from tests.kit.running import run


def test_a_reminder_comes_when_it_is_due_and_survives_a_restart() -> None:
    """A command to itself then, also for the next incarnation; until then nothing is under way."""

    async def story() -> None:
        disk = Disk()
        day_s = 86_400
        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            await world.box.ask(Remind(EPOCH_MS + day_s * 1_000), within=SOON)
            await trio.sleep(day_s / 2)
            assert not world.actor().busy()

        async with opened(MemoryStore(disk), {"teller": Teller().pay}):
            await trio.sleep(day_s / 2 - 1)
            assert ["reminder"] == [row.kind for row in disk.journal]
            await trio.sleep(1.5)
            assert ["reminder", "nagged"] == [row.kind for row in disk.journal]
            assert {} == disk.pending

    run(story)


def test_a_reminder_wakes_an_actor_that_has_left_memory() -> None:
    """Nobody holds it, and it is there when its time comes."""

    async def story() -> None:
        disk = Disk()
        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            await world.box.ask(Remind(EPOCH_MS + 7_000), within=SOON)
            assert isinstance(world.box, ReactiveCell)
            world.box.halt()
            assert CellState.DOWN == world.box.state
            await trio.sleep(6.9)
            assert ["reminder"] == [row.kind for row in disk.journal]
            world.box.start()
            await trio.sleep(0.3)
            assert ["reminder", "nagged"] == [row.kind for row in disk.journal]

    run(story)


@pytest.mark.parametrize("passive", [False, True])
def test_a_reminder_is_withdrawn_by_the_commit_that_makes_it_pointless(passive: bool) -> None:
    """Another one takes its place, or none does; an actor that was revived meanwhile knows, too."""

    async def story() -> None:
        disk = Disk()
        async with opened(MemoryStore(disk), {"teller": Teller().pay}) as world:
            for due_ms in (EPOCH_MS + 90_000, EPOCH_MS + 30_000, 0):
                await world.box.ask(Remind(due_ms), within=SOON)
                kept = [owed.due_ms for owed in disk.pending.values()]
                assert [due_ms] * bool(due_ms) == kept
                if passive:
                    assert isinstance(world.box, ReactiveCell)
                    world.box.restart()
            await world.box.ask(Remind(EPOCH_MS + 60_000), within=SOON)
            await world.box.ask(Put(1, 1), within=SOON)
            assert [EPOCH_MS + 60_000] == [owed.due_ms for owed in disk.pending.values()]
            await trio.sleep(100)
            assert 1 == [row.kind for row in disk.journal].count("nagged")

    run(story)


def test_what_is_owed_later_needs_a_clock() -> None:
    """An actor that nobody would wake fails where it is written, not at the time that it misses."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            store = MemoryStore(Disk())
            box = system.spawn(
                "box",
                lambda: DurableActor(
                    BoxRules(),
                    stream="box/1",
                    key="1",
                    store=store,
                    handlers={"teller": None},  # type: ignore[dict-item]  # never called
                ),
                RestartAlways(),
            )
            with pytest.raises(HandlerCrashed):
                await box.ask(Remind(EPOCH_MS + 1), within=SOON)

    run(story)
