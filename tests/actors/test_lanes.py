"""A full lane: the node's own work waits and comes through, a peer's is refused in time."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors.asyncio_side.host import open_asyncio_host
from actors.store import Append, Batch, Event, StoreError, lanes
from actors.store.client import StoreClient
from actors.store.lanes import PEER_WAIT_S, Lane, Lanes
from actors.store.memory import Disk, MemoryStore
from actors.store.sqlite import SqliteProcess
from tests.kit.running import run, run_real

MANY = 300


def batch(number: int) -> Batch:
    return Batch("x", 1, appends=(Append(f"case/{number}", 0, (Event("happened", b""),)),))


def test_own_work_waits_in_order_and_a_peer_is_refused() -> None:
    """The peer learns within a moment that nothing was done; nobody overtakes."""

    async def story() -> None:
        async def slow(_store: MemoryStore, _batch: Batch) -> None:
            await trio.sleep(3 * PEER_WAIT_S)

        disk = Disk()
        store = MemoryStore(disk, before_commit=slow, lanes=Lanes.of(2))
        async with trio.open_nursery() as nursery:
            for number in range(6):
                nursery.start_soon(store.commit, batch(number))
                await trio.sleep(0.01)
            with pytest.raises(StoreError, match="nothing was done"):
                await store.for_peers().commit(batch(9))
            assert PEER_WAIT_S == pytest.approx(trio.current_time(), abs=0.1)
            assert [] == await store.for_peers().read("case/9"), "the other lane is free"
        assert [f"case/{number}" for number in range(6)] == [row.stream for row in disk.journal]

    run(story)


def test_a_peer_waits_for_a_moment() -> None:
    """A burst that is over at once is no reason to send anybody away."""

    async def story() -> None:
        lane = Lane(1)

        async def hold() -> None:
            async with lane.place(patient=True):
                await trio.sleep(PEER_WAIT_S / 2)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(hold)
            await trio.sleep(0.01)
            async with lane.place(patient=False):
                assert PEER_WAIT_S / 2 == pytest.approx(trio.current_time(), abs=0.1)

    run(story)


def test_those_who_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Own work, too: one more is refused, with nothing done."""
    monkeypatch.setattr(lanes, "LANE_WAITING_MAX", 3)

    async def story() -> None:
        lane = Lane(1)

        async def hold() -> None:
            async with lane.place(patient=True):
                await trio.sleep(1)

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(hold)
            await trio.sleep(0.01)
            with pytest.raises(StoreError):
                async with lane.place(patient=True):
                    pass

    run(story)


def test_a_cancelled_wait_keeps_no_place() -> None:
    """Neither of somebody who waited, nor of somebody who was in."""

    async def story() -> None:
        lane = Lane(1)

        async def hold() -> None:
            async with lane.place(patient=True):
                await trio.sleep(10)

        for _ in range(3):
            with trio.move_on_after(1):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(hold)
                    nursery.start_soon(hold)
        async with lane.place(patient=False):
            assert 3 == pytest.approx(trio.current_time(), abs=0.1)

    run(story)


def test_a_database_with_narrow_lanes_loses_nobody(tmp_path: Path) -> None:
    """Hundreds at once through two places: each commit and each read is answered."""

    async def story() -> None:
        async with open_asyncio_host() as host:
            actor = await host.start("store", lambda: SqliteProcess(tmp_path / "store.db"))
            store = StoreClient(actor, Lanes.of(2))
            found: list[int] = []

            async def live(number: int) -> None:
                await store.commit(batch(number))
                await store.heads()
                found.append(len(await store.read(f"case/{number}")))

            async with trio.open_nursery() as nursery:
                for number in range(MANY):
                    nursery.start_soon(live, number)
            assert [1] * MANY == found

    run_real(story)
