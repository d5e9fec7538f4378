"""Keyed actors: revived by a message, let go when idle, bounded in number, never lost silently."""

from __future__ import annotations

import gc

import pytest
import trio

from actors import HandlerCrashed, MailboxFull, NotStarted, on
from supervisors import BadSpec, Intensity, PoolSpec, State, SupervisorSpec, Tree, open_tree
from supervisors import pool as pools
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Broken,
    Count,
    Diary,
    Leave,
    Teller,
    group,
    open_bank,
    see,
    teller,
)
from wire.backoff import Backoff
from wire.message import Message, Request


class Work(Message, frozen=True):
    """Keeps an actor busy until it is told to rest."""


class Rest(Message, frozen=True):
    """Ends the work."""


class Crash(Request[int], frozen=True):
    """A request that crashes the actor."""


class Slow(Message, frozen=True):
    """Starts a task of ten seconds."""


class Case(Teller):
    """A keyed toy that knows when it is busy."""

    working = False

    def busy(self) -> bool:
        return self.working

    @on(Work)
    def on_work(self, _: Work) -> None:
        self.working = True

    @on(Rest)
    def on_rest(self, _: Rest) -> None:
        self.working = False

    @on(Crash)
    def on_crash(self, _: Crash) -> int:
        self.diary.end(self.name)
        raise Broken(self.name)

    @on(Slow)
    def on_slow(self, _: Slow) -> None:
        self.context.start_task("slow", self.work_for_long)

    async def work_for_long(self) -> None:
        await trio.sleep(10)


def cases(diary: Diary, limit: int = 3, passivate_s: float = 60.0, crashes: int = 9) -> PoolSpec:
    return PoolSpec(
        "cases",
        lambda key: Case(key, diary),
        limit,
        passivate_s,
        intensity=Intensity(crashes, 60),
        backoff=Backoff(5, 20, jitter=0),
    )


def office(diary: Diary, limit: int = 3, passivate_s: float = 60.0) -> SupervisorSpec:
    return group("office", [cases(diary, limit, passivate_s)])


def test_a_message_brings_a_key_to_life() -> None:
    """Holding a Ref costs nothing; the first message starts the actor."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            one = pool.ref("case-1")
            assert one is pool.ref("case-1")
            assert "/office/cases/case-1" == one.path
            assert 0 == pool.live
            assert [] == diary.lines

            assert 1 == await one.ask(Count(), within=1)
            assert 2 == await tree.ref("/office/cases/case-1").ask(Count(), within=1)
            assert 1 == pool.live
            assert ["+case-1"] == diary.lines
        assert ["+case-1", "-case-1"] == diary.lines

    run(story)


def test_an_idle_actor_is_let_go_and_revived() -> None:
    """After a minute without messages; the Ref stays the same, the memory starts anew."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            one = pool.ref("1")
            await one.ask(Count(), within=1)
            await trio.sleep(59)
            assert 2 == await one.ask(Count(), within=1)
            await trio.sleep(59)
            assert ["+1"] == diary.take()

            await trio.sleep(2)
            assert ["-1"] == diary.take()
            assert 0 == pool.live
            assert {} == {path: cell for path, cell in system.cells.items() if "cases" in path}

            assert 1 == await one.ask(Count(), within=1)
            assert one.tell(Leave())
            await trio.sleep(1)
            assert ["+1", "-1"] == diary.take()
            assert 1 == await one.ask(Count(), within=1)

    run(story)


@pytest.mark.parametrize("keep", [Work(), Slow()])
def test_a_busy_actor_is_not_let_go(keep: Message) -> None:
    """Whoever works, or has a task under way, stays."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary, passivate_s=6)) as tree:
            one = tree.pool("/office/cases").ref("1")
            one.tell(keep)
            await trio.sleep(9)
            assert ["+1"] == diary.lines
            one.tell(Rest())
            await trio.sleep(9)
            assert ["+1", "-1"] == diary.lines

    run(story)


def test_at_the_limit_the_least_recently_used_idle_one_makes_room() -> None:
    """1, 2, 3 live; 1 is used again; 4 comes: 2 goes."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            for key in ("1", "2", "3", "1", "4"):
                await pool.ref(key).ask(Count(), within=1)
            assert ["+1", "+2", "+3", "-2", "+4"] == diary.take()
            assert 3 == pool.live

            pool.ref("3").tell(Work())
            await trio.sleep(0.1)
            pool.ref("1").tell(Count())
            pool.ref("4").tell(Count())
            await trio.sleep(0.1)
            await pool.ref("5").ask(Count(), within=1)
            assert ["-1", "+5"] == diary.take()

    run(story)


