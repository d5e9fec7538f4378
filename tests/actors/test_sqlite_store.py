"""The SQLite store as a whole: group commit across threads, crashes of its actor, kill -9."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import trio

from actors.asyncio_side.host import open_asyncio_host
from actors.runtime.cell import Cell
from actors.runtime.process_cell import ProcessCell
from actors.runtime.trio_host import run_process
from actors.store import (
    MAIN,
    Append,
    Batch,
    Event,
    StoreClosed,
    VersionConflict,
)
from actors.store.client import StoreClient
from actors.store.requests import Look
from actors.store.sqlite import SqliteProcess
from actors.store.sqlite.file import open_readonly
from actors.store.sqlite.schema import NotOurs
from tests.actors.books import read_books
from tests.actors.sqlite_on_trio import open_sqlite
from tests.kit.running import run_real

KILLS = 5
"""How many times the writing process is killed."""

LINES_MAX = 400
"""How much it acknowledges at most before it is killed."""


def append(stream: str, after: int, body: bytes = b"fact") -> Batch:
    return Batch("mei", 1, appends=(Append(stream, after, (Event("e", body),)),))


def lines_until_killed(folder: Path, lines: int) -> Iterator[str]:
    """Start the writing process, kill it after some acknowledgements, give out all of them."""
    command = [sys.executable, "-m", "tests.actors.writing_process", str(folder)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            yield writer.stdout.readline()
        writer.kill()
        yield from writer.stdout


@pytest.mark.processes
def test_a_killed_writer_has_kept_its_word(tmp_path: Path) -> None:
    """Kill -9 at random moments: every acknowledged row is there, once, and told of by the log."""
    chance = random.Random("kill")
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        for line in lines_until_killed(tmp_path, chance.randint(1, LINES_MAX)):
            if line.endswith("\n"):
                stream, version = line.split()
                assert int(version) > acknowledged.get(stream, 0)
                acknowledged[stream] = int(version)

        with open_readonly(tmp_path / "store.db") as archive:
            rows = list(archive.journal())
            owed = {effect.id for effect, _ in archive.effects()}
            claimed = {claim.key for claim, _ in archive.claims()}
        heads, wrong = read_books(tmp_path / "store.db")
        assert [] == wrong
        assert [len(rows)] == [head.size for head in heads]
        versions: dict[str, int] = {}
        for row in rows:
            assert row.version == versions.get(row.stream, 0) + 1
            versions[row.stream] = row.version
        assert len(acknowledged) > 0
        assert all(versions[stream] >= version for stream, version in acknowledged.items())
        facts = {f"{row.stream}#{row.version}" for row in rows}
        assert facts == claimed
        assert {f"{fact}.0" for fact in facts} == owed


def test_many_writers_share_crossings(tmp_path: Path) -> None:
    """A hundred tasks that commit together are grouped, and every one gets its own answer."""

    async def story() -> None:
        async with open_sqlite(tmp_path) as store:
            outcomes: list[str] = []

            async def write(number: int) -> None:
                for version in range(5):
                    await store.commit(append(f"case/{number}", version))
                try:
                    await store.commit(append(f"case/{number}", 0))
                except VersionConflict:
                    outcomes.append("conflict")

            async with trio.open_nursery() as nursery:
                for number in range(100):
                    nursery.start_soon(write, number)

            assert ["conflict"] * 100 == outcomes
            heads = await store.heads()
            assert [500] == [head.size for head in heads]
        assert (heads, []) == read_books(tmp_path / "store.db")

    run_real(story)


def test_a_cancelled_writer_harms_nobody(tmp_path: Path) -> None:
    """Tasks that give up at any moment leave the others' commits whole and the store working."""

    async def story() -> None:
        async with open_sqlite(tmp_path) as store:
            acknowledged: list[str] = []

            async def write(number: int, patience_s: float) -> None:
                with trio.move_on_after(patience_s):
                    await store.commit(append(f"case/{number}", 0))
                    acknowledged.append(f"case/{number}")

            async with trio.open_nursery() as nursery:
                for number in range(200):
                    hasty = number % 3 == 0
                    nursery.start_soon(write, number, 0.0005 * (number % 7) if hasty else 10)

            durable = set(await store.streams("case/"))
            assert set(acknowledged) <= durable
            assert {f"case/{n}" for n in range(200) if n % 3} <= set(acknowledged)
            await store.commit(append("after", 0))

    run_real(story)


class RestartsProcess:
    """A supervisor of one process actor."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.crashes: list[str] = []

    def on_down(self, cell: Cell, error: Exception | None) -> None:
        if error is not None:
            assert isinstance(cell, ProcessCell)
            self.crashes.append(type(error).__name__)
            self.nursery.start_soon(run_process, cell)


def test_a_crash_of_the_actor_is_an_unknown_outcome_and_then_over(tmp_path: Path) -> None:
    """Whoever waits learns at once that nobody knows; after the restart the same store works."""
    path = tmp_path / "store.db"

    async def story() -> None:
        outcomes: list[str] = []

        async def write(store: StoreClient) -> None:
            try:
                await store.commit(append("in flight", 0))
            except StoreClosed:
                outcomes.append("unknown")

        async with trio.open_nursery() as nursery, open_asyncio_host() as host:
            supervisor = RestartsProcess(nursery)
            actor = await host.start("store", partial(SqliteProcess, path), supervisor)
            store = StoreClient(actor)
            await store.commit(append("before", 0))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                nursery.start_soon(write, store)
                await trio.sleep(0.05)
                with pytest.raises(StoreClosed):
                    await actor_asked_to_crash(store)
                while not outcomes:  # noqa: ASYNC110 - another thread makes it true
                    await trio.sleep(0.01)
                other.execute("ROLLBACK")

            await store.commit(append("before", 1))
            assert ["unknown"] == outcomes
            assert ["KeyError"] == supervisor.crashes
            assert (await store.heads(), []) == read_books(path)

    run_real(story)


class Unheard(Look[None], frozen=True):
    """What no database knows how to read."""


async def actor_asked_to_crash(store: StoreClient) -> None:
    await store._look(Unheard())


def test_a_store_that_is_stopped_is_closed(tmp_path: Path) -> None:
    """What was sent before the stop is answered; what comes after is `StoreClosed`."""

    async def story() -> None:
        async with open_sqlite(tmp_path) as store:
            await store.commit(append("case/1", 0))
        with pytest.raises(StoreClosed):
            await store.commit(append("case/1", 1))
        with pytest.raises(StoreClosed):
            await store.read("case/1")

        async with open_sqlite(tmp_path) as again:
            assert 1 == len(await again.read("case/1"))

    run_real(story)


def test_a_foreign_file_is_a_failed_start(tmp_path: Path) -> None:
    """The starter learns why, and nothing is left running."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")

    async def story() -> None:
        with pytest.raises(NotOurs):
            async with open_sqlite(tmp_path):
                pytest.fail("it opened")

    run_real(story)


def test_a_read_sees_what_was_acknowledged(tmp_path: Path) -> None:
    """The second connection is never behind an answer."""

    async def story() -> None:
        async with open_sqlite(tmp_path) as store:
            for version in range(50):
                await store.commit(append("case/1", version))
                assert version + 1 == len(await store.read("case/1"))
                assert [version + 1] == [head.size for head in await store.heads()]
                assert version + 1 == len(await store.entries(MAIN))

    run_real(story)
