"""kill -9 of an office that has just begun to do what an ordinary day left owing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from actors.outside import production_outside
from actors.store.sqlite.file import open_readonly
from tests.actors.sqlite_on_trio import open_sqlite
from tests.backoffice.ordinary_day import day, live_through
from tests.kit.programs import Bank
from tests.kit.running import run_real

pytestmark = pytest.mark.processes

CASES = day(300, 60)
"""So long ago that every open one has something to do."""

DONE_S_MAX = 120.0
LOOK_S = 0.2


def owed(database: Path) -> int:
    """How much in the outbox is due."""
    now_ms = production_outside().wall.now_ms()
    with open_readonly(database) as archive:
        return sum(effect.due_ms <= now_ms for effect, _ in archive.effects())


def test_a_killed_office_does_what_is_owed(tmp_path: Path) -> None:
    """Whatever it managed before; nobody is started again, and it ends in order when asked to."""

    async def live() -> None:
        async with open_sqlite(database.parent, database.name) as store:
            await live_through(store, CASES)

    with Bank(tmp_path / "bank") as bank:
        bank.folder.mkdir(mode=0o700)
        office = bank.start("office")
        database = bank.folder / "office" / "office.db"
        assert 0 == office.stop()
        run_real(live)
        assert 0 < owed(database)

        office.start()
        bank.kill("office")
        until = time.monotonic() + DONE_S_MAX
        while owed(database) and time.monotonic() < until:
            office.quiet(within=LOOK_S)
        assert 0 == owed(database)
        assert 0 == office.stop()
        assert "child_restart" not in office.stderr
        assert "Traceback" not in office.stderr
