"""Reactive actors: order, answers, refusals, crashes and what their supervisors can do."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing

from actors import (
    NOREPLY,
    Actor,
    ActorError,
    ActorStopped,
    AskTimeout,
    CellState,
    HandlerCrashed,
    MailboxFull,
    NoReply,
    Reason,
    Ref,
    Refused,
    ReplyTo,
    on,
    open_system,
)
from tests.actors.cast import Break, Clerk, Count, Double, Ends, Note, Secret, cell_of, reactive
from tests.kit.outside import virtual_outside
from tests.kit.running import run
from wire.message import Code, Message, Refusal, Request


def test_an_answer_comes_back_typed() -> None:
    """Somebody asks a clerk to double a number and gets it."""

    async def story() -> int:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            return await clerk.ask(Double(21), within=1)

    assert run(story) == 42


def test_messages_of_one_sender_arrive_in_order() -> None:
    """Three hundred notes from one sender are read in the order of sending."""

    async def story() -> list[str]:
        async with open_system("office", virtual_outside()) as system:
            clerk = Clerk()
            ref = system.spawn("clerk", lambda: clerk)
            for number in range(300):
                ref.tell(Note(str(number)))
            await ref.ask(Count(), within=1)
            return clerk.notes

    assert run(story) == [str(number) for number in range(300)]


class Hop(Request[int], frozen=True):
    source: int
    seq: int


class Jumpy(Actor):
    """Checks that its turns never overlap, tells others at random, and crashes at random."""

    mailbox_capacity = 100_000

    def __init__(self, world: World) -> None:
        self.world = world

    @on(Hop)
    def hop(self, message: Hop) -> int:
        world, me = self.world, self.context.path
        assert world.inside == "", "two turns overlap"
        world.inside = me
        last = world.last.setdefault((me, message.source), -1)
        assert last < message.seq, "out of order"
        world.last[me, message.source] = message.seq
        world.seen += 1
        if world.chance.random() < 0.2:
            world.tell_somebody(own=self)
        world.inside = ""
        if world.chance.random() < 0.02:
            world.crashes += 1
            raise ValueError
        return message.seq


class World:
    """The bookkeeping of the stress story; survives restarts."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.inside = ""
        self.last: dict[tuple[str, int], int] = {}
        self.seen = self.sent = self.crashes = self.next = 0
        self.refs: list[Ref] = []

    def tell_somebody(self, own: Jumpy) -> None:
        self.next += 1
        source = 1000 + self.refs.index(own.context.me)
        assert self.chance.choice(self.refs).tell(Hop(source, self.next))
        self.sent += 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_or_reordered_under_random_crashes(seed: int) -> None:
    """Twenty producers tell and ask fifty actors, which tell each other and crash now and then."""

    async def story() -> None:
        async with open_system("office", virtual_outside(seed)) as system:
            world = World(seed)
            world.refs = [
                system.spawn(f"jumpy{index}", lambda: Jumpy(world), Ends()) for index in range(50)
            ]

            async def produce(source: int) -> None:
                for seq in range(0, 400, 2):
                    target = world.chance.choice(world.refs)
                    world.sent += 1
                    if seq % 14:
                        assert target.tell(Hop(source, seq))
                        continue
                    try:
                        assert seq == await target.ask(Hop(source, seq), within=60)
                    except HandlerCrashed:
                        continue
                    await trio.lowlevel.checkpoint()

            async with trio.open_nursery() as nursery:
                for source in range(20):
                    nursery.start_soon(produce, source)
            while system.dispatcher.runnable:
                await trio.lowlevel.checkpoint()

            assert world.seen == world.sent
            assert world.crashes == system.dead_letters.by_reason[Reason.POISON] > 50
            assert world.crashes == system.dead_letters.count
            assert all(cell_of(system, ref.path).statistics().mailbox == 0 for ref in world.refs)
            assert world.crashes == sum(cell.restarts for cell in system.cells.values())

    run(story)


class Tiny(Clerk):
    mailbox_capacity = 3


def test_a_full_mailbox_takes_nothing_and_loses_nothing_silently() -> None:
    """The fourth note is refused and counted; a fourth asker is told; a sender waits for room."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Tiny)
            cell = cell_of(system, "/clerk")
            cell.suspend()
            assert [clerk.tell(Note(str(n))) for n in range(4)] == [True, True, True, False]
            with pytest.raises(MailboxFull):
                await clerk.ask(Count(), within=1)
            assert [letter.kind for letter in system.dead_letters.entries] == ["Note", "Count"]
            assert system.dead_letters.by_reason == {Reason.OVERFLOW: 2}

            async with trio.open_nursery() as nursery:
                for text in ("a", "b"):
                    nursery.start_soon(clerk.send, Note(text))
                    await trio.testing.wait_all_tasks_blocked()
                assert cell.statistics().mailbox == 3
                cell.resume()
            actor = cell.actor
            assert isinstance(actor, Clerk)
            assert actor.notes == ["0", "1", "2", "a", "b"]
            assert await clerk.ask(Count(), within=1) == 5
            assert cell.statistics().mailbox_peak == 3

    run(story)


class Single(Clerk):
    mailbox_capacity = 1


def test_a_sender_that_waits_survives_a_crash() -> None:
    """The poison leaves, the sender gets its place, the next incarnation reads its note."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Single, Ends())
            cell = cell_of(system, "/clerk")
            cell.suspend()
            clerk.tell(Secret("1"))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(clerk.send, Note("patient"))
                nursery.start_soon(clerk.send, Note("more patient"))
                await trio.testing.wait_all_tasks_blocked()
                cell.resume()
            await trio.testing.wait_all_tasks_blocked()
            assert await clerk.ask(Count(), within=1) == 2

    run(story)


