"""Who is stopped and started when one child ends: all strategies, all restart types, both kinds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from supervisors import ChildSpec, Restart, State, Strategy, open_tree
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Count,
    Diary,
    Leave,
    courier,
    group,
    open_bank,
    see,
    teller,
    until,
)
from wire.message import Message

P, T, X = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE

KINDS = [pytest.param(teller, id="reactive"), pytest.param(courier, id="process")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("strategy", "restart", "message", "expected"),
    [
        (ONE, P, Boom(), "-b +b"),
        (ALL, P, Boom(), "-b -c -a +a +b +c"),
        (REST, P, Boom(), "-b -c +b +c"),
        (ONE, T, Boom(), "-b +b"),
        (ALL, T, Boom(), "-b -c -a +a +b +c"),
        (REST, T, Boom(), "-b -c +b +c"),
        (ONE, X, Boom(), "-b"),
        (ALL, X, Boom(), "-b"),
        (REST, X, Boom(), "-b"),
        (ONE, P, Leave(), "-b +b"),
        (ALL, P, Leave(), "-b -c -a +a +b +c"),
        (REST, P, Leave(), "-b -c +b +c"),
        (ONE, T, Leave(), "-b"),
        (ALL, T, Leave(), "-b"),
        (REST, T, Leave(), "-b"),
        (ONE, X, Leave(), "-b"),
        (ALL, X, Leave(), "-b"),
        (REST, X, Leave(), "-b"),
    ],
)
def test_the_middle_one_of_three_ends(
    kind: Callable[..., ChildSpec],
    strategy: Strategy,
    restart: Restart,
    message: Message,
    expected: str,
) -> None:
    """a, b and c run; b crashes or leaves; the diary tells who stops and starts, in which order."""

    async def story() -> None:
        diary = Diary()
        children = [kind(name, diary, restart) for name in "abc"]
        if restart is X:
            children = [kind("a", diary), kind("b", diary, X), kind("c", diary)]
        async with (
            open_bank() as system,
            open_tree(system, group("office", children, strategy)) as tree,
        ):
            assert ["+a", "+b", "+c"] == diary.take()

            tree.ref("/office/b").tell(message)
            await trio.sleep(1)

            assert expected == " ".join(diary.take())
            await tree.ref("/office/a").ask(Count(), within=1)
            await tree.ref("/office/c").ask(Count(), within=1)
        assert set() == diary.alive

    run(story)


def test_a_temporary_sibling_does_not_survive_a_group_restart() -> None:
    """one_for_all stops it with the others and forgets it."""

    async def story() -> None:
        diary = Diary()
        children = [courier("a", diary), courier("b", diary, X)]
        async with (
            open_bank() as system,
            open_tree(system, group("office", children, ALL)) as tree,
        ):
            diary.take()
            tree.ref("/office/a").tell(Boom())
            await trio.sleep(1)

            assert ["-a", "-b", "+a"] == diary.take()
            assert ["/office/a"] == [child.path for child in see(tree, "/office").children]

    run(story)


def test_refs_survive_a_group_restart_and_keep_their_mail() -> None:
    """What was told to a sibling while it was down is handled by its next incarnation."""

    async def story() -> None:
        diary = Diary()
        children = [courier("a", diary), courier("b", diary, closing_s=2.0)]
        async with (
            open_bank() as system,
            open_tree(system, group("office", children, ALL)) as tree,
        ):
            b = tree.ref("/office/b")
            assert 1 == await b.ask(Count(), within=1)
            tree.ref("/office/a").tell(Boom())
            await until(lambda: see(tree, "/office/b").state is State.STOPPING)

            assert 1 == await b.ask(Count(), within=10)
            assert b is tree.ref("/office/b")

    run(story)


def test_a_finished_transient_child_stays_stopped_and_its_ref_is_dead() -> None:
    """It is shown as STOPPED, and messages to it are dead letters, not silence."""

    async def story() -> None:
        diary = Diary()
        async with (
            open_bank() as system,
            open_tree(system, group("office", [teller("a", diary, T)])) as tree,
        ):
            a = tree.ref("/office/a")
            a.tell(Leave())
            await trio.sleep(1)

            assert State.STOPPED is see(tree, "/office/a").state
            assert not a.tell(Leave())
            assert "stopped" == system.dead_letters.entries[-1].reason

            await tree.restart_child("/office/a")
            assert 1 == await tree.ref("/office/a").ask(Count(), within=1)

    run(story)


def test_incarnations_never_overlap_however_slowly_a_sibling_closes() -> None:
    """The diary notes every second incarnation of a name."""

    async def story() -> None:
        diary = Diary()
        children = [
            courier("a", diary),
            courier("b", diary, closing_s=3.0),
            courier("c", diary, closing_s=60.0, shutdown_s=2.0),
        ]
        async with (
            open_bank() as system,
            open_tree(system, group("office", children, REST, restarts=5)) as tree,
        ):
            diary.take()
            for _ in range(3):
                tree.ref("/office/a").tell(Boom())
                await trio.sleep(30)

            assert ["-a", "-c", "-b", "+a", "+b", "+c"] * 3 == diary.take()
            assert [] == diary.overlaps

    run(story)
