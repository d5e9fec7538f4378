"""What verifying costs: the books of an ordinary day refolded, against reading the same rows bare.

Both sides read one and the same file in one run; the bare side fetches every row of every table in
order and looks at none.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import trio

from actors.store.sqlite.file import open_readonly
from backoffice.verify.findings import Findings
from backoffice.verify.logs import check_logs
from tests.actors.sqlite_on_trio import open_sqlite
from tests.backoffice.ordinary_day import day, live_through
from tests.bench.source import Samples, Size, Source

CASES: Final = 3_000
"""A day of the published case: so many are closed in it, and a tenth as many stay open."""

TABLES: Final = {
    "log": "shard, seq",
    "events": "stream, version",
    "effects": "id",
    "claims": "scope, key",
    "documents": "collection, key",
    "keys": "stream",
}
"""What is refolded, and in which order it is read."""


async def live(folder: Path, cases: int) -> None:
    """Have the day."""
    async with open_sqlite(folder) as store:
        await live_through(store, day(cases, cases // 10))


def refold_s(database: Path) -> float:
    """Seconds until every row was compared with the logs."""
    findings = Findings()
    with open_readonly(database) as archive:
        begin = time.perf_counter()
        check_logs(archive, findings)
        taken = time.perf_counter() - begin
    assert not findings.kept, findings.kept
    return taken


def read_s(database: Path) -> float:
    """Seconds until every row was read."""
    with closing(sqlite3.connect(database)) as connection:
        begin = time.perf_counter()
        for table, order in TABLES.items():
            query = f"SELECT * FROM {table} ORDER BY {order}"  # noqa: S608 - constants
            cursor = connection.execute(query)
            while cursor.fetchmany(1_000):
                pass
        return time.perf_counter() - begin


def verify_of_a_day(size: Size) -> Samples:
    """Both sides, on the disk that the project lies on."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        trio.run(live, folder, max(10, size.count(CASES)))
        database = folder / "store.db"
        return {"books": [refold_s(database)], "bare": [read_s(database)]}


SOURCES: Final[dict[str, Source]] = {"verify": verify_of_a_day}

__all__ = ["SOURCES"]
