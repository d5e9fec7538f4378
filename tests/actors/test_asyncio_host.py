"""Actors on the asyncio loop beside: the same Ref, the same ends, in real time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import ClassVar

import pytest
import trio
import trio.testing

from actors import (
    Actor,
    AskTimeout,
    AsyncioHost,
    CellState,
    Down,
    HandlerCrashed,
    Inbox,
    MailboxFull,
    Process,
    ProcessCell,
    Reason,
    Ref,
    Refused,
    System,
    on,
    open_asyncio_host,
    open_system,
    run_process,
)
from actors.asyncio_side.bridge import TOLD_MAX
from actors.outside import production_outside
from tests.actors.cast import Break, Clerk, Count, Double, Ends, Note, Secret, cell_of
from tests.kit.running import run_real
from wire.message import Code, Message, Refusal, Request


class Gate:
    """Opened on the trio side, waited for on the asyncio one."""

    def __init__(self, host: AsyncioHost) -> None:
        self.host = host
        self.opened = asyncio.Event()

    def open(self) -> None:
        self.host._crossing.to_asyncio(self.opened.set)

    async def wait(self) -> None:
        await self.opened.wait()


class Island(Process):
    """Lives on asyncio: counts notes, doubles numbers, crashes on demand."""

    mailbox_capacity = 4

    def __init__(self, gate: Gate | None = None) -> None:
        self.gate = gate
        self.notes = 0

    async def started(self) -> None:
        assert asyncio.get_running_loop().is_running()

    async def run(self, inbox: Inbox) -> None:
        if self.gate is not None:
            await self.gate.wait()
        async for delivery in inbox:
            await asyncio.sleep(0)
            match delivery.message:
                case Note():
                    self.notes += 1
                case Count():
                    delivery.reply(self.notes)
                case Double(number) if number < 0:
                    delivery.reply(Refusal(Code.RANGE, "太小"))
                case Double(number) if number == 0:
                    delivery.fail(LookupError("zero"))
                case Double(number):
                    delivery.reply(2 * number)
                case Break(pin) | Secret(pin):
                    raise ValueError(pin)

    def inspect(self) -> dict[str, object]:
        return {"notes": self.notes}


class Witness(Actor):
    """Lets a story wait for what is told to it."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.something = trio.Event()

    @on(object)
    def see(self, message: object) -> str:
        self.seen.append(message)
        self.something.set()
        self.something = trio.Event()
        return f"seen {len(self.seen)}"

    async def until(self, count: int) -> None:
        while len(self.seen) < count:
            await self.something.wait()


Story = Callable[[System, AsyncioHost], Awaitable[None]]


def with_host(story: Story) -> None:
    """Run a story with a system and an asyncio loop beside; a hang is a failure."""

    async def whole() -> None:
        with trio.fail_after(20):
            async with (
                open_system("office", production_outside()) as system,
                open_asyncio_host(system) as host,
            ):
                await story(system, host)

    run_real(whole)


def test_ask_and_tell_across() -> None:
    """Answers, refusals and errors come back; order is kept; the body can be looked at."""

    async def story(system: System, host: AsyncioHost) -> None:
        island = await host.start("island", Island)
        for _ in range(50):
            await island.send(Note("x"))
        assert await island.ask(Count(), within=5) == 50
        assert await island.ask(Double(21), within=5) == 42
        with pytest.raises(Refused, match="E_RANGE"):
            await island.ask(Double(-1), within=5)
        with pytest.raises(LookupError, match="zero"):
            await island.ask(Double(0), within=5)
        assert cell_of(system, "/island").inspect() == {"notes": 50}
        assert system.ref("/island") is island

    with_host(story)


def test_many_ask_at_once() -> None:
    """A crowd of askers on the trio side, each gets its own answer."""

    async def story(system: System, host: AsyncioHost) -> None:
        island = await host.start("island", Island)
        got: dict[int, int] = {}

        async def ask(number: int) -> None:
            got[number] = await island.ask(Double(number), within=5)

        async with trio.open_nursery() as nursery:
            for number in range(1, 101):
                nursery.start_soon(ask, number)
        assert got == {number: 2 * number for number in range(1, 101)}

    with_host(story)


def test_a_full_mailbox_across_is_refused_and_senders_wait() -> None:
    """What fits on both sides is taken; the next is refused; a sender gets in when it opens."""

    async def story(system: System, host: AsyncioHost) -> None:
        gate = Gate(host)
        island = await host.start("island", lambda: Island(gate))
        taken = 0
        for _ in range(2):
            while island.tell(Note("x")):
                taken += 1
            await trio.testing.wait_all_tasks_blocked(0.01)
        both = Process.mailbox_capacity + Island.mailbox_capacity
        assert taken <= both + 1
        with pytest.raises(MailboxFull):
            await island.ask(Count(), within=5)
        gate.open()
        await island.send(Note("patient"))
        while cell_of(system, "/island").statistics().mailbox:
            await trio.lowlevel.checkpoint()
        assert await island.ask(Count(), within=5) == taken + 1
        assert system.dead_letters.by_reason[Reason.OVERFLOW] >= 2

    with_host(story)


