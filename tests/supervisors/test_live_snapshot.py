"""Looking into a running tree, above all when something in it is stuck."""

from __future__ import annotations

import msgspec
import pytest
import trio

from actors import Inbox, Process
from supervisors import ChildSpec, PoolSpec, State, open_tree, render, snapshot
from supervisors.snapshot import NODES_MAX, POOL_SHOWN_MAX
from tests.kit.running import run
from tests.supervisors.toys import (
    Boom,
    Count,
    Diary,
    Teller,
    courier,
    group,
    open_bank,
    see,
    teller,
)
from wire.message import Message


class CardRead(Message, frozen=True):
    """A message with something in it that no console may show."""

    number: str


class Stuck(Process):
    """Takes one message and never comes back."""

    async def run(self, inbox: Inbox) -> None:
        await inbox.receive()
        await self.wait_for_a_reader_that_is_gone()

    async def wait_for_a_reader_that_is_gone(self) -> None:
        await trio.sleep_forever()


def test_a_stuck_process_shows_its_line_and_its_mail() -> None:
    """Nobody asks the process, so the answer comes although it is stuck; bodies are not in it."""

    async def story() -> None:
        diary = Diary()
        children = [courier("a", diary), ChildSpec("reader", Stuck, shutdown_s=0.1)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            for _ in range(3):
                tree.ref("/office/reader").tell(CardRead("6217001234567890123"))
            await trio.sleep(5)

            node = see(tree, "/office/reader")
            assert (State.RUNNING, 2, 3) == (node.state, node.mailbox, node.mailbox_peak)
            assert node.stuck_at.startswith("test_live_snapshot.py:")
            assert node.stuck_at.endswith("Stuck.wait_for_a_reader_that_is_gone")
            assert 5 == pytest.approx(node.oldest_age_s, abs=0.1)
            assert "" == see(tree, "/office/a").stuck_at

            root = snapshot(tree)
            shown = render.text(root) + render.json(root) + render.dot(root) + repr(root)
            assert "wait_for_a_reader_that_is_gone" in shown
            assert "6217" not in shown

    run(story)


class Dreamer(Process):
    """Its set-up takes a while."""

    async def started(self) -> None:
        await trio.sleep(5)

    async def run(self, inbox: Inbox) -> None:
        async for _ in inbox:
            pass


def test_a_slow_start_shows_its_line() -> None:
    """STARTING, and where."""

    async def story() -> None:
        async with open_bank() as system, open_tree(system, group("office", [])) as tree:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tree.start_child, "/office", ChildSpec("a", Dreamer))
                await trio.sleep(1)
                node = see(tree, "/office/a")
                assert State.STARTING is node.state
                assert node.stuck_at.endswith("Dreamer.started")
            assert State.RUNNING is see(tree, "/office/a").state

    run(story)


def test_the_tree_tells_paths_kinds_states_restarts_and_errors() -> None:
    """What an operator sees of a small office after one crash."""

    async def story() -> None:
        diary = Diary()
        pool = PoolSpec("cases", lambda key: Teller(key, diary), limit=100, passivate_s=60)
        spec = group("office", [teller("queue", diary), group("hw", [courier("ble", diary)]), pool])
        async with open_bank() as system, open_tree(system, spec) as tree:
            tree.ref("/office/hw/ble").tell(Boom())
            for number in range(POOL_SHOWN_MAX + 5):
                await tree.pool("/office/cases").ref(f"c{number}").ask(Count(), within=1)
            await trio.sleep(1)

            root = snapshot(tree)
            assert [
                ("/office", "supervisor", 0),
                ("/office/queue", "reactive", 0),
                ("/office/hw", "supervisor", 0),
                ("/office/hw/ble", "process", 1),
                ("/office/cases", "pool", 0),
            ] == [(node.path, node.kind, node.restarts) for node in root.walk()][:5]
            assert {State.RUNNING} == {node.state for node in root.walk()}
            ble, cases = root.find("/office/hw/ble"), root.find("/office/cases")
            assert ble is not None
            assert cases is not None
            assert ble.last_error.startswith("Broken in Courier.run (toys.py:")
            assert (POOL_SHOWN_MAX + 5, POOL_SHOWN_MAX) == (cases.count, len(cases.children))
            assert "more not shown" in render.text(root, lang="en")
            assert 9 <= len(msgspec.json.decode(render.json(root)))

    run(story)


def test_rates_are_those_of_the_last_seconds() -> None:
    """Both kinds of actors; a quiet time brings them down to nothing."""

    async def story() -> None:
        diary = Diary()
        children = [teller("a", diary), courier("b", diary)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            for _ in range(100):
                await tree.ref("/office/a").ask(Count(), within=1)
                await tree.ref("/office/b").ask(Count(), within=1)
                await trio.sleep(0.1)
            assert 10 == pytest.approx(see(tree, "/office/a").rate, rel=0.05)
            assert 10 == pytest.approx(see(tree, "/office/b").rate, rel=0.05)
            assert 20 == pytest.approx(snapshot(tree).rate, rel=0.05)
            await trio.sleep(20)
            assert 0 == snapshot(tree).rate

    run(story)


def test_a_snapshot_of_a_huge_tree_is_bounded() -> None:
    """The rest is counted."""

    async def story() -> None:
        diary = Diary()
        children = [teller(f"t{number}", diary) for number in range(NODES_MAX + 100)]
        async with open_bank() as system, open_tree(system, group("office", children)) as tree:
            root = snapshot(tree)
            assert NODES_MAX == len(list(root.walk()))
            assert NODES_MAX + 100 == root.count

    run(story)
