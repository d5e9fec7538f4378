"""What an actor may do besides handling messages: tasks, timers, monitors, look-ups."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from actors import Actor, Down, Ref, TaskFailed, on, open_system
from actors.signals import TASKS_MAX
from tests.actors.cast import Clerk, Ends, Note, Secret, SlowClerk, cell_of, reactive
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Message, Request


class Fetch(Message, frozen=True):
    label: str
    seconds: float


class Fetched(Message, frozen=True):
    text: str


class Wake(Message, frozen=True):
    name: str


class Log(Request[tuple[tuple[float, str], ...]], frozen=True):
    pass


class Fetcher(Actor):
    """Writes down what comes back, and when."""

    mailbox_capacity = 4

    def __init__(self) -> None:
        self.log: list[tuple[float, str]] = []

    def write(self, text: str) -> None:
        self.log.append((self.context.now(), text))

    @on(Fetch)
    def fetch(self, message: Fetch) -> None:
        async def work() -> Fetched | None:
            try:
                await trio.sleep(message.seconds)
            except trio.Cancelled:
                CANCELLED.append(message.label)
                raise
            if message.label == "broken":
                raise ConnectionError
            return None if message.label == "silent" else Fetched(message.label)

        self.context.start_task(message.label, work)

    @on(Fetched)
    def fetched(self, message: Fetched) -> None:
        self.write(message.text)

    @on(TaskFailed)
    def failed(self, message: TaskFailed) -> None:
        self.write(f"{message.label}: {type(message.error).__name__}")

    @on(Wake)
    def wake(self, message: Wake) -> None:
        self.write(message.name)

    @on(Secret)
    def crash(self, message: Secret) -> None:
        raise ValueError

    @on(Down)
    def down(self, message: Down) -> None:
        self.write(f"{message.path}: {message.reason.partition(' ')[0]}")

    @on(Log)
    def read(self, _message: Log) -> tuple[tuple[float, str], ...]:
        return tuple(self.log)


CANCELLED: list[str] = []


def test_the_outcome_of_an_effect_comes_back_as_a_message() -> None:
    """One fetch succeeds, one fails, one has nothing to tell."""

    async def story() -> tuple[tuple[float, str], ...]:
        async with open_system("office", virtual_outside()) as system:
            fetcher = system.spawn("fetcher", Fetcher)
            fetcher.tell(Fetch("slow", 2))
            fetcher.tell(Fetch("broken", 1))
            fetcher.tell(Fetch("silent", 1))
            await trio.sleep(5)
            assert not cell_of(system, "/fetcher").tasks
            return await fetcher.ask(Log(), within=1)

    assert run(story) == ((1.0, "broken: ConnectionError"), (2.0, "slow"))


@pytest.mark.parametrize("end", ["stop", "halt", "restart", "crash"])
def test_effects_and_timers_end_with_their_incarnation(end: str) -> None:
    """However the incarnation ends, its tasks are cancelled and its timers never ring."""

    async def story() -> None:
        CANCELLED.clear()
        async with open_system("office", virtual_outside()) as system:
            fetcher = system.spawn("fetcher", Fetcher, Ends())
            cell = reactive(system, "/fetcher")
            fetcher.tell(Fetch("one", 5))
            fetcher.tell(Fetch("two", 5))
            cell.context.after(5, Wake("never"))
            await trio.sleep(1)
            if end == "crash":
                fetcher.tell(Secret("1"))
            else:
                getattr(cell, end)()
            await trio.sleep(9)
            assert sorted(CANCELLED) == ["one", "two"]
            assert len(system.wheel) == 0
            assert system.dead_letters.count == (1 if end == "crash" else 0)
            if end in ("restart", "crash"):
                assert await fetcher.ask(Log(), within=1) == ()

    run(story)


def test_the_outcome_of_an_effect_waits_for_room() -> None:
    """A full mailbox delays what a task brings, and does not lose it."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            fetcher = system.spawn("fetcher", Fetcher)
            cell = cell_of(system, "/fetcher")
            fetcher.tell(Fetch("patient", 1))
            await trio.testing.wait_all_tasks_blocked()
            cell.suspend()
            for number in range(4):
                assert fetcher.tell(Wake(str(number)))
            await trio.sleep(3)
            cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            log = await fetcher.ask(Log(), within=1)
            assert [text for _, text in log] == ["0", "1", "2", "3", "patient"]
            assert system.dead_letters.count == 0

    run(story)


