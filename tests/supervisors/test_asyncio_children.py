"""Children that live on the asyncio loop beside: supervised like all others, in real time."""

from __future__ import annotations

import asyncio

import pytest
import trio

from actors import Inbox, Process
from actors.asyncio_side.host import open_asyncio_host
from supervisors import ChildSpec, open_tree
from tests.kit.running import run_real
from tests.supervisors.toys import Boom, Broken, Count, Diary, group, open_bank, see, teller

WAIT_S_MAX = 10.0


class Radio(Process):
    """An asyncio body."""

    def __init__(self, name: str, diary: Diary) -> None:
        self.name = name
        self.diary = diary

    async def started(self) -> None:
        await asyncio.sleep(0)
        self.diary.begin(self.name)

    async def run(self, inbox: Inbox) -> None:
        count = 0
        try:
            async for delivery in inbox:
                await asyncio.sleep(0)
                if isinstance(delivery.message, Boom):
                    raise Broken(self.name)
                count += 1
                delivery.reply(count)
        finally:
            self.diary.end(self.name)


def test_a_child_on_asyncio_is_restarted_and_stopped_in_order() -> None:
    """Its Ref survives its crash, its state does not, and it stops in its turn."""

    async def story() -> None:
        diary = Diary()
        with trio.fail_after(WAIT_S_MAX):
            async with open_bank() as system, open_asyncio_host(system) as host:
                radio = ChildSpec("radio", host.child(lambda: Radio("radio", diary)))
                children = [teller("a", diary), radio, teller("b", diary)]
                async with open_tree(system, group("office", children)) as tree:
                    ref = tree.ref("/office/radio")
                    assert 1 == await ref.ask(Count(), within=5)
                    ref.tell(Boom())
                    assert 1 == await ref.ask(Count(), within=5)
                    node = see(tree, "/office/radio")
                    assert ("asyncio", 1) == (node.kind, node.restarts)
                    assert node.last_error.startswith("Broken in Radio.run")
                assert ["-b", "-radio", "-a"] == diary.lines[-3:]
                assert [] == diary.overlaps

    run_real(story)


def test_its_failed_start_reaches_the_opener() -> None:
    """The error crosses the loops unwrapped."""

    async def story() -> None:
        diary = Diary(sick={"radio"})
        with trio.fail_after(WAIT_S_MAX):
            async with open_bank() as system, open_asyncio_host(system) as host:
                radio = ChildSpec("radio", host.child(lambda: Radio("radio", diary)))
                with pytest.raises(Broken):
                    async with open_tree(system, group("office", [teller("a", diary), radio])):
                        pytest.fail("the block must not run")
                assert ["+a", "-a"] == diary.lines

    run_real(story)
