"""What the runtime tells an actor: never lost to a full mailbox, never told to the next one."""

from __future__ import annotations

from typing import ClassVar

import pytest
import trio
import trio.testing

from actors import Actor, Down, Inbox, Process, System, TaskFailed, on, open_system
from actors.dead_letters import Reason
from actors.runtime.process_cell import ProcessCell
from actors.runtime.trio_host import run_process
from actors.signals import MONITORS_MAX, TIMERS_MAX
from tests.actors.cast import Clerk, Ends, Note, Secret, cell_of, reactive
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Message

PERIOD_S = 1.0
ROOM = 3
"""How many messages wait for the actors of these stories."""


class Tick(Message, frozen=True):
    pass


TICKED: list[float] = []
"""When any incarnation of the ticker ticked, on its clock."""


class Ticker(Actor):
    """Does something once in a period, for ever."""

    mailbox_capacity: ClassVar[int] = ROOM

    def started(self) -> None:
        self.context.after(PERIOD_S, Tick())

    @on(Tick)
    def tick(self, _message: Tick) -> None:
        TICKED.append(self.context.now())
        self.context.after(PERIOD_S, Tick())

    @on(Note)
    def note(self, _message: Note) -> None:
        """Only takes room."""

    @on(Secret)
    def crash(self, message: Secret) -> None:
        raise ValueError(message.pin)


def fill(system: System, path: str) -> None:
    """Put in whatever the mailbox takes, and one more, which is refused."""
    for _ in range(ROOM):
        assert cell_of(system, path).tell(Note("in the way"))
    assert not cell_of(system, path).tell(Note("one more"))


def test_a_full_mailbox_does_not_stop_a_clock() -> None:
    """Full when the tick comes: it is taken all the same, and so are all that follow."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            TICKED.clear()
            system.spawn("ticker", Ticker)
            cell = reactive(system, "/ticker")
            await trio.sleep(PERIOD_S / 2)
            cell.suspend()
            fill(system, "/ticker")
            await trio.sleep(PERIOD_S)
            cell.resume()
            await trio.sleep(10 * PERIOD_S)

    run(story)

    assert [1.5 + n for n in range(10)] == TICKED


def test_crashes_do_not_double_a_clock() -> None:
    """Three crashes, each with a tick in the mailbox behind it: one tick in a period, as before."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            TICKED.clear()
            ticker = system.spawn("ticker", Ticker, Ends())
            cell = reactive(system, "/ticker")
            for _ in range(3):
                cell.suspend()
                ticker.tell(Secret("1"))
                await trio.sleep(1.5 * PERIOD_S)
                assert 2 == len(cell.queue), "the tick lies behind what crashes"
                cell.resume()
                await trio.testing.wait_all_tasks_blocked()
            assert 3 == cell.restarts
            assert [] == TICKED
            await trio.sleep(5.5 * PERIOD_S)

    run(story)

    assert [5.5, 6.5, 7.5, 8.5, 9.5] == TICKED


class Watcher(Actor):
    """Writes down who is gone, and what its tasks brought."""

    mailbox_capacity: ClassVar[int] = ROOM

    def __init__(self) -> None:
        self.seen: list[str] = []

    @on(Down)
    def lose(self, message: Down) -> None:
        self.seen.append(f"down {message.path}")

    @on(Note)
    def note(self, message: Note) -> None:
        self.seen.append(message.text)

    @on(TaskFailed)
    def fail(self, message: TaskFailed) -> None:
        self.seen.append(f"failed {message.label}")

    @on(Secret)
    def crash(self, message: Secret) -> None:
        raise ValueError(message.pin)


def seen(system: System) -> list[str]:
    actor = reactive(system, "/watcher").actor
    assert isinstance(actor, Watcher)
    return [text for text in actor.seen if text != "in the way"]


async def fails() -> object:
    await trio.sleep(1)
    raise ConnectionError


async def brings() -> object:
    await trio.sleep(1.5)
    return Note("brought")


def test_an_end_reaches_a_watcher_whose_mailbox_is_full() -> None:
    """And so does what its tasks brought, or did not; in the order in which it happened."""

    async def story() -> list[str]:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("watcher", Watcher)
            clerk = system.spawn("clerk", Clerk, Ends())
            cell = reactive(system, "/watcher")
            cell.context.monitor(clerk)
            cell.context.start_task("reading", fails)
            cell.context.start_task("fetching", brings)
            cell.suspend()
            fill(system, "/watcher")
            clerk.tell(Secret("1"))
            await trio.sleep(2)
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            return seen(system)

    assert ["down /clerk", "failed reading", "brought"] == run(story)