def test_effects_have_a_bound() -> None:
    """One more than the bound is a crash, not a flood."""

    async def story() -> str:
        async with open_system("office", virtual_outside()) as system:
            fetcher = system.spawn("fetcher", Fetcher, Ends(restart=False))
            cell = cell_of(system, "/fetcher")
            for _ in range(TASKS_MAX + 1):
                await fetcher.send(Fetch("slow", 60))
            await trio.testing.wait_all_tasks_blocked()
            return cell.last_error

    assert run(story).startswith("AssertionError in Signal")


def test_timers_ring_in_order_and_can_be_cancelled() -> None:
    """Set out of order, they ring in order, at their time; the cancelled one never."""

    async def story() -> tuple[tuple[float, str], ...]:
        async with open_system("office", virtual_outside()) as system:
            fetcher = system.spawn("fetcher", Fetcher)
            context = cell_of(system, "/fetcher").context
            context.after(0.3, Wake("third"))
            context.after(0.1, Wake("first"))
            cancelled = context.after(0.2, Wake("never"))
            context.after(0.1, Wake("second"))
            context.after(3600, Wake("last"))
            await trio.sleep(0.15)
            cancelled.cancel()
            cancelled.cancel()
            await trio.sleep(4000)
            return await fetcher.ask(Log(), within=1)

    log = run(story)

    assert [text for _, text in log] == ["first", "second", "third", "last"]
    assert [at for at, _ in log] == pytest.approx([0.1, 0.1, 0.3, 3600.0])


def test_monitors_are_told_once_when_an_incarnation_ends() -> None:
    """A crash, a stop, a process that dies, and an actor that is gone already."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            watcher = system.spawn("watcher", Fetcher)
            context = cell_of(system, "/watcher").context
            watched: list[Ref] = [
                system.spawn("crashing", Clerk, Ends()),
                system.spawn("stopping", Clerk),
                system.spawn("process", SlowClerk),
            ]
            await trio.testing.wait_all_tasks_blocked()
            for ref in watched:
                context.monitor(ref)
            watched[0].tell(Secret("1"))
            await trio.testing.wait_all_tasks_blocked()
            watched[0].tell(Secret("not monitored any more"))
            await trio.testing.wait_all_tasks_blocked()
            cell_of(system, "/stopping").stop()
            context.monitor(watched[1])
            await trio.testing.wait_all_tasks_blocked()
            watched[2].tell(Secret("2"))
            await trio.testing.wait_all_tasks_blocked()
            assert [text for _, text in await watcher.ask(Log(), within=1)] == [
                "/crashing: ValueError",
                "/stopping: stopped",
                "/stopping: stopped",
                "/process: ValueError",
            ]

    run(story)


def test_actors_find_each_other_by_name() -> None:
    """A name or a path gives the Ref; an unknown one None."""

    async def story() -> None:
        async with open_system("office", virtual_outside(7)) as system:
            clerk = system.spawn("clerk", Clerk)
            system.register("typist", clerk)
            context = cell_of(system, "/clerk").context
            assert context.me is context.lookup("typist") is context.lookup("/clerk") is clerk
            assert context.lookup("nobody") is None
            assert context.outside is system.outside
            assert (context.path, repr(clerk)) == ("/clerk", "/clerk")

    run(story)


def test_the_trace_remembers_turns_without_bodies() -> None:
    """Time, path and type of every turn, in order."""

    async def story() -> list[tuple[float, str, str]]:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk, Ends())
            clerk.tell(Note("a"))
            await trio.sleep(2)
            clerk.tell(Secret("1234"))
            await trio.sleep(2)
            return system.trace.entries()

    assert run(story) == [(0.0, "/clerk", "Note"), (2.0, "/clerk", "Secret")]