def test_when_all_are_busy_the_message_is_turned_away_and_says_so() -> None:
    """MailboxFull for the asker, False for the teller, a dead letter for the operator."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            for key in "123":
                pool.ref(key).tell(Work())
            await trio.sleep(1)
            four = pool.ref("4")

            with pytest.raises(MailboxFull):
                await four.ask(Count(), within=1)
            with pytest.raises(MailboxFull):
                await four.send(Work())
            assert not four.tell(Work())
            letters = [(each.reason, each.path) for each in system.dead_letters.entries]
            assert [("overflow", "/office/cases/4")] * 3 == letters

            pool.ref("2").tell(Rest())
            await trio.sleep(1)
            assert 1 == await four.ask(Count(), within=1)
            await four.send(Work())
            assert ["+1", "+2", "+3", "-2", "+4"] == diary.lines

    run(story)


def test_mail_that_waits_makes_an_actor_busy() -> None:
    """Four keys are told at once with room for three: the fourth is turned away, none is lost."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            assert [True, True, True, False] == [pool.ref(key).tell(Work()) for key in "1234"]
            await trio.sleep(1)
            assert ["+1", "+2", "+3"] == diary.lines
            assert 1 == system.dead_letters.count

    run(story)


def test_a_crash_costs_the_poison_only() -> None:
    """The rest of the key's mail is handled by its next incarnation, other keys notice nothing."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            one, two = pool.ref("1"), pool.ref("2")
            await two.ask(Count(), within=1)
            one.tell(Boom())
            one.tell(Count())
            assert 2 == await one.ask(Count(), within=1)
            assert 2 == await two.ask(Count(), within=1)

            with pytest.raises(HandlerCrashed):
                await one.ask(Crash(), within=1)
            assert 1 == pool.live
            assert 1 == await one.ask(Count(), within=1)
            assert 2 == see(tree, "/office/cases/1").restarts
            assert "Broken in Case.on_crash" in see(tree, "/office/cases").last_error

    run(story)


def test_whoever_asks_for_a_key_that_cannot_start_is_told_so() -> None:
    """At once, as OTP's `start_child` does, and so is everybody behind; a tell is a dead letter."""

    async def story() -> None:
        diary = Diary(sick={"1"})
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            one = pool.ref("1")
            one.tell(Count())
            with pytest.raises(NotStarted):
                await one.ask(Count(), within=1)
            assert {"not_started": 2} == system.dead_letters.by_reason
            assert 0 == pool.live
            assert 1 == await pool.ref("2").ask(Count(), within=1)

            diary.sick.clear()
            assert 1 == await one.ask(Count(), within=1)

    run(story)


def test_a_key_that_keeps_failing_is_paused_and_shown() -> None:
    """For 5, 10, 20 and again 20 seconds, without a place among the live; one good life ends it."""

    async def story() -> None:
        diary = Diary(sick={"1"})
        spec = group("office", [cases(diary, limit=1, crashes=2)])
        async with open_bank() as system, open_tree(system, spec) as tree:
            one = tree.pool("/office/cases").ref("1")
            for pause_s in (5, 10, 20, 20):
                while State.BACKOFF is not _state(tree, "/office/cases/1"):
                    with pytest.raises(NotStarted):
                        await one.ask(Count(), within=1)
                node = see(tree, "/office/cases/1")
                until_s = (node.backoff_until_ms - EPOCH_MS) / 1000
                assert pause_s == pytest.approx(until_s - trio.current_time(), abs=0.01)
                with pytest.raises(NotStarted):
                    await one.send(Work())
                assert not one.tell(Work())
                assert 1 == await tree.pool("/office/cases").ref("2").ask(Count(), within=1)
                await trio.sleep(pause_s)
            assert "/office/cases/1" not in _paths(tree)

            diary.sick.clear()
            assert 1 == await one.ask(Count(), within=1)
            await trio.sleep(20)
            one.tell(Boom())
            await trio.sleep(1)
            assert 1 == await one.ask(Count(), within=1), "long ago is forgotten"

    run(story)


