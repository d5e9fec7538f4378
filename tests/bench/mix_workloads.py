"""Whole cases of all products through a whole bank in one process, counted per second of CPU time.

Everything is the production code: scripted tellers at two terminals with virtual kits, two
authorizers at their desks, the office, partners, feeds. Network, disk and time are the simulation's
(`tests.kit.bank`), so nobody waits and CPU time is the price. Two things are smaller than life:
passcodes are hashed at the least cost, and each photo is measured once per process. Every round
plays the same day in the same order, so all rounds but the first meet only photos that are known:
they say what a case costs without its pictures, the first one what it costs with them.

* cases: cases that came to an end, per second.
* bare: cases per second if a case were only its events: the office's, as bare sqlite3 commits.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import trio

from backoffice.catalogue import products
from backoffice.desk.clerk import DeskClerk
from terminal.clerk import Clerk, StuckError
from terminal.page_commands import GiveUp, SignInHere
from terminal.program import Terminal
from tests.bench.mix import draw
from tests.bench.office_workloads import COMMITS, bare_commits
from tests.bench.source import Samples, Size, Source
from tests.kit.bank import DESK_PASSCODE, TELLER_PASSCODE, Bank
from tests.kit.determinism import run_seeded

CASES: Final = 60
"""How many cases one round works through."""

TELLERS: Final = 2
DESKS: Final = 2
TRY_S: Final = 0.5
SEED: Final = 1


async def _work(bank: Bank, terminal: Terminal, number: int, codes: list[str]) -> None:
    """One teller, one case after the other."""
    signing_in = SignInHere(f"100{number}", TELLER_PASSCODE)
    while await terminal.perform(signing_in) is not None:  # noqa: ASYNC110 - as a person tries again
        await trio.sleep(TRY_S)
    colleagues = [(f"100{other}", TELLER_PASSCODE) for other in range(1, TELLERS + 1)]
    clerk = Clerk(terminal, colleagues=colleagues, phones=bank.read_phone)
    for code in codes:
        case_id = await clerk.begin(code)
        try:
            await clerk.finish(case_id)
        except StuckError:
            # Training data do not make everybody fit for everything.
            await terminal.perform(GiveUp(case_id, "客户不符合办理条件"))


async def _day(codes: list[str], seed: str) -> tuple[float, int]:
    """CPU seconds of the work, and events that the office wrote for it."""
    bank = Bank(seed, TELLERS, DESKS)
    async with AsyncExitStack() as up:
        await up.enter_async_context(bank.office())
        desks = [await up.enter_async_context(bank.desk(n)) for n in range(1, DESKS + 1)]
        terminals = [await up.enter_async_context(bank.terminal(n)) for n in range(1, TELLERS + 1)]
        people = await up.enter_async_context(trio.open_nursery())
        for number, desk in enumerate(desks, start=1):
            people.start_soon(DeskClerk(desk, f"200{number}", DESK_PASSCODE).work)
        journal = bank.disk("office").disk.journal
        written, began = len(journal), time.process_time()
        async with trio.open_nursery() as tellers:
            for number, terminal in enumerate(terminals, start=1):
                tellers.start_soon(_work, bank, terminal, number, codes[number - 1 :: TELLERS])
        taken = time.process_time() - began, len(journal) - written
        people.cancel_scope.cancel()
    return taken


def _bare_s() -> float:
    """CPU seconds of one bare commit."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        began = time.process_time()
        bare_commits(Path(folder))
        return (time.process_time() - began) / COMMITS


def by_mix(size: Size) -> Samples:
    """One round."""
    count = max(TELLERS, size.count(CASES))
    codes = draw(products(), count, "mix")
    cpu_s, events = run_seeded(partial(_day, codes, "mix"), SEED)
    return {"cases": [count / cpu_s], "bare": [count / (events * _bare_s())]}


SOURCES: Final[dict[str, Source]] = {"mix": by_mix}

__all__ = ["CASES", "SOURCES", "by_mix"]