def test_a_poison_message_harms_nobody_else() -> None:
    """A crash buries its own message without its fields; its asker is told, others go on."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends()
            clerk = system.spawn("clerk", Clerk, ends)
            other = system.spawn("other", Clerk)
            clerk.tell(Note("lost with the first incarnation"))
            clerk.tell(Secret("1234"))
            clerk.tell(Note("kept in the mailbox"))
            with pytest.raises(HandlerCrashed, match="/clerk crashed on Break") as caught:
                await clerk.ask(Break("5678"), within=1)
            assert "5678" not in str(caught.value)
            assert await other.ask(Double(1), within=1) == 2
            assert await clerk.ask(Count(), within=1) == 0
            first = system.dead_letters.entries[0]
            assert (first.reason, first.path, first.kind) == (Reason.POISON, "/clerk", "Secret")
            assert first.summary.startswith("ValueError in Clerk.drop (cast.py:")
            assert "1234" not in repr(system.dead_letters.entries)
            assert ends.seen == [("/clerk", "ValueError"), ("/clerk", "ValueError")]
            assert cell_of(system, "/clerk").statistics().restarts == 2

    run(story)


def test_an_unsupervised_actor_that_crashes_is_stopped() -> None:
    """Nobody restarts it: what waited is buried, whoever asks later is told."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            clerk.tell(Secret("1"))
            clerk.tell(Note("behind"))
            with pytest.raises(ActorStopped):
                await clerk.ask(Count(), within=1)
            assert not clerk.tell(Note("late"))
            with pytest.raises(ActorStopped):
                await clerk.send(Note("late"))
            assert system.dead_letters.by_reason == {Reason.POISON: 1, Reason.STOPPED: 3}
            with pytest.raises(LookupError):
                system.ref("/clerk")

    run(story)


def test_an_unknown_message_is_the_senders_mistake() -> None:
    """The message is buried, the asker is told, the actor keeps its state."""

    class Unknown(Request[int], frozen=True):
        pass

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            clerk.tell(Note("kept"))
            clerk.tell(Unknown())
            with pytest.raises(ActorError, match="has no handler for Unknown"):
                await clerk.ask(Unknown(), within=1)
            assert await clerk.ask(Count(), within=1) == 1
            assert system.dead_letters.by_reason == {Reason.NO_HANDLER: 2}

    run(story)


class Ask(Request[str], frozen=True):
    text: str


class Answer(Message, frozen=True):
    value: object


class Patient(Actor):
    """Answers the oldest question when told the answer."""

    def __init__(self) -> None:
        self.waiting: list[ReplyTo] = []

    @on(Ask)
    def ask(self, message: Ask) -> NoReply | Refusal:
        if message.text == "no":
            return Refusal(Code.STATE, "现在不行")
        self.waiting.append(self.context.caller())
        return NOREPLY

    @on(Answer)
    def answer(self, message: Answer) -> None:
        self.context.caller().reply("goes nowhere, this was told")
        self.waiting.pop(0).reply(message.value)


def test_a_refusal_is_raised_at_the_asker() -> None:
    """A complete no arrives as Refused, at once or later."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            patient = system.spawn("patient", Patient)
            with pytest.raises(Refused, match="E_STATE") as caught:
                await patient.ask(Ask("no"), within=1)
            assert caught.value.refusal.message == "现在不行"

            async def later() -> None:
                with pytest.raises(Refused):
                    await patient.ask(Ask("?"), within=5)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(later)
                await trio.sleep(1)
                patient.tell(Answer(Refusal(Code.BUSY, "忙")))

    run(story)


def test_a_deferred_answer_arrives_or_the_deadline_does() -> None:
    """The first answer comes in time; the second asker gives up on the second, exactly."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            patient = system.spawn("patient", Patient)
            got: list[tuple[float, str]] = []

            async def ask(within: float) -> None:
                try:
                    got.append((trio.current_time(), await patient.ask(Ask("?"), within=within)))
                except AskTimeout:
                    got.append((trio.current_time(), "timeout"))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, 10)
                await trio.sleep(1)
                nursery.start_soon(ask, 2)
                await trio.testing.wait_all_tasks_blocked()
                patient.tell(Answer("yes"))
            await trio.sleep(10)
            patient.tell(Answer("too late"))
            await trio.testing.wait_all_tasks_blocked()
            assert [(at, text) for at, text in got] == [(0.0, "yes"), (3.0, "timeout")]
            assert system.dead_letters.by_reason == {Reason.LATE_REPLY: 1}
            assert len(system.wheel) == 0

    run(story)