def test_a_crash_across_reaches_asker_monitor_and_dead_letters() -> None:
    """The asker is told, the monitor gets Down, the message is poison, and no field is shown."""

    async def story(system: System, host: AsyncioHost) -> None:
        island = await host.start("island", Island)
        witness = Witness()
        island.watch(system.spawn("witness", lambda: witness))
        with pytest.raises(HandlerCrashed):
            await island.ask(Break("1234"), within=5)
        await witness.until(1)
        (down,) = witness.seen
        assert isinstance(down, Down)
        assert down.reason.startswith("ValueError in Island.run (test_asyncio_host.py:")
        (letter,) = system.dead_letters.entries
        assert (letter.reason, letter.path, letter.kind) == (Reason.POISON, "/island", "Break")

    with_host(story)


def test_a_supervised_body_is_restarted_and_keeps_its_mail() -> None:
    """What was handed over and not begun is there for the next incarnation."""

    async def story(system: System, host: AsyncioHost) -> None:
        gate = Gate(host)
        ends = Ends(restart=False)
        cell = system.cell("/island", host.child(lambda: Island(gate)), ends)
        assert isinstance(cell, ProcessCell)
        async with trio.open_nursery() as nursery:
            await nursery.start(run_process, cell)
            for message in (Note("1"), Secret("2"), Note("3"), Note("4"), Note("5"), Note("6")):
                assert cell.tell(message)
            await trio.testing.wait_all_tasks_blocked(0.01)
            gate.open()
            await cell.wait_down()
            assert ends.seen == [("/island", "ValueError")]
            assert (cell.state, cell.statistics().mailbox) == (CellState.DOWN, 4)
            await nursery.start(run_process, cell)
            assert await cell.ask(Count(), within=5) == 4
            cell.stop()
            await cell.wait_down()

    with_host(story)


class Islander(Island):
    """Sets all three kinds of signals before it looks at its messages."""

    told: ClassVar[list[object]] = []

    async def run(self, inbox: Inbox) -> None:
        self.context.after(0, Note("rung"))
        self.context.start_task("fetching", self.fetch)
        clerk = self.context.lookup("/clerk")
        assert clerk is not None
        self.context.monitor(clerk)
        assert self.gate is not None
        await self.gate.wait()
        async for delivery in inbox:
            self.told.append(delivery.message)

    async def fetch(self) -> object:
        return Note("brought")


def test_signals_reach_a_body_whose_mailboxes_are_full() -> None:
    """Its timer, what its task brought, and somebody's end."""

    async def story(system: System, host: AsyncioHost) -> None:
        Islander.told.clear()
        gate = Gate(host)
        clerk = system.spawn("clerk", Clerk, Ends())
        cell = system.cell("/island", host.child(lambda: Islander(gate)), Ends(restart=False))
        assert isinstance(cell, ProcessCell)
        async with trio.open_nursery() as nursery:
            await nursery.start(run_process, cell)
            await trio.testing.wait_all_tasks_blocked(0.01)
            while cell.tell(Note("in the way")):
                await trio.testing.wait_all_tasks_blocked(0.01)
            clerk.tell(Secret("1"))
            gate.open()
            await cell.send(Note("last"))
            while Note("last") not in Islander.told:
                await trio.testing.wait_all_tasks_blocked(0.01)
            texts = [one.text for one in Islander.told if isinstance(one, Note)]
            assert {"rung", "brought"} <= {*texts}
            assert 1 == sum(isinstance(one, Down) for one in Islander.told)
            cell.stop()
            await cell.wait_down()

    with_host(story)


class Unborn(Process):
    async def started(self) -> None:
        await asyncio.sleep(0)
        raise OSError("no device")


def test_a_failed_start_across_is_raised_to_the_starter() -> None:
    """The error itself; nothing is left behind."""

    async def story(system: System, host: AsyncioHost) -> None:
        with pytest.raises(OSError, match="no device"):
            await host.start("unborn", Unborn)
        assert system.cells == {}

    with_host(story)


def test_a_deadline_across_is_kept() -> None:
    """A body that is busy elsewhere does not answer; the asker is not held."""

    async def story(system: System, host: AsyncioHost) -> None:
        gate = Gate(host)
        island = await host.start("island", lambda: Island(gate))
        with pytest.raises(AskTimeout):
            await island.ask(Count(), within=0.02)
        gate.open()
        while not system.dead_letters.by_reason[Reason.LATE_REPLY]:
            await island.ask(Count(), within=5)

    with_host(story)


