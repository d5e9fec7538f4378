"""A restart that waits: visible, interruptible, and it holds up nobody."""

from __future__ import annotations

import pytest
import trio

from supervisors import State, Strategy, Tree, open_tree, render
from supervisors.snapshot import snapshot
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Broken,
    Count,
    Diary,
    courier,
    fall,
    group,
    open_bank,
    see,
    settle,
    teller,
    until,
)
from wire.backoff import Backoff

TEN_S = Backoff(10, 80, jitter=0)


def test_a_waiting_restart_is_visible_with_its_end() -> None:
    """BACKOFF, until when, and why; then it runs again with the mail that came meanwhile."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [teller("a", diary, backoff=TEN_S)])) as tree,
        ):
            a = tree.ref("/office/a")
            a.tell(Boom())
            await settle(tree, "/office/a", State.BACKOFF)

            node = see(tree, "/office/a")
            assert EPOCH_MS + 10_000 == node.backoff_until_ms
            assert node.last_error.startswith("Broken in Teller.on_boom (toys.py:")
            assert "退避" in render.text(snapshot(tree))

            assert 1 == await a.ask(Count(), within=20)
            assert 10 == pytest.approx(trio.current_time())
            node = see(tree, "/office/a")
            assert (State.RUNNING, 0, 1) == (node.state, node.backoff_until_ms, node.restarts)

    run(story)


def test_others_and_commands_are_served_meanwhile() -> None:
    """A wait is not a sleep of the supervisor."""

    async def story() -> None:
        diary = Diary()
        children = [courier("a", diary, backoff=TEN_S), teller("b", diary), courier("c", diary)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            tree.ref("/office/a").tell(Boom())
            await settle(tree, "/office/a", State.BACKOFF)
            before = trio.current_time()

            await tree.start_child("/office", courier("d", diary))
            await tree.terminate_child("/office/d")
            tree.ref("/office/b").tell(Boom())
            assert 1 == await tree.ref("/office/b").ask(Count(), within=1)
            tree.ref("/office/c").tell(Boom())
            assert 1 == await tree.ref("/office/c").ask(Count(), within=1)
            assert before == trio.current_time()

            await tree.restart_child("/office/a")
            assert 1 == await tree.ref("/office/a").ask(Count(), within=1)
            assert before == trio.current_time()

    run(story)


def test_a_tree_in_backoff_stops_at_once() -> None:
    """Nobody waits for a restart that is not wanted any more."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:
            async with open_tree(
                system, group("office", [courier("a", diary, backoff=TEN_S)])
            ) as tree:
                tree.ref("/office/a").tell(Boom())
                await settle(tree, "/office/a", State.BACKOFF)
                before = trio.current_time()
            assert before == trio.current_time()
            await trio.sleep(100)
            assert ["+a", "-a"] == diary.lines

    run(story)


def test_a_terminated_child_in_backoff_does_not_come_back() -> None:
    """The command wins over the pending restart."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [courier("a", diary, backoff=TEN_S)])) as tree,
        ):
            tree.ref("/office/a").tell(Boom())
            await settle(tree, "/office/a", State.BACKOFF)
            await tree.terminate_child("/office/a")
            await trio.sleep(100)
            assert State.STOPPED is see(tree, "/office/a").state
            assert ["+a", "-a"] == diary.lines

    run(story)


def test_waits_double_and_start_over_after_a_quiet_time() -> None:
    """10, 20, 40, 80, 80 seconds; then after 80 seconds up, 10 again."""

    async def story() -> None:
        diary = Diary()
        child = courier("a", diary, backoff=TEN_S)
        async with (
            open_bank() as system,
            open_tree(system, group("office", [child], restarts=100)) as tree,
        ):
            waits = []
            for pause in (0, 0, 0, 0, 0, 80):
                await trio.sleep(pause)
                crashed = trio.current_time()
                tree.ref("/office/a").tell(Boom())
                await tree.ref("/office/a").ask(Count(), within=100)
                waits.append(round(trio.current_time() - crashed))
            assert [10, 20, 40, 80, 80, 10] == waits

    run(story)


def test_a_child_that_cannot_come_back_waits_longer_each_time() -> None:
    """A failed restart is a crash: it backs off and counts."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:

            async def play(tree: Tree) -> None:
                diary.sick.add("a")
                tree.ref("/office/a").tell(Boom())
                await tree.wait()

            spec = group("office", [courier("a", diary, backoff=TEN_S)], period_s=1000)
            failed = await fall(system, spec, play)
            assert 4 == len(failed.history)
            assert 10 + 20 + 40 == pytest.approx(trio.current_time(), abs=0.1)

    run(story)


def test_a_sibling_that_crashes_during_the_wait_joins_the_group() -> None:
    """rest_for_one: b waits with c behind it; a crashes meanwhile; all three start together."""

    async def story() -> None:
        diary = Diary()
        children = [
            courier("a", diary),
            courier("b", diary, backoff=TEN_S),
            courier("c", diary),
        ]
        async with (
            open_bank() as system,
            open_tree(system, group("office", children, Strategy.REST_FOR_ONE)) as tree,
        ):
            diary.take()
            tree.ref("/office/b").tell(Boom())
            await settle(tree, "/office/c", State.BACKOFF)
            assert ["-b", "-c"] == diary.take()

            await trio.sleep(3)
            tree.ref("/office/a").tell(Boom())
            await settle(tree, "/office/a", State.BACKOFF)
            await trio.sleep(1)
            assert ["-a"] == diary.take()
            ends = {see(tree, f"/office/{name}").backoff_until_ms for name in "abc"}
            assert 1 == len(ends)

            await until(lambda: len(diary.lines) == 3)
            assert ["+a", "+b", "+c"] == diary.take()
            assert 10 == pytest.approx(trio.current_time(), abs=0.1)

    run(story)


def test_jitter_comes_from_the_seeded_dice() -> None:
    """The same seed waits the same time, so a simulated day can be replayed."""

    async def story() -> float:
        diary = Diary()
        backoff = Backoff(10, 80, jitter=0.5)
        async with (
            open_bank() as system,
            open_tree(system, group("office", [courier("a", diary, backoff=backoff)])) as tree,
        ):
            tree.ref("/office/a").tell(Boom())
            await tree.ref("/office/a").ask(Count(), within=100)
            return trio.current_time()

    first, second = run(story), run(story)

    assert first == second
    assert 5 <= first < 10


def test_a_failing_first_start_is_not_retried() -> None:
    """Back-off is for restarts; a tree that cannot start says so."""

    async def story() -> None:
        diary = Diary(sick={"a"})
        async with open_bank() as system:
            with pytest.raises(Broken):
                async with open_tree(system, group("office", [courier("a", diary, backoff=TEN_S)])):
                    pytest.fail("the block must not run")

    run(story)
