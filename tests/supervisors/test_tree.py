"""A tree as a whole: how it starts, fails to start, stops, gives up, and who can interrupt it."""

from __future__ import annotations

import pytest
import trio

from actors import Inbox, Process
from supervisors import (
    ChildSpec,
    DuplicateId,
    NoSuchChild,
    NotRunning,
    Restart,
    StartTimeout,
    State,
    Strategy,
    SupervisorFailed,
    SupervisorSpec,
    Tree,
    Wedged,
    open_tree,
    snapshot,
)
from supervisors.child import KILL_S_MAX, START_S_MAX
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Broken,
    Count,
    Courier,
    Diary,
    Leave,
    Mule,
    courier,
    fall,
    group,
    open_bank,
    see,
    settle,
    teller,
    until,
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


class Dreamer(Process):
    """Its set-up never ends."""

    def __init__(self, diary: Diary, until: trio.Event | None = None) -> None:
        self.diary = diary
        self.until = until

    async def started(self) -> None:
        if self.until is not None:
            with trio.CancelScope(shield=True):
                await self.until.wait()
        await trio.sleep_forever()

    async def run(self, inbox: Inbox) -> None:
        self.diary.lines.append("ran")


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
            with pytest.raises(Wedged, match=r"test_tree\.py") as caught:
                async with open_tree(system, spec):
                    pytest.fail("the block must not run")
            assert "/office/b" == caught.value.path

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