class Hello(Message, frozen=True):
    text: str


class Greet(Request[str], frozen=True):
    pass


class Outgoing(Process):
    """Uses everything a body may do towards the trio side."""

    def __init__(self, witness: Ref, clerk: Ref) -> None:
        self.witness = witness
        self.clerk = clerk

    async def run(self, inbox: Inbox) -> None:
        context = self.context
        assert self.witness.tell(Hello("told"))
        await self.witness.send(Hello("sent"))
        assert await self.clerk.ask(Double(4), within=5) == 8
        with pytest.raises(HandlerCrashed):
            await self.clerk.ask(Break("1"), within=5)
        found = context.lookup("/silent")
        assert found is not None
        with pytest.raises(AskTimeout):
            await found.ask(Greet(), within=0.01)
        assert context.lookup("/nobody") is None

        async def work() -> Hello:
            await asyncio.sleep(0)
            return Hello("task")

        context.start_task("work", work)
        context.after(0.001, Hello("timer"))
        context.after(0.001, Hello("never")).cancel()
        context.monitor(self.clerk)
        self.clerk.tell(Secret("1"))
        told = sorted([await self.next(inbox), await self.next(inbox), await self.next(inbox)])
        self.witness.tell(Hello(", ".join(told)))
        assert context.now() > 0
        assert len(context.outside.ids.new()) == 36
        context.stop()
        async for _ in inbox:
            raise AssertionError

    async def next(self, inbox: Inbox) -> str:
        message = (await inbox.receive()).message
        return message.text if isinstance(message, Hello) else type(message).__name__


class Silent(Process):
    async def run(self, inbox: Inbox) -> None:
        await trio.sleep_forever()


def test_a_body_talks_to_the_trio_side() -> None:
    """Tell, send, ask, tasks, timers, monitors and an end of its own, from asyncio."""

    async def story(system: System, host: AsyncioHost) -> None:
        witness = Witness()
        refs = [
            host.outward(ref)
            for ref in (
                system.spawn("witness", lambda: witness),
                system.spawn("clerk", Clerk, Ends()),
            )
        ]
        system.spawn("silent", Silent)
        outgoing = await host.start("outgoing", lambda: Outgoing(*refs))
        outgoing.watch(refs[0])
        await witness.until(4)
        assert witness.seen == [
            Hello("told"),
            Hello("sent"),
            Hello("Down, task, timer"),
            Down("/outgoing", "stopped"),
        ]
        assert await refs[0].ask(Greet(), within=1) == "seen 5"

    with_host(story)


class Flood(Process):
    """Tells more than may be under way, without letting go of the other thread's lane."""

    def __init__(self, sink: Ref) -> None:
        self.sink = sink
        self.accepted = 0

    async def run(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            accepted = sum(self.sink.tell(Note("x")) for _ in range(10 * TOLD_MAX))
            delivery.reply(accepted)


def test_the_lane_to_trio_is_bounded() -> None:
    """What does not fit is refused and becomes a dead letter; nothing is counted twice."""

    async def story(system: System, host: AsyncioHost) -> None:
        class Sink(Clerk):
            mailbox_capacity = 20 * TOLD_MAX

        sink = system.spawn("sink", Sink)
        flood = await host.start("flood", lambda: Flood(host.outward(sink)))
        accepted = await flood.ask(Count(), within=10)
        assert await sink.ask(Count(), within=5) == accepted
        assert system.dead_letters.count == 10 * TOLD_MAX - accepted

    with_host(story)


class Sleeper(Process):
    """Never looks at its inbox; ends when cancelled."""

    cancelled = 0

    async def run(self, inbox: Inbox) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            Sleeper.cancelled += 1
            raise


def test_everything_ends_with_the_block() -> None:
    """Bodies that do not look at their inbox are cancelled; the thread is gone afterwards."""
    Sleeper.cancelled = 0

    async def story(system: System, host: AsyncioHost) -> None:
        await host.start("one", Sleeper)
        await host.start("two", Sleeper)
        assert any(thread.name == "asyncio host" for thread in threading.enumerate())

    with_host(story)

    assert Sleeper.cancelled == 2
    assert not any(thread.name == "asyncio host" for thread in threading.enumerate())


def test_a_host_of_its_own_needs_no_system() -> None:
    """Without a system the host brings one."""

    async def story() -> int:
        with trio.fail_after(20):
            async with open_asyncio_host() as host:
                island = await host.start("island", Island)
                return await island.ask(Double(3), within=5)

    assert run_real(story) == 6
