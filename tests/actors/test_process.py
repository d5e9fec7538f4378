"""Process actors: inbox, answers, crashes, stopping, and the engine's rules."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from actors import (
    ActorStopped,
    AskTimeout,
    CellState,
    Down,
    HandlerCrashed,
    Inbox,
    MailboxFull,
    Process,
    ProcessCell,
    Reason,
    Refused,
    System,
    open_system,
    run_process,
)
from actors.inbox import TAKEN_PER_PASS_MAX
from tests.actors.cast import Break, Clerk, Count, Double, Ends, Note, Secret, SlowClerk, cell_of
from tests.actors.test_context import Fetcher, Log
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Code, Refusal


def process(system: System, path: str) -> ProcessCell:
    cell = system.cells[path]
    assert isinstance(cell, ProcessCell)
    return cell


def test_a_process_answers_in_order() -> None:
    """What is sent before it has begun waits for it."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", SlowClerk)
            assert [clerk.tell(Note(text)) for text in "abc"] == [True, True, True]
            assert await clerk.ask(Count(), within=1) == 3
            assert await clerk.ask(Double(4), within=1) == 8
            seen = cell_of(system, "/clerk").statistics()
            assert (seen.kind, seen.state, seen.handled) == ("SlowClerk", CellState.RUNNING, 5)
            assert seen.mailbox_peak == 4

    run(story)


class Shy(SlowClerk):
    """Looks at its inbox only after a while."""

    async def run(self, inbox: Inbox) -> None:
        await trio.sleep(10)
        await super().run(inbox)


def test_a_full_mailbox_refuses_and_senders_wait() -> None:
    """Eight fit; the ninth is refused, a ninth asker is told, a sender waits for room."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            shy = system.spawn("shy", Shy)
            assert [shy.tell(Note("x")) for _ in range(9)] == [True] * 8 + [False]
            with pytest.raises(MailboxFull):
                await shy.ask(Count(), within=1)
            await shy.send(Note("patient"))
            assert trio.current_time() == 10.0
            assert await shy.ask(Count(), within=1) == 9
            assert system.dead_letters.by_reason == {Reason.OVERFLOW: 2}

    run(story)


def test_a_deadline_passes_and_the_late_answer_is_counted() -> None:
    """A busy process answers too late."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            shy = system.spawn("shy", Shy)
            with pytest.raises(AskTimeout):
                await shy.ask(Count(), within=2.5)
            assert trio.current_time() == 2.5
            assert cell_of(system, "/shy").statistics().oldest_age_s == 2.5
            await trio.sleep(10)
            assert system.dead_letters.by_reason == {Reason.LATE_REPLY: 1}

    run(story)


class Choosy(Process):
    """Refuses, fails with an error of its own, or drains everything."""

    def __init__(self) -> None:
        self.drained: list[list[str]] = []

    async def run(self, inbox: Inbox) -> None:
        delivery = await inbox.receive()
        delivery.reply(Refusal(Code.BUSY, "忙"))
        delivery.reply("only the first answer counts")
        (await inbox.receive()).fail(LookupError("x"))
        await trio.sleep(1)
        self.drained.append([type(one.message).__name__ for one in inbox.drain()])
        self.drained.append([type(one.message).__name__ for one in inbox.drain()])
        with pytest.raises(ActorStopped):
            await inbox.receive()


def test_a_delivery_is_refused_failed_or_drained() -> None:
    """Each way in which a body may take and answer; receive says when the inbox has ended."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            actor = Choosy()
            choosy = system.spawn("choosy", lambda: actor)
            with pytest.raises(Refused, match="E_BUSY"):
                await choosy.ask(Count(), within=1)
            with pytest.raises(LookupError):
                await choosy.ask(Count(), within=1)
            for text in "ab":
                choosy.tell(Note(text))
            choosy.tell(Secret("1"))
            await trio.sleep(2)
            assert actor.drained == [["Note", "Note", "Secret"], []]
            cell = cell_of(system, "/choosy")
            cell.stop()
            await cell.wait_down()
            assert cell.last_error == ""

    run(story)


def test_a_crash_buries_what_was_in_hand_and_keeps_what_waits() -> None:
    """The engine is run twice, as a supervisor does; the second incarnation finds the mail."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends(restart=False)
            cell = system.cell("/clerk", SlowClerk, ends)
            assert isinstance(cell, ProcessCell)
            async with trio.open_nursery() as nursery:
                assert await nursery.start(run_process, cell) is cell
                cell.suspend()
                cell.tell(Note("handled"))
                async with trio.open_nursery() as asking:
                    asking.start_soon(_expect_crash, cell)
                    await trio.testing.wait_all_tasks_blocked()
                    cell.tell(Note("kept"))
                    assert cell.statistics().mailbox == 3
                    cell.resume()
                assert ends.seen == [("/clerk", "ValueError")]
                assert (cell.state, cell.statistics().mailbox) == (CellState.DOWN, 1)
                (letter,) = system.dead_letters.entries
                assert (letter.reason, letter.kind) == (Reason.POISON, "Break")
                assert "1234" not in letter.summary + cell.last_error
                await nursery.start(run_process, cell)
                assert await cell.ask(Count(), within=1) == 1
                assert (cell.incarnation, cell.restarts) == (2, 1)
                cell.stop()

    run(story)