def test_a_former_incarnation_s_signals_say_nothing() -> None:
    """A tick, an end and two outcomes lie in the mailbox while the actor crashes on another."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            watcher = system.spawn("watcher", Watcher, Ends())
            clerk = system.spawn("clerk", Clerk, Ends())
            cell = reactive(system, "/watcher")
            cell.context.monitor(clerk)
            cell.context.start_task("reading", fails)
            cell.context.start_task("fetching", brings)
            cell.context.after(1, Note("rung"))
            cell.suspend()
            watcher.tell(Secret("1"))
            watcher.tell(Note("a message stays"))
            clerk.tell(Secret("1"))
            await trio.sleep(2)
            assert 6 == len(cell.queue)
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()

            assert ["a message stays"] == seen(system)
            for places in (cell.timers, cell.tasks, cell.monitors):
                assert not places

    run(story)


def test_who_watches_no_more_is_not_told() -> None:
    """The watched actor outlives the incarnation that asked: nothing comes."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("watcher", Watcher, Ends())
            clerk = system.spawn("clerk", Clerk, Ends())
            cell = reactive(system, "/watcher")
            cell.context.monitor(clerk)
            cell.restart()
            clerk.tell(Secret("1"))
            await trio.testing.wait_all_tasks_blocked()

            assert [] == seen(system)

    run(story)


def test_a_timer_can_be_cancelled_until_it_is_opened() -> None:
    """It has rung and lies in the mailbox: cancelling still means never."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("watcher", Watcher)
            cell = reactive(system, "/watcher")
            timer = cell.context.after(1, Note("too late"))
            cell.suspend()
            await trio.sleep(2)
            timer.cancel()
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()

            assert [] == seen(system)

    run(story)


def test_what_rang_holds_its_place_until_it_is_opened() -> None:
    """That is what bounds the mailbox: rung timers count among the timers."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("watcher", Watcher)
            cell = reactive(system, "/watcher")
            cell.suspend()
            for _ in range(TIMERS_MAX):
                cell.context.after(1, Note("rung"))
            await trio.sleep(2)
            assert TIMERS_MAX == len(cell.queue)
            with pytest.raises(AssertionError, match="too many timers"):
                cell.context.after(1, Note("one more"))
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            cell.context.after(1, Note("again"))

    run(story)


def test_monitors_have_a_bound() -> None:
    """One more is a crash of who watches, not a flood."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("watcher", Watcher)
            context = cell_of(system, "/watcher").context
            gone = [system.spawn(f"clerk-{n}", Clerk) for n in range(5)]
            for n in range(MONITORS_MAX):
                context.monitor(gone[n % len(gone)])
            with pytest.raises(AssertionError, match="too many monitors"):
                context.monitor(gone[0])

    run(story)


def test_a_message_that_nobody_handles_is_named() -> None:
    """What a timer says to an actor without a handler is a dead letter under its own name."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("clerk", Clerk, Ends())
            context = cell_of(system, "/clerk").context
            context.after(1, Tick())
            context.after(2, Secret("1"))
            await trio.sleep(3)

            letters = [(letter.reason, letter.kind) for letter in system.dead_letters.entries]
            assert [(Reason.NO_HANDLER, "Tick"), (Reason.POISON, "Secret")] == letters
            assert [(2.0, "/clerk", "Secret")] == system.trace.entries()

    run(story)


class Body(Process):
    """Sets all three kinds of signals, and writes down what it is told."""

    mailbox_capacity: ClassVar[int] = ROOM
    seen: ClassVar[list[str]] = []

    async def run(self, inbox: Inbox) -> None:
        self.context.after(0.01, Note("rung"))
        self.context.start_task("fetching", self.fetch)
        clerk = self.context.lookup("/clerk")
        assert clerk is not None
        self.context.monitor(clerk)
        async for delivery in inbox:
            match delivery.message:
                case Note(text):
                    self.seen.append(text)
                case Down(path):
                    self.seen.append(f"down {path}")
                case Secret(pin):
                    raise ValueError(pin)

    async def fetch(self) -> object:
        return Note("brought")


def test_a_process_is_told_as_well() -> None:
    """Its mailbox is full when the timer, the outcome and the end come; a crash drops the rest."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system, trio.open_nursery() as tasks:
            Body.seen.clear()
            clerk = system.spawn("clerk", Clerk, Ends())
            cell = system.cell("/body", Body, Ends(restart=False))
            assert isinstance(cell, ProcessCell)
            await tasks.start(run_process, cell)
            await trio.testing.wait_all_tasks_blocked()
            cell.suspend()
            fill(system, "/body")
            clerk.tell(Secret("1"))
            await trio.sleep(1)
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            told = [text for text in Body.seen if text != "in the way"]
            assert ["brought", "down /clerk", "rung"] == told

            Body.seen.clear()
            cell.context.after(1, Note("never"))
            cell.suspend()
            cell.tell(Secret("1"))
            cell.tell(Note("a message stays"))
            await trio.sleep(2)
            cell.resume()
            await cell.wait_down()
            await tasks.start(run_process, cell)
            await trio.sleep(1)
            assert ["a message stays", "brought", "rung"] == Body.seen
            cell.stop()

    run(story)
