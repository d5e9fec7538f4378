"""What cannot be started or stopped in time: bounded, visible, and it holds up nobody else."""

from __future__ import annotations

import pytest
import trio

from supervisors import (
    ChildSpec,
    NotRunning,
    StartTimeout,
    State,
    Strategy,
    Wedged,
    open_tree,
)
from supervisors.child import KILL_S_MAX, START_S_MAX
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Diary,
    Dreamer,
    Mule,
    courier,
    group,
    open_bank,
    see,
    settle,
    until,
)


def test_a_hanging_start_is_bounded() -> None:
    """After the start budget it is cancelled; what had started is stopped."""

    async def story() -> None:
        diary = Diary()
        spec = group("office", [courier("a", diary), ChildSpec("b", lambda: Dreamer(diary))])
        async with open_bank() as system:
            before = trio.current_time()
            with pytest.raises(StartTimeout, match="/office/b"):
                async with open_tree(system, spec):
                    pytest.fail("the block must not run")
            assert START_S_MAX == pytest.approx(trio.current_time() - before)
            assert ["+a", "-a"] == diary.lines

    run(story)


def test_a_hanging_start_can_be_interrupted() -> None:
    """Before it is up, a child is not shielded from Ctrl-C."""

    async def story() -> None:
        diary = Diary()
        spec = group(
            "office",
            [courier("a", diary), group("deep", [ChildSpec("b", lambda: Dreamer(diary))])],
        )
        async with open_bank() as system:
            before = trio.current_time()
            with trio.move_on_after(0.5) as scope:
                async with open_tree(system, spec):
                    pytest.fail("the block must not run")
            assert scope.cancelled_caught
            assert pytest.approx(0.5) == trio.current_time() - before
            assert ["+a", "-a"] == diary.lines

    run(story)


def test_a_start_that_ignores_its_cancellation_is_wedged_and_the_others_stop() -> None:
    """The opener waits for the task itself, because nothing outlives its block; no longer."""

    async def story() -> None:
        diary = Diary()
        let_go = trio.Event()
        dreamer = ChildSpec("b", lambda: Dreamer(diary, let_go))
        spec = group("office", [courier("a", diary), dreamer])
        async with open_bank() as system, trio.open_nursery() as nursery:

            async def release() -> None:
                await trio.sleep(START_S_MAX + KILL_S_MAX + 5)
                assert ["+a", "-a"] == diary.lines
                let_go.set()

            nursery.start_soon(release)
            with pytest.raises(Wedged, match=r"toys\.py") as caught:
                async with open_tree(system, spec):
                    pytest.fail("the block must not run")
            assert "/office/b" == caught.value.path

    run(story)


def test_an_interrupted_start_that_is_wedged_does_not_hold_up_the_others() -> None:
    """Ctrl-C while a start deep in the tree ignores it: whoever had started is stopped at once."""

    async def story() -> None:
        diary = Diary()
        let_go = trio.Event()
        dreamer = ChildSpec("b", lambda: Dreamer(diary, let_go))
        spec = group("office", [courier("a", diary), group("deep", [dreamer])])
        async with open_bank() as system, trio.open_nursery() as nursery:

            async def release() -> None:
                await until(lambda: diary.lines == ["+a", "-a"])
                assert 1 + KILL_S_MAX == pytest.approx(trio.current_time(), abs=0.1)
                let_go.set()

            nursery.start_soon(release)
            with trio.move_on_after(1) as scope:
                async with open_tree(system, spec):
                    pytest.fail("the block must not run")
            assert scope.cancelled_caught
            assert let_go.is_set()

    run(story)


def test_what_cannot_be_stopped_is_wedged_and_the_others_are_stopped() -> None:
    """A child that ignores its cancellation shows the line it is at and holds up nobody else."""

    async def story() -> None:
        diary = Diary()
        let_go = trio.Event()
        spec = group(
            "office",
            [
                courier("a", diary),
                group("deep", [ChildSpec("mule", lambda: Mule(let_go), shutdown_s=2.0)]),
                courier("c", diary),
            ],
        )
        async with open_bank() as system, trio.open_nursery() as nursery:
            tree_is_there = trio.Event()

            async def watch() -> None:
                await tree_is_there.wait()
                await settle(tree, "/office/deep", State.WEDGED)
                await until(lambda: diary.lines == ["-c", "-a"])
                mule = see(tree, "/office/deep/mule")
                assert State.WEDGED is mule.state
                assert "toys.py:" in mule.stuck_at
                assert mule.stuck_at.endswith("Mule.run")
                let_go.set()

            nursery.start_soon(watch)
            async with open_tree(system, spec) as tree:
                assert ["+a", "+c"] == diary.take()
                tree_is_there.set()
            assert let_go.is_set()
            assert State.STOPPED is see(tree, "/office/deep/mule").state

    run(story)


def test_a_wedged_sibling_holds_its_restart_back_until_it_is_free() -> None:
    """No second incarnation beside a stuck one; when it has ended, the group goes on."""

    async def story() -> None:
        diary = Diary()
        let_go = trio.Event()
        mule = ChildSpec("mule", lambda: Mule(let_go), shutdown_s=1.0)
        spec = group(
            "office", [courier("a", diary), mule, courier("c", diary)], Strategy.REST_FOR_ONE
        )
        async with open_bank() as system, open_tree(system, spec) as tree:
            diary.take()
            tree.ref("/office/a").tell(Boom())
            await settle(tree, "/office/mule", State.WEDGED)
            await until(lambda: "+a" in diary.lines)
            await trio.sleep(5)
            assert ["-a", "-c", "+a"] == diary.take()
            assert State.BACKOFF is see(tree, "/office/c").state

            let_go.set()
            await settle(tree, "/office/c", State.RUNNING)
            assert ["+c"] == diary.take()
            assert State.RUNNING is see(tree, "/office/mule").state
            assert 1 == see(tree, "/office/mule").restarts

    run(story)


def test_a_wedged_child_is_not_started_by_command_either() -> None:
    """terminate_child and restart_child say that it is wedged."""

    async def story() -> None:
        let_go = trio.Event()
        mule = ChildSpec("mule", lambda: Mule(let_go), shutdown_s=1.0)
        async with open_bank() as system, open_tree(system, group("office", [mule])) as tree:
            with pytest.raises(Wedged, match=r"toys\.py:\d+ Mule\.run"):
                await tree.terminate_child("/office/mule")
            with pytest.raises(Wedged):
                await tree.restart_child("/office/mule")
            let_go.set()
            await settle(tree, "/office/mule", State.STOPPED)
            let_go = trio.Event()
            await tree.restart_child("/office/mule")
            assert State.RUNNING is see(tree, "/office/mule").state
            let_go.set()

    run(story)


def test_a_hanging_dynamic_start_does_not_hold_up_the_end() -> None:
    """Its caller is told that the supervisor stopped meanwhile."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, trio.open_nursery() as nursery:
            refused = trio.Event()
            async with open_tree(system, group("office", [courier("a", diary)])) as tree:

                async def add() -> None:
                    with pytest.raises(NotRunning):
                        await tree.start_child("/office", ChildSpec("b", lambda: Dreamer(diary)))
                    refused.set()

                nursery.start_soon(add)
                await trio.sleep(1)
                before = trio.current_time()
            assert before == trio.current_time()
            await refused.wait()

    run(story)
