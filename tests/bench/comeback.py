"""How soon an office is back: `python -m tests.bench.comeback [closed=2000] [open=200]`.

The day's cases lie in a database whose writer lost its power: the files as they are while it is
open. An office is started on them. Printed are the seconds until its door is open, until everything
that is due has been done, both also in bare commits of the same disk, which is what travels between
machines; and the most cases that were in memory meanwhile.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from actors.store.sqlite.file import open_readonly
from backoffice.program import BackOffice, Room
from supervisors.storage import sqlite
from tests.actors.sqlite_on_trio import open_sqlite
from tests.backoffice.ordinary_day import day, live_through
from tests.bench.office_workloads import bare_commits
from tests.kit.bank import Bank
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run_real
from wire.case_state import State

DEFAULTS: Final = {"closed": 2_000, "open": 200}
LOOK_S: Final = 0.1


@dataclass(frozen=True)
class Comeback:
    """What was seen.

    Attributes:
        door_s: from the start until peers could dial, in seconds.
        done_s: from the start until nothing was due any more, in seconds.
        due: how many effects were due at the start.
        live_max: the most cases in memory, as sampled.
    """

    door_s: float
    done_s: float
    due: int
    live_max: int


async def lose_power(folder: Path, cases: Mapping[State, int]) -> Path:
    """The database as a power cut leaves it after such a day."""
    before, after = folder / "before", folder / "after"
    before.mkdir()
    async with open_sqlite(before) as store:
        await live_through(store, cases)
        shutil.copytree(before, after)
    return after / "store.db"


async def come_back(
    path: Path,
    room: Room,
    requests_max: int,
    meanwhile: Callable[[Bank, BackOffice], Awaitable[None]] | None = None,
) -> Comeback:
    """Start an office on that database, and wait until it has done what is due.

    Args:
        path: the database file.
        room: how much the office may have in memory.
        requests_max: how much its store takes on at a time.
        meanwhile: begins when the door is open.
    """
    bank = Bank(
        "comeback",
        room=room,
        storage=sqlite(path, requests_max),
        begins_ms=EPOCH_MS - int(trio.current_time() * 1_000),
    )
    due, live_max = _due(path, bank), 0
    began = time.perf_counter()
    async with bank.office() as office, trio.open_nursery() as nursery:
        door_s = time.perf_counter() - began
        if meanwhile is not None:
            nursery.start_soon(meanwhile, bank, office)
        assert office.tree is not None
        pool = office.tree.pool("/office/cases")
        while _due(path, bank):
            live_max = max(live_max, pool.live)
            await trio.sleep(LOOK_S)
        done_s = time.perf_counter() - began
    return Comeback(door_s, done_s, due, live_max)


def _due(path: Path, bank: Bank) -> int:
    now_ms = bank.outside("office").wall.now_ms()
    with open_readonly(path) as archive:
        return sum(effect.due_ms <= now_ms for effect, _ in archive.effects())


def read_words(words: Sequence[str]) -> dict[str, int]:
    """`closed=N` and `open=N`.

    Raises:
        ValueError: another word, or no number.
    """
    found = dict(DEFAULTS)
    for word in words:
        name, _, number = word.partition("=")
        if name not in found or not number.isdecimal():
            raise ValueError(f"closed=N and open=N, not {word!r}")
        found[name] = int(number)
    return found


def main(words: Sequence[str]) -> int:
    """Measure once and print the figures."""
    try:
        wanted = read_words(words)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2

    async def measure(folder: Path) -> Comeback:
        path = await lose_power(folder, day(wanted["closed"], wanted["open"]))
        return await come_back(path, Room(), 256)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen = run_real(lambda: measure(folder))
        commit_s = statistics.median(bare_commits(folder)) / 1_000
    told = f"{wanted['closed']} closed, {wanted['open']} open; {seen.due} effects due"
    sys.stdout.write(
        f"cases           {told}\n"
        f"bare commit     {commit_s * 1_000:.2f} ms\n"
        f"door open       {seen.door_s:.2f} s = {seen.door_s / commit_s:,.0f} commits\n"
        f"all done        {seen.done_s:.2f} s = {seen.done_s / commit_s:,.0f} commits\n"
        f"cases in memory {seen.live_max} at most\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))


__all__ = ["Comeback", "come_back", "lose_power", "main", "read_words"]
