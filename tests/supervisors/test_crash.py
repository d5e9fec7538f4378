"""One crashing actor: what others notice of it, and how soon it is back."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
import structlog
import trio

from actors import Actor, Down, HandlerCrashed, on
from supervisors import ChildSpec, Strategy, Tree, open_tree
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Broken,
    Count,
    Diary,
    Teller,
    courier,
    fall,
    group,
    open_bank,
    see,
    teller,
    until,
)
from wire.message import Request

CHECKPOINTS_MAX = 4


class Poison(Request[int], frozen=True):
    """A request that crashes the actor."""

    card: str


class Fragile(Teller):
    """Crashes on a request."""

    @on(Poison)
    def on_poison(self, m: Poison) -> int:
        self.diary.end(self.name)
        raise Broken(m.card)


def fragile(name: str, diary: Diary) -> ChildSpec:
    return ChildSpec(name, lambda: Fragile(name, diary))


def test_a_crash_leaves_the_others_untouched_and_keeps_the_mailbox() -> None:
    """Only the message in hand is lost, and it is in dead letters; the asker is told."""

    async def story() -> None:
        diary = Diary()
        children = [fragile("a", diary), fragile("b", diary)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            a, b = tree.ref("/office/a"), tree.ref("/office/b")
            await b.ask(Count(), within=1)
            with pytest.raises(HandlerCrashed):
                await a.ask(Poison("6217001234567890123"), within=1)

            assert 1 == await a.ask(Count(), within=1)
            assert 2 == await b.ask(Count(), within=1)
            (letter,) = system.dead_letters.entries
            assert ("poison", "/office/a", "Poison") == (letter.reason, letter.path, letter.kind)
            node = see(tree, "/office/a")
            assert 1 == node.restarts
            assert "6217" not in repr(node) + repr(letter)

    run(story)


def test_crash_restart_and_answer_take_few_task_switches() -> None:
    """A reactive child restarts within the crash itself: nobody has to wait for its supervisor."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [fragile("a", diary)], restarts=100)) as tree,
        ):
            a = tree.ref("/office/a")
            counter = Checkpoints()
            trio.lowlevel.add_instrument(counter)
            with pytest.raises(HandlerCrashed):
                await a.ask(Poison(""), within=1)
            assert 1 == await a.ask(Count(), within=1)
            trio.lowlevel.remove_instrument(counter)

            assert counter.steps <= CHECKPOINTS_MAX

    run(story)


class Checkpoints(trio.abc.Instrument):
    """Counts how often any task was run."""

    def __init__(self) -> None:
        self.steps = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1


def test_every_restart_is_logged_without_what_the_error_says() -> None:
    """At once or by the supervisor's task, for its own crash or a sibling's: path, type, count."""

    async def story() -> list[MutableMapping[str, Any]]:
        diary = Diary()
        alone = group("alone", [fragile("a", diary)])
        together = group(
            "together", [courier("b", diary), teller("c", diary)], Strategy.ONE_FOR_ALL
        )
        spec = group("office", [alone, together])
        async with open_bank() as system, open_tree(system, spec) as tree:
            a, b = tree.ref("/office/alone/a"), tree.ref("/office/together/b")
            with structlog.testing.capture_logs() as events:
                for _ in range(2):
                    with pytest.raises(HandlerCrashed):
                        await a.ask(Poison("6217001234567890123"), within=1)
                    await a.ask(Count(), within=1)
                b.tell(Boom())
                await b.ask(Count(), within=1)
            return events

    events = run(story)
    assert all(event["event"] == "child_restart" for event in events)
    assert [
        ("/office/alone/a", "Broken", 1),
        ("/office/alone/a", "Broken", 2),
        ("/office/together/b", "Broken", 1),
        ("/office/together/c", "Broken", 1),
    ] == [(event["path"], event["reason"], event["count"]) for event in events]
    assert "6217" not in repr(events)


def test_messages_behind_the_poison_are_handled_by_the_next_incarnation() -> None:
    """In order, after one restart for each poison."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [teller("a", diary)])) as tree,
        ):
            a = tree.ref("/office/a")
            for _ in range(3):
                a.tell(Boom())
                a.tell(Count())
            assert 2 == await a.ask(Count(), within=1)
            assert ["+a", *["-a", "+a"] * 3] == diary.lines

    run(story)


def test_a_process_loses_only_what_it_had_in_hand() -> None:
    """The same for a process actor."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [courier("a", diary)])) as tree,
        ):
            a = tree.ref("/office/a")
            a.tell(Boom())
            a.tell(Count())
            assert 2 == await a.ask(Count(), within=1)
            assert ["poison"] == [letter.reason for letter in system.dead_letters.entries]

    run(story)


def test_a_monitor_hears_of_a_crash_although_the_actor_is_back() -> None:
    """Supervision does not hide ends from whoever wants to know."""

    class Friend(Actor):
        def __init__(self) -> None:
            self.heard: list[Down] = []

        @on(Count)
        def on_count(self, _: Count) -> int:
            other = self.context.lookup("/office/a")
            assert other is not None
            self.context.monitor(other)
            return 0

        @on(Down)
        def on_down(self, m: Down) -> None:
            self.heard.append(m)

    async def story() -> None:
        diary = Diary()
        friend = Friend()
        children = [teller("a", diary), ChildSpec("friend", lambda: friend)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            await tree.ref("/office/friend").ask(Count(), within=1)
            tree.ref("/office/a").tell(Boom())
            await until(lambda: len(friend.heard) == 1)
            assert "/office/a" == friend.heard[0].path
            assert 1 == await tree.ref("/office/a").ask(Count(), within=1)

    run(story)


def test_effects_end_with_the_incarnation() -> None:
    """A restart cancels what the crashed incarnation had started."""

    class Sender(Teller):
        def started(self) -> None:
            super().started()
            self.context.start_task("slow", self.work)

        async def work(self) -> None:
            try:
                await trio.sleep_forever()
            finally:
                self.diary.lines.append("task cancelled")

    async def story() -> None:
        diary = Diary()
        spec = ChildSpec("a", lambda: Sender("a", diary))
        async with open_bank() as system:
            async with open_tree(system, group("office", [spec])) as tree:
                await trio.sleep(1)
                tree.ref("/office/a").tell(Boom())
                await trio.sleep(1)
                assert ["+a", "-a", "+a", "task cancelled"] == diary.take()
            await trio.sleep(1)
            assert ["-a", "task cancelled"] == diary.take()

    run(story)


def test_a_reactive_crash_loop_escalates_too() -> None:
    """The short way of restarting counts like the long one."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system:

            async def play(tree: Tree) -> None:
                for _ in range(10):
                    tree.ref("/office/a").tell(Boom())
                await tree.wait()

            failed = await fall(system, group("office", [teller("a", diary)]), play)
            assert ("a", 4) == (failed.child, len(failed.history))
            assert 4 == diary.lines.count("+a")

    run(story)
