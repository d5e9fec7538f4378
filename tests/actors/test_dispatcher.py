"""Whose turn it is: fairness, isolation, Ctrl-C, long turns, and what breaks the runtime."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextvars import ContextVar

import pytest
import structlog
import trio
import trio.testing

from actors import Actor, Cell, Ref, on, open_system
from actors.outside import production_outside
from actors.runtime.dispatcher import TURNS_PER_DRAIN_MAX, TURNS_PER_PASS_MAX
from tests.actors.cast import Clerk, Count, Double, Note, Secret
from tests.kit.determinism import run_seeded
from tests.kit.outside import virtual_outside
from tests.kit.running import run, run_real
from wire.message import Message, Request


class Token(Message, frozen=True):
    pass


class Around(Actor):
    """Passes the token on for ever."""

    next: Ref
    turns = 0

    @on(Token)
    def token(self, message: Token) -> None:
        Around.turns += 1
        self.next.tell(message)


def test_other_tasks_run_while_a_token_circulates_for_ever() -> None:
    """Between two steps of a task there are at most two passes; who asks meanwhile is answered."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ring = [Around() for _ in range(10)]
            refs = [system.spawn(f"a{i}", lambda a=a: a) for i, a in enumerate(ring)]  # type: ignore[misc]  # a default binds the loop's variable
            for actor, ref in zip(ring, refs[1:] + refs[:1], strict=True):
                actor.next = ref
            clerk = system.spawn("clerk", Clerk)
            refs[0].tell(Token())
            for number in range(20):
                before = Around.turns
                await trio.lowlevel.checkpoint()
                assert Around.turns - before <= 2 * TURNS_PER_PASS_MAX
                assert await clerk.ask(Double(number), within=1) == 2 * number
            assert Around.turns > TURNS_PER_PASS_MAX

    run(story)


def test_a_busy_actor_lets_the_next_one_in() -> None:
    """An actor with much mail goes to the end of the queue after one drain."""

    async def story() -> list[str]:
        async with open_system("office", virtual_outside()) as system:
            busy, other = system.spawn("busy", Clerk), system.spawn("other", Clerk)
            for number in range(TURNS_PER_DRAIN_MAX + 1):
                busy.tell(Note(str(number)))
            other.tell(Note("x"))
            await trio.testing.wait_all_tasks_blocked()
            return [path for _, path, _ in system.trace.entries()]

    assert run(story) == ["/busy"] * TURNS_PER_DRAIN_MAX + ["/other", "/busy"]


def test_asking_without_end_lets_others_run() -> None:
    """A task that only asks, and never has to wait, still gives way regularly."""

    async def story() -> int:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            asked = 0

            async def ask_for_ever() -> None:
                nonlocal asked
                while True:
                    await clerk.ask(Count(), within=1)
                    asked += 1

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask_for_ever)
                for _ in range(10):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            return asked

    assert 0 < run(story) <= 11 * TURNS_PER_PASS_MAX


