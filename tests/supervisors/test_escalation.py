"""When restarting does not help: intensities, and what a supervisor that gave up leaves behind."""

from __future__ import annotations

import pytest
import trio

from actors import Inbox, Process
from supervisors import (
    ChildSpec,
    Restart,
    State,
    SupervisorFailed,
    Tree,
    open_tree,
)
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Count,
    Diary,
    courier,
    fall,
    group,
    open_bank,
    see,
    teller,
    until,
)


def test_a_crash_loop_escalates() -> None:
    """Three restarts a minute are tolerated, the fourth crash ends the tree with its history."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:

            async def play(tree: Tree) -> None:
                for _ in range(4):
                    tree.ref("/office/a").tell(Boom())
                    await trio.sleep(1)
                await tree.wait()

            spec = group("office", [courier("a", diary), teller("b", diary)])
            failed = await fall(system, spec, play)
            assert ("/office", "a", 4) == (failed.path, failed.child, len(failed.history))
            assert "a: Broken in Courier.run" in failed.history[0]
            assert set() == diary.alive

    run(story)


@pytest.mark.parametrize("kind", [teller, courier])
def test_intensities_multiply_through_the_levels(kind: object) -> None:
    """1 restart below 2 restarts below 1: two starts times three times two, then it is over."""

    async def story() -> None:
        diary = Diary()
        child = teller("a", diary) if kind is teller else courier("a", diary)
        spec = group(
            "top",
            [group("middle", [group("low", [child], restarts=1)], restarts=2)],
            restarts=1,
        )
        async with open_bank() as system:

            async def play(tree: Tree) -> None:
                a = tree.ref("/top/middle/low/a")
                for _ in range(100):
                    a.tell(Boom())
                    await trio.sleep(0.1)

            failed = await fall(system, spec, play)
            assert ("/top", "middle") == (failed.path, failed.child)
            assert 2 * 3 * 2 == diary.lines.count("+a")

    run(story)


def test_restarts_far_apart_do_not_escalate() -> None:
    """The intensity is a window, not a lifetime."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [teller("a", diary)], restarts=1)) as tree,
        ):
            for _ in range(10):
                tree.ref("/office/a").tell(Boom())
                await trio.sleep(61)
            assert 10 == see(tree, "/office/a").restarts

    run(story)


def test_a_failed_restart_counts_as_a_crash() -> None:
    """A child that cannot come back uses up the intensity at once."""

    async def story(kind: object) -> None:
        diary = Diary()
        child = teller("a", diary) if kind is teller else courier("a", diary)
        async with open_bank() as system:

            async def play(tree: Tree) -> None:
                diary.sick.add("a")
                tree.ref("/office/a").tell(Boom())
                await tree.wait()

            failed = await fall(system, group("office", [child]), play)
            assert 4 == len(failed.history)

    run(lambda: story(teller))
    run(lambda: story(courier))


def test_a_restarted_supervisor_keeps_the_refs_of_its_children() -> None:
    """Whoever holds a Ref deep in the tree need not know that a whole branch was restarted."""

    async def story() -> None:
        diary = Diary()
        branch = group("branch", [teller("a", diary), courier("b", diary)], restarts=0)
        async with open_bank() as system, open_tree(system, group("office", [branch])) as tree:
            a, b = tree.ref("/office/branch/a"), tree.ref("/office/branch/b")
            await a.ask(Count(), within=1)
            b.tell(Boom())
            await until(lambda: diary.lines[2:] == ["-b", "-a", "+a", "+b"])

            assert 1 == await a.ask(Count(), within=1)
            assert 1 == await b.ask(Count(), within=1)
            assert 1 == see(tree, "/office/branch").restarts
            assert "gave up on 'b'" in see(tree, "/office/branch").last_error

    run(story)


def test_dynamic_children_do_not_survive_their_supervisor() -> None:
    """As in OTP: only what the specification lists comes back."""

    async def story() -> None:
        diary = Diary()
        branch = group("branch", [teller("a", diary)], restarts=0)
        async with open_bank() as system, open_tree(system, group("office", [branch])) as tree:
            await tree.start_child("/office/branch", teller("b", diary))
            tree.ref("/office/branch/a").tell(Boom())
            await trio.sleep(1)

            assert ["+a", "+b", "-a", "-b", "+a"] == diary.take()
            assert 1 == see(tree, "/office/branch").count

    run(story)


def test_a_permanent_process_that_only_returns_also_escalates() -> None:
    """A permanent child is not supposed to end, however quietly."""

    async def story() -> None:
        class Idler(Process):
            async def run(self, inbox: Inbox) -> None:
                return

        async with open_bank() as system:
            with pytest.raises(SupervisorFailed, match="ended normally"):
                async with open_tree(system, group("office", [ChildSpec("a", Idler)])) as tree:
                    await tree.wait()
            spec = ChildSpec("a", Idler, Restart.TRANSIENT)
            async with open_tree(system, group("office", [spec])) as tree:
                await trio.sleep(1)
                assert State.STOPPED is see(tree, "/office/a").state

    run(story)
