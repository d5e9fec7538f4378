"""An office comes back after an ordinary day: the door at once, and everything owed soon after."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest
import trio

from actors.store.sqlite.file import open_readonly
from backoffice.program import BackOffice, Room
from tests.backoffice.ordinary_day import day
from tests.bench.comeback import Comeback, come_back, lose_power, main
from tests.kit.bank import Bank
from tests.kit.running import run_real
from tests.stories.cast import signed_in
from tests.stories.test_narrow_house import restarts
from wire.case_state import State

CASES: Final = day(2_000, 200)
ROOM: Final = Room(cases=24, records=24)
REQUESTS_MAX: Final = 4
"""Both much less than the day has left: it comes back in pages."""

COMES_BACK_S_MAX: Final = 240.0
"""Only so that a story that never ends is ended; nothing is said about how long it takes."""


def kinds(path: Path) -> Counter[str]:
    """How many events of each kind a database holds."""
    with open_readonly(path) as archive:
        return Counter(event.kind for event in archive.events())


def reminders(path: Path) -> Counter[str]:
    """What is owed later, by kind."""
    with open_readonly(path) as archive:
        return Counter(effect.kind for effect, _ in archive.effects())


def test_an_office_comes_back_after_an_ordinary_day(tmp_path: Path) -> None:
    """The power goes with thousands of cases closed and hundreds open. Whoever has something to do
    is woken, in bounds, and does it; a teller is served meanwhile; nobody is started again.
    """
    seen: list[Comeback] = []

    async def story() -> None:
        path = await lose_power(tmp_path, CASES)
        before = kinds(path)

        async def serve(bank: Bank, office: BackOffice) -> None:
            async with bank.terminal(1) as terminal:
                await signed_in(terminal)
            assert {} == restarts(office)

        with trio.fail_after(COMES_BACK_S_MAX):
            seen.append(await come_back(path, ROOM, REQUESTS_MAX, serve))
        answered = kinds(path) - before
        assert CASES[State.PREPARING] == answered["CasePrepared"] + answered["CaseDeclined"]
        unsigned = CASES[State.PREPARED] + answered["CasePrepared"]
        waiting = CASES[State.AUTH_QUEUED]
        assert {"SlipDue": unsigned, "PatienceEnded": waiting} == reminders(path)

    run_real(story)
    assert CASES[State.PREPARING] == seen[0].due
    assert 0 < seen[0].live_max <= ROOM.cases


def test_the_command_measures_a_small_day(capsys: pytest.CaptureFixture[str]) -> None:
    """Its figures on stdout; other words are refused."""
    assert 0 == main(["closed=3", "open=5"])
    told = capsys.readouterr().out
    assert "3 closed, 5 open; 2 effects due" in told
    assert "all done" in told
    assert 2 == main(["closed"])
    assert "open=N" in capsys.readouterr().err