def test_a_cancelled_task_asks_nothing() -> None:
    """The short cut for noticing cancellation agrees with trio's own checkpoint."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            host = system.host
            assert not host.cancelled()
            await host.check_cancelled()
            with trio.CancelScope() as scope:
                scope.cancel()
                assert host.cancelled()
                with trio.CancelScope(shield=True):
                    assert not host.cancelled()
                    assert await clerk.ask(Count(), within=1) == 0
                with pytest.raises(trio.Cancelled):
                    await trio.lowlevel.checkpoint_if_cancelled()
                await clerk.ask(Count(), within=1)
            assert scope.cancelled_caught
            assert [kind for *_, kind in system.trace.entries()] == ["Count"]

    run(story)


WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


class WhoAmI(Request[str], frozen=True):
    pass


class Curious(Actor):
    @on(WhoAmI)
    def who(self, _message: WhoAmI) -> str:
        return WHO.get()


def test_a_turn_does_not_see_the_askers_context_variables() -> None:
    """Whether the asker assists or the dispatcher runs the turn, the handler sees its own."""

    async def story() -> str:
        async with open_system("office", virtual_outside()) as system:
            curious = system.spawn("curious", Curious)
            WHO.set("asker")
            return await curious.ask(WhoAmI(), within=1)

    assert run(story) == "nobody"


class Interrupt(Request[str], frozen=True):
    pass


class Interrupted(Actor):
    @on(Interrupt)
    def interrupt(self, _message: Interrupt) -> str:
        signal.raise_signal(signal.SIGINT)
        return "the turn was finished"


def test_ctrl_c_waits_for_the_end_of_the_turn_and_is_not_swallowed() -> None:
    """The answer is there, the program ends with KeyboardInterrupt at its next wait."""
    answers: list[str] = []

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            answers.append(await system.spawn("i", Interrupted).ask(Interrupt(), within=1))
            await trio.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        run(story)
    assert answers == ["the turn was finished"]


class Exiting(Actor):
    @on(Note)
    def note(self, message: Note) -> None:
        raise SystemExit(3)


def test_an_exit_is_no_crash() -> None:
    """A handler that ends the program ends the program."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("exiting", Exiting).tell(Note("now"))
            await trio.sleep(1)

    with pytest.raises(BaseExceptionGroup) as caught:
        run(story)
    assert caught.group_contains(SystemExit)


class Sluggish(Actor):
    @on(Double)
    def double(self, message: Double) -> int:
        begin = trio.current_time()
        while trio.current_time() - begin < message.number / 1000:
            pass
        return 0


@pytest.fixture
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as events:
        yield events


def test_a_long_turn_is_logged_with_path_and_type(
    logged: list[structlog.typing.EventDict],
) -> None:
    """Eight milliseconds in one turn are too many."""

    async def story() -> None:
        async with open_system("office", production_outside()) as system:
            await system.spawn("sluggish", Sluggish).ask(Double(8), within=1)

    run_real(story)

    (event,) = (event for event in logged if event["path"] == "/sluggish")
    assert event["event"] == "turn_overran"
    assert event["message"] == "Double"
    assert event["turn_ms"] >= 8.0


def test_a_pause_between_turns_is_nobodys_fault(
    logged: list[structlog.typing.EventDict],
) -> None:
    """When the machine itself paused and no turn was run meanwhile, nothing is logged."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            await system.spawn("clerk", Clerk).ask(Count(), within=1)
            dispatcher = system.dispatcher
            dispatcher._look(dispatcher.stopwatch() - 1.0)

    run(story)

    assert [event for event in logged if event["event"] == "turn_overran"] == []


class BrokenSupervisor:
    def on_down(self, cell: Cell, error: Exception | None) -> None:
        raise LookupError("no such child")


def test_a_broken_supervisor_ends_the_system_loudly() -> None:
    """What a supervisor's hook raises is nobody's poison: the system itself fails."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            system.spawn("clerk", Clerk, BrokenSupervisor()).tell(Secret("1"))
            await trio.sleep(1)

    with pytest.raises(ExceptionGroup) as caught:
        run(story)
    assert caught.group_contains(LookupError, match="no such child")


def test_an_error_of_the_program_comes_out_unwrapped() -> None:
    """Leaving a system with an error is leaving with that error."""

    async def story() -> None:
        async with open_system("office", virtual_outside()):
            raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        run(story)


def test_the_same_story_leaves_the_same_trace() -> None:
    """Two runs of a random story are the same, turn by turn."""

    async def story() -> list[tuple[float, str, str]]:
        outside = virtual_outside("seed")
        async with open_system("office", outside) as system:
            refs = [system.spawn(f"c{i}", Clerk) for i in range(20)]
            for _ in range(200):
                outside.random.choice(refs).tell(Note(outside.ids.new()))
                if outside.random.random() < 0.1:
                    await outside.random.choice(refs).ask(Count(), within=1)
            await trio.testing.wait_all_tasks_blocked()
            return system.trace.entries()

    assert run_seeded(story, 5) == run_seeded(story, 5)
