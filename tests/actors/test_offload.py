"""Work beside the loop: so much at a time, in order, and what waits can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
import trio
import trio.testing

from actors import open_system
from actors.errors import Overloaded
from actors.offload import SLOTS_MAX, Load, Slots
from actors.outside import production_outside
from supervisors import ChildSpec, Intensity, Strategy, SupervisorSpec, open_tree, render
from supervisors.snapshot import snapshot
from tests.actors.cast import Clerk
from tests.kit.outside import virtual_outside
from tests.kit.running import run

T = TypeVar("T")
WORK_S = 1.0


async def slowly(work: Callable[[], T], /) -> T:
    """A thread on virtual time."""
    await trio.sleep(WORK_S)
    return work()


def test_so_much_is_done_at_a_time_and_the_rest_in_order() -> None:
    """Five pieces for two slots; what waits, and since when, is told."""

    async def story() -> None:
        slots, done = Slots(slowly, slots=2), list[tuple[int, float]]()

        async def order(number: int) -> None:
            assert number == await slots(lambda: number)
            done.append((number, trio.current_time()))

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(order, number)
                await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(WORK_S / 2)
            assert Load(2, 2, 3, 3, WORK_S / 2, 2) == slots.load()
        assert [(0, 1.0), (1, 1.0), (2, 2.0), (3, 2.0), (4, 3.0)] == sorted(done)
        assert Load(2, 0, 0, 3, 0.0, 5) == slots.load()

    run(story)


def test_one_too_many_is_refused_and_who_gives_up_leaves_no_trace() -> None:
    """Nothing of it is done; a crash of the work frees its slot and is its orderer's."""

    async def story() -> None:
        slots = Slots(slowly, slots=1, waiting_max=1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(slots, int)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(WORK_S / 4):
                await slots(int)
            nursery.start_soon(slots, int)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(Overloaded):
                await slots(int)
        with pytest.raises(ZeroDivisionError):
            await slots(lambda: 1 // 0)
        assert Load(1, 0, 0, 1, 0.0, 3) == slots.load()

    run(story)


def test_the_operator_sees_what_waits() -> None:
    """A line of the tree, in both languages; none where the work is done at once."""

    async def story() -> None:
        slots = Slots(slowly, slots=1)
        spec = SupervisorSpec(
            "office", Strategy.ONE_FOR_ONE, Intensity(), (ChildSpec("clerk", Clerk),)
        )
        for outside, shown in (
            (virtual_outside(), None),
            (replace(virtual_outside(), offload=slots), (2, 0.5)),
        ):
            async with (
                open_system("office", outside) as system,
                open_tree(system, spec) as tree,
                trio.open_nursery() as nursery,
            ):
                for _ in range(3):
                    nursery.start_soon(outside.offload, int)
                await trio.sleep(WORK_S / 2)
                whole = snapshot(tree)
                node = whole.find("/office/offload")
                assert shown == (node and (node.mailbox, node.oldest_age_s))
                assert whole.count == len(whole.children)
                assert ("工位" in render.text(whole)) == (shown is not None)

    run(story)


def test_the_real_world_has_slots() -> None:
    """Threads, so many at a time."""
    offload = production_outside().offload
    assert isinstance(offload, Slots)
    assert SLOTS_MAX == offload.load().slots