async def _expect_crash(cell: ProcessCell) -> None:
    with pytest.raises(HandlerCrashed):
        await cell.ask(Break("1234"), within=1)


class Stubborn(Process):
    """Ends when and how it is told."""

    def __init__(self, looks: bool, cleanup_s: float = 0.0) -> None:
        self.looks = looks
        self.cleanup_s = cleanup_s

    async def run(self, inbox: Inbox) -> None:
        try:
            if self.looks:
                async for _ in inbox:
                    pass
            else:
                await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.cleanup_s)


@pytest.mark.parametrize("looks", [True, False])
def test_a_stopped_process_ends_in_its_own_way(looks: bool) -> None:
    """One sees its inbox end, the other never looks and is cancelled; both clean up first."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends(restart=False)
            ref = system.spawn("stubborn", lambda: Stubborn(looks, cleanup_s=2.0), ends)
            await trio.testing.wait_all_tasks_blocked()
            cell = process(system, "/stubborn")
            cell.stop()
            cell.stop()
            ref.tell(Note("too late"))
            assert cell.state is CellState.STOPPING
            assert cell.stuck_at().startswith("test_process.py:")
            await cell.wait_down()
            assert trio.current_time() == 2.0
            assert (cell.state, ends.seen) == (CellState.STOPPED, [("/stubborn", "")])
            assert system.dead_letters.by_reason == {Reason.STOPPED: 1}
            assert "/stubborn" not in system.cells

    run(story)


class Unanswering(Process):
    async def run(self, inbox: Inbox) -> None:
        await inbox.receive()
        await inbox.receive()


def test_an_asker_is_told_when_the_process_ends_without_an_answer() -> None:
    """The body takes a question and returns; nobody waits in vain."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ref = system.spawn("u", Unanswering, Ends(restart=False))

            async def ask() -> None:
                with pytest.raises(ActorStopped):
                    await ref.ask(Count(), within=60)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask)
                await trio.sleep(1)
                ref.tell(Note("go"))
            assert trio.current_time() == 1.0
            assert cell_of(system, "/u").state is CellState.DOWN

    run(story)


class Unborn(Process):
    async def started(self) -> None:
        await trio.sleep(5)
        raise OSError("no port")


def test_a_failed_start_is_raised_to_the_starter() -> None:
    """The starter gets the error itself; the supervisor's hook is not called."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends(restart=False)
            cell = system.cell("/unborn", Unborn, ends)
            assert isinstance(cell, ProcessCell)
            watcher = system.spawn("watcher", Fetcher)
            cell.watch(watcher)
            with pytest.raises(OSError, match="no port"):
                await run_process(cell)
            assert (cell.state, ends.seen) == (CellState.DOWN, [])
            log = await watcher.ask(Log(), within=1)
            assert len(log) == 1
            with trio.move_on_after(1) as gave_up:
                await run_process(cell)
            assert gave_up.cancelled_caught
            assert cell.state is CellState.DOWN

            async with trio.open_nursery() as nursery:
                nursery.start_soon(_expect_stopped, cell)
                await trio.sleep(1)
                cell.stop()
            assert cell.statistics().state is CellState.STOPPED

    run(story)


async def _expect_stopped(cell: ProcessCell) -> None:
    with pytest.raises(ActorStopped):
        await run_process(cell)


def test_a_running_process_is_shielded_from_outer_cancellation() -> None:
    """Cancelling the nursery does not reach it; its supervisor stops it, in order."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            cell = system.cell("/clerk", SlowClerk, Ends(restart=False))
            assert isinstance(cell, ProcessCell)
            async with trio.open_nursery() as nursery:
                await nursery.start(run_process, cell)
                nursery.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                    assert await cell.ask(Double(2), within=1) == 4
                    cell.stop()
                    await cell.wait_down()
            assert cell.state is CellState.STOPPED

    run(story)


def test_a_busy_inbox_lets_others_run() -> None:
    """A body that only takes messages gives way after a bounded number of them."""

    class Eager(Process):
        mailbox_capacity = 1000
        taken = 0

        async def run(self, inbox: Inbox) -> None:
            async for _ in inbox:
                self.taken += 1

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            eager = Eager()
            ref = system.spawn("eager", lambda: eager)
            for _ in range(1000):
                ref.tell(Note("x"))
            for step in range(1, 6):
                await trio.lowlevel.checkpoint()
                assert eager.taken <= step * TAKEN_PER_PASS_MAX

    run(story)


def test_closing_the_system_stops_everybody_in_reverse() -> None:
    """Reactive actors say their last words, processes clean up, the newest first."""
    words: list[str] = []

    class Last(Clerk):
        def stopping(self) -> None:
            words.append(self.context.path)

    class LastProcess(Process):
        async def run(self, inbox: Inbox) -> None:
            async for _ in inbox:
                pass
            words.append(self.context.path)

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("a", Last)
            system.spawn("b", LastProcess)
            system.spawn("c", Last)
            await trio.testing.wait_all_tasks_blocked()

    run(story)

    assert words == ["/c", "/b", "/a"]


def test_down_is_an_ordinary_message() -> None:
    """It names the path and the reason, and nothing else."""
    assert Down("/a", "stopped") == Down(path="/a", reason="stopped")
