"""A tree as a whole: how it starts, fails to start, stops, is interrupted, and changes."""

from __future__ import annotations

import pytest
import trio

from actors import Inbox
from supervisors import (
    ChildSpec,
    DuplicateId,
    NoSuchChild,
    NotRunning,
    State,
    Strategy,
    SupervisorSpec,
    Tree,
    open_tree,
    snapshot,
)
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Broken,
    Count,
    Courier,
    Diary,
    Leave,
    courier,
    group,
    open_bank,
    see,
    teller,
)

NAMES = ["store", "card", "ble", "case1", "case2", "wire"]


def terminal(diary: Diary) -> SupervisorSpec:
    """Three levels of supervisors, six workers of both kinds."""
    ble = group("radio", [courier("ble", diary, closing_s=0.1)])
    return group(
        "terminal",
        [
            courier("store", diary, closing_s=0.5),
            group("hw", [teller("card", diary), ble]),
            group("cases", [teller("case1", diary), courier("case2", diary, closing_s=0.2)]),
            courier("wire", diary),
        ],
        Strategy.REST_FOR_ONE,
    )


def test_start_is_left_to_right_and_stop_right_to_left() -> None:
    """Three levels deep, slow and fast, reactive and process: the order is always the same."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:
            async with open_tree(system, terminal(diary)):
                assert [f"+{name}" for name in NAMES] == diary.take()
            assert [f"-{name}" for name in reversed(NAMES)] == diary.take()
            assert {} == system.cells

    run(story)


def test_ctrl_c_stops_in_the_same_order() -> None:
    """Cancelling the block from outside reaches the root only, which stops its children itself."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:
            with trio.CancelScope() as outer:
                async with open_tree(system, terminal(diary)) as tree:
                    diary.take()
                    outer.cancel()
                    await tree.wait()
            assert outer.cancelled_caught
            assert [f"-{name}" for name in reversed(NAMES)] == diary.take()

    run(story)


def test_the_blocks_own_error_comes_out_unwrapped_after_the_stop() -> None:
    """No exception group, and the tree is down when it is caught."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:
            with pytest.raises(Broken, match="mine"):
                async with open_tree(system, terminal(diary)):
                    raise Broken("mine")
            assert set() == diary.alive

    run(story)


def test_an_interrupt_in_a_child_passes_through() -> None:
    """KeyboardInterrupt from a process ends the tree in order and comes out as itself."""

    class Interrupted(Courier):
        async def run(self, inbox: Inbox) -> None:
            await inbox.receive()
            self.diary.end(self.name)
            raise KeyboardInterrupt

    async def story() -> None:
        diary = Diary()
        inner = group(
            "inner", [courier("b", diary), ChildSpec("c", lambda: Interrupted("c", diary))]
        )
        async with open_bank() as system:
            spec = group("office", [courier("a", diary), inner, teller("d", diary)])

            async def interrupt(tree: Tree) -> None:
                tree.ref("/office/inner/c").tell(Leave())
                await tree.wait()

            with pytest.raises(KeyboardInterrupt):
                async with open_tree(system, spec) as tree:
                    await interrupt(tree)
            assert ["-c", "-b", "-d", "-a"] == diary.lines[4:]

    run(story)


def test_wait_returns_after_stop() -> None:
    """How a program ends of its own will."""

    async def story() -> None:
        async with open_bank() as system, open_tree(system, terminal(Diary())) as tree:
            tree.stop()
            await tree.wait()

    run(story)


def test_a_failed_start_reaches_the_opener_after_the_others_were_stopped() -> None:
    """The child's own error, unwrapped, with a note of where; no child is left."""

    async def story() -> None:
        diary = Diary(sick={"case2"})
        async with open_bank() as system:
            with pytest.raises(Broken, match="case2") as caught:
                async with open_tree(system, terminal(diary)):
                    pytest.fail("the block must not run")
            started = ["store", "card", "ble", "case1"]
            assert [f"+{name}" for name in started] == diary.lines[:4]
            assert [f"-{name}" for name in reversed(started)] == diary.lines[4:]
            assert ["while /terminal/cases started its child 'case2'"] == caught.value.__notes__[:1]
            assert {} == system.cells

    run(story)