def test_a_crashing_key_costs_nobody_else_anything() -> None:
    """However many there are and however often: neighbours live on, the pool is never restarted."""

    async def story() -> None:
        diary = Diary()
        spec = group("office", [cases(diary, limit=50, crashes=3)], restarts=0)
        async with open_bank() as system, open_tree(system, spec) as tree:
            pool = tree.pool("/office/cases")
            kept = pool.ref("kept")
            await kept.ask(Count(), within=1)
            for _ in range(20):
                for number in range(20):
                    pool.ref(f"{number}").tell(Boom())
                await trio.sleep(1)
            assert 2 == await kept.ask(Count(), within=1)
            node = see(tree, "/office/cases")
            assert (0, State.RUNNING) == (node.restarts, node.state)
            assert 1 == pool.live

    run(story)


def test_mail_behind_one_crash_too_many_is_answered() -> None:
    """Nobody waits for the end of a pause."""

    async def story() -> None:
        diary = Diary()
        spec = group("office", [cases(diary, crashes=1)])
        async with open_bank() as system, open_tree(system, spec) as tree:
            one = tree.pool("/office/cases").ref("1")
            one.tell(Boom())
            one.tell(Boom())
            one.tell(Count())
            with pytest.raises(NotStarted):
                await one.ask(Count(), within=9)
            assert {"poison": 2, "not_started": 2} == system.dead_letters.by_reason
            assert 0 == trio.current_time()

    run(story)


def test_only_so_many_failing_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten, and may be tried again."""
    monkeypatch.setattr(pools, "FAILING_MAX", 3)

    async def story() -> None:
        diary = Diary(sick=set("1234"))
        spec = group("office", [cases(diary, crashes=0)])
        async with open_bank() as system, open_tree(system, spec) as tree:
            for key in "1234":
                with pytest.raises(NotStarted):
                    await tree.pool("/office/cases").ref(key).ask(Count(), within=1)
            paused = [path for path in _paths(tree) if _state(tree, path) is State.BACKOFF]
            assert [f"/office/cases/{key}" for key in "234"] == paused

    run(story)


def _paths(tree: Tree) -> list[str]:
    """Of everybody in the pool, as the tree shows them."""
    return [child.path for child in see(tree, "/office/cases").children]


def _state(tree: Tree, path: str) -> State | None:
    return see(tree, path).state if path in _paths(tree) else None


def test_mail_outlives_a_restart_of_the_pools_branch() -> None:
    """What was told to a key while the pool was down is handled when it is up again."""

    async def story() -> None:
        diary = Diary()
        branch = group("branch", [teller("a", diary), cases(diary)], restarts=0)
        slow = SupervisorSpec(
            branch.id,
            branch.strategy,
            branch.intensity,
            branch.children,
            backoff=Backoff(10, 10, jitter=0),
        )
        async with open_bank() as system, open_tree(system, group("office", [slow])) as tree:
            one = tree.pool("/office/branch/cases").ref("1")
            await one.ask(Count(), within=1)
            tree.ref("/office/branch/a").tell(Boom())
            await trio.sleep(1)
            assert State.BACKOFF is see(tree, "/office/branch").state
            assert 1 == await one.ask(Count(), within=20)
            assert ["+a", "+1", "-a", "-1", "+a", "+1"] == diary.lines

    run(story)


def test_a_terminated_key_is_gone_and_can_be_had_anew() -> None:
    """The old Ref is dead, and says so; a fresh one works."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            old = pool.ref("1")
            await old.ask(Count(), within=1)
            await tree.terminate_child("/office/cases/1")
            assert ["+1", "-1"] == diary.lines
            assert not old.tell(Count())
            assert 1 == await pool.ref("1").ask(Count(), within=1)

    run(story)


def test_a_key_that_cannot_be_a_path_is_refused() -> None:
    """Keys come from outside sometimes."""

    async def story() -> None:
        async with open_bank() as system, open_tree(system, office(Diary())) as tree:
            for key in ("", "a/b", "x" * 1000, "a\nb"):
                with pytest.raises(BadSpec):
                    tree.pool("/office/cases").ref(key)

    run(story)


def test_a_passive_key_that_nobody_holds_costs_nothing() -> None:
    """A pool that saw ten thousand cases remembers the live ones only."""

    async def story() -> None:
        diary = Diary()
        async with open_bank() as system, open_tree(system, office(diary)) as tree:
            pool = tree.pool("/office/cases")
            for number in range(1000):
                await pool.ref(str(number)).ask(Count(), within=1)
            gc.collect()
            assert 3 == pool.live
            assert 3 == len(pool._cells)
            await trio.sleep(100)
            gc.collect()
            assert 0 == len(pool._cells)
            assert 1000 == len([line for line in diary.lines if line.startswith("-")])

    run(story)