def test_a_cancelled_asker_leaves_nothing_behind() -> None:
    """Who walks away is forgotten: no deadline is left, the late answer is counted."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            patient = system.spawn("patient", Patient)
            with trio.move_on_after(1) as walked_away:
                await patient.ask(Ask("?"), within=60)
            assert walked_away.cancelled_caught
            assert len(system.wheel) == 0
            patient.tell(Answer("anybody?"))
            await trio.testing.wait_all_tasks_blocked()
            assert system.dead_letters.by_reason == {Reason.LATE_REPLY: 1}

    run(story)


def test_the_control_lane_overtakes_a_full_mailbox() -> None:
    """A restart, a look inside and a stop are done before 256 notes that wait already."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends()
            clerk = system.spawn("clerk", Clerk, ends)
            cell = reactive(system, "/clerk")
            for number in range(256):
                clerk.tell(Note(str(number)))
            cell.restart()
            assert cell.inspect() == {"notes": 0}
            assert (cell.incarnation, cell.handled) == (2, 0)
            cell.stop()
            assert cell.handled == 0
            assert system.dead_letters.by_reason == {Reason.STOPPED: 256}
            assert ends.seen == [("/clerk", "")]

    run(story)


class Quitter(Clerk):
    @on(Double)
    def double(self, message: Double) -> int:
        self.context.stop()
        return 2 * message.number


def test_an_actor_stops_itself_after_its_turn() -> None:
    """The turn is finished and answered; what waits is kept for whoever comes after."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            ends = Ends()
            clerk = system.spawn("clerk", Quitter, ends)
            cell = reactive(system, "/clerk")
            assert await clerk.ask(Double(2), within=1) == 4
            clerk.tell(Note("for the next one"))
            assert (cell.state, cell.statistics().mailbox) == (CellState.DOWN, 1)
            cell.restart()
            assert await clerk.ask(Count(), within=1) == 1
            assert ends.seen == [("/clerk", "")]

    run(story)


class Fragile(Clerk):
    broken = False

    def started(self) -> None:
        if Fragile.broken:
            raise OSError


def test_a_failed_restart_reaches_the_supervisor_and_keeps_the_mail() -> None:
    """The second incarnation does not come up; the third does, and finds the mail."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Fragile, Ends(restart=False))
            cell = reactive(system, "/clerk")
            clerk.tell(Secret("1"))
            clerk.tell(Note("kept"))
            await trio.sleep(1)
            Fragile.broken = True
            try:
                with pytest.raises(OSError):  # noqa: PT011  # it has no text
                    cell.restart()
            finally:
                Fragile.broken = False
            seen = cell.statistics()
            assert (seen.state, seen.mailbox) == (CellState.DOWN, 1)
            assert seen.last_error.startswith("OSError in Fragile.started")
            await trio.sleep(3)
            assert cell.statistics().oldest_age_s == 4.0
            cell.restart()
            assert await clerk.ask(Count(), within=1) == 1
            assert cell.restarts == 2

    run(story)


def test_a_failed_start_reaches_whoever_spawned() -> None:
    """Nothing is left of an actor that did not come up."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            Fragile.broken = True
            try:
                with pytest.raises(OSError):  # noqa: PT011  # it has no text
                    system.spawn("clerk", Fragile)
            finally:
                Fragile.broken = False
            assert system.cells == {}

    run(story)


def test_a_path_is_used_once() -> None:
    """A second actor at the same path is refused; after a stop the path is free."""

    async def story() -> None:
        async with open_system("office", virtual_outside()) as system:
            clerk = system.spawn("clerk", Clerk)
            system.register("typist", clerk)
            with pytest.raises(ValueError, match="/clerk is in use"):
                system.spawn("clerk", Clerk)
            assert system.ref("typist") is clerk is system.ref("/clerk")
            with pytest.raises(ValueError, match="typist is taken by /clerk"):
                system.register("typist", system.spawn("other", Clerk))
            cell_of(system, "/clerk").stop()
            assert system.find("typist") is None
            system.spawn("clerk", Clerk)

    run(story)


class Greedy(Actor):
    @on(Note)
    def note(self, message: Note) -> None:
        raise AssertionError

    @on(object)
    def anything(self, message: object) -> str:
        return type(message).__name__


def test_the_nearest_handler_wins() -> None:
    """A handler of object takes whatever no other handler takes."""

    async def story() -> str:
        async with open_system("office", virtual_outside()) as system:
            ref = system.spawn("greedy", Greedy)
            return await ref.ask(Ask("?"), within=1)

    assert run(story) == "Ask"