def test_a_failing_factory_is_a_failed_start() -> None:
    """Before there even is an actor."""

    def factory() -> Courier:
        raise Broken("no such device")

    async def story() -> None:
        async with open_bank() as system:
            with pytest.raises(Broken, match="no such device"):
                async with open_tree(system, group("office", [ChildSpec("a", factory)])):
                    pytest.fail("the block must not run")

    run(story)


def test_children_can_be_added_and_removed_while_running() -> None:
    """OTP's start_child, terminate_child, restart_child, delete_child."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [courier("a", diary)])) as tree,
        ):
            await tree.start_child("/office", courier("b", diary))
            assert 1 == await tree.ref("/office/b").ask(Count(), within=1)
            with pytest.raises(DuplicateId):
                await tree.start_child("/office", courier("b", diary))

            await tree.terminate_child("/office/b")
            assert State.STOPPED is see(tree, "/office/b").state
            await tree.restart_child("/office/b")
            assert 1 == await tree.ref("/office/b").ask(Count(), within=1)

            await tree.supervisor("/office").delete_child("b")
            with pytest.raises(NoSuchChild):
                await tree.terminate_child("/office/b")
            with pytest.raises(NoSuchChild):
                await tree.start_child("/nowhere", courier("b", diary))
            assert ["+a", "+b", "-b", "+b", "-b"] == diary.take()
        with pytest.raises(NotRunning):
            await tree.start_child("/office", courier("c", diary))

    run(story)


def test_a_dynamic_child_that_cannot_start_is_not_added() -> None:
    """Its error reaches the caller; the others notice nothing."""

    async def story() -> None:
        diary = Diary(sick={"b"})
        async with (
            open_bank() as system,
            open_tree(system, group("office", [teller("a", diary)])) as tree,
        ):
            with pytest.raises(Broken):
                await tree.start_child("/office", courier("b", diary))
            assert ["+a"] == diary.lines
            assert 1 == snapshot(tree).count
            assert ["/office/a"] == list(system.cells)

    run(story)


def test_registered_names_are_found_and_freed() -> None:
    """A name belongs to the actor for as long as it is not stopped for good."""

    async def story() -> None:
        diary = Diary()
        spec = ChildSpec("queue", lambda: Courier("queue", diary), register="queue")
        async with open_bank() as system:
            async with open_tree(system, group("office", [spec])) as tree:
                assert tree.ref("/office/queue") is system.ref("queue")
                tree.ref("queue").tell(Boom())
                await trio.sleep(1)
                assert 1 == await system.ref("queue").ask(Count(), within=1)
                with pytest.raises(NoSuchChild):
                    tree.ref("/office/nobody")
            assert system.find("queue") is None

    run(story)


@pytest.mark.parametrize("steps", range(16))
def test_a_stop_in_the_middle_of_a_restart_leaves_nobody_behind(steps: int) -> None:
    """Whatever moment of the restart it meets: just coming up, or just given up."""

    async def story() -> None:
        diary = Diary()
        branch = group("branch", [courier("a", diary), courier("b", diary)], Strategy.ONE_FOR_ALL)
        async with open_bank() as system:
            async with open_tree(system, group("office", [branch])) as tree:
                tree.ref("/office/branch/a").tell(Boom())
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
            assert set() == diary.alive
            assert [] == diary.overlaps
            assert {} == system.cells

    run(story)


@pytest.mark.parametrize("steps", range(16))
def test_an_interrupt_in_the_middle_of_the_start_leaves_nobody_behind(steps: int) -> None:
    """Ctrl-C while the children come up."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:
            async with trio.open_nursery() as nursery:

                async def interrupt() -> None:
                    for _ in range(steps):
                        await trio.lowlevel.checkpoint()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(interrupt)
                async with open_tree(system, terminal(diary)) as tree:
                    await tree.wait()
            assert set() == diary.alive
            assert {} == system.cells

    run(story)
