"""What people wait for: the office's latencies under a load that does not wait for the office.

Cases arrive on a fixed schedule (open loop), and every latency counts from the moment at which the
case was *meant* to be handed in: an office that stalls cannot hide it by being asked less. What
does not happen in time counts with the time that was waited for it.

* submit: until the terminal holds the acknowledgement, which follows the durable commit;
* decision: from when the authorizer has decided until the case's terminal hears of it.
* commit: one bare sqlite3 commit of one row with the same promise, on the same disk.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import trio

from actors.store.sqlite.schema import prepare_writer
from tests.bench.office_world import Prepared, World, open_world, prepare
from tests.bench.source import Samples, Size, Source
from tests.kit.running import run_real

SETTLE_S_MAX: Final = 20.0
"""How long after the last arrival its end is waited for, in seconds."""

WARM_UP: Final = 10
COMMITS: Final = 50
CASES: Final[Mapping[int, int]] = {1: 12, 50: 300}
"""How many cases one round hands in, by their number per second."""


def bare_commits(folder: Path) -> list[float]:
    """Milliseconds per commit of one row."""
    taken = []
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        prepare_writer(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS bench (body BLOB)")
        for _ in range(COMMITS):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO bench VALUES (?)", (bytes(100),))
            connection.execute("COMMIT")
            taken.append((time.perf_counter() - began) * 1e3)
    return taken


class Arrivals:
    """Cases that are handed in on a schedule."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        self.submit_ms: dict[str, float] = {}

    async def run(self, cases: list[Prepared]) -> None:
        """Hand them all in, then wait for the last ones' ends; at most `SETTLE_S_MAX`."""
        wanted = {case.case_id for case in cases}
        begin = trio.current_time() + 0.1
        with trio.move_on_at(begin + len(cases) / self._rate + SETTLE_S_MAX):
            async with trio.open_nursery() as nursery:
                for number, case in enumerate(cases):
                    intended = begin + number / self._rate
                    await trio.sleep_until(intended)
                    nursery.start_soon(self._submit, case, intended)
            await self._world.clockwork.until_closed(wanted)

    async def _submit(self, case: Prepared, intended: float) -> None:
        await case.terminal.ask(case.submit)
        self.submit_ms[case.case_id] = (trio.current_time() - intended) * 1e3

    def latencies(self, cases: list[Prepared]) -> Samples:
        """Milliseconds, one of each kind for every case."""
        clockwork, lost_ms = self._world.clockwork, SETTLE_S_MAX * 1e3
        submits = [self.submit_ms.get(case.case_id, lost_ms) for case in cases]
        decisions = [
            (clockwork.heard[case.case_id] - clockwork.decided[case.case_id]) * 1e3
            if case.case_id in clockwork.heard
            else lost_ms
            for case in cases
        ]
        return {"submit": submits, "decision": decisions}


async def _day(folder: Path, rate: int, count: int) -> Samples:
    """One office, warmed up, then the load."""
    async with open_world(folder) as (world, pads):
        warm = await prepare(world, pads, WARM_UP, f"{folder}/warm")
        await Arrivals(world, 20).run(warm)
        cases = await prepare(world, pads, count, f"{folder}/cases")
        arrivals = Arrivals(world, rate)
        await arrivals.run(cases)
        return arrivals.latencies(cases)


def latencies(rate: int) -> Source:
    """An office at so many cases a second."""

    def take(size: Size) -> Samples:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            folder = Path(name)
            count = max(2, size.count(CASES[rate]))
            return {
                "commit": bare_commits(folder),
                **run_real(partial(_day, folder, rate, count)),
            }

    return take


SOURCES: Final[dict[str, Source]] = {f"office_{rate}": latencies(rate) for rate in CASES}

__all__ = ["CASES", "SOURCES"]
