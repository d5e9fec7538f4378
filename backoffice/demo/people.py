"""`backpack demo`: the bank for people, at the pages, until somebody stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import trio

from actors.runtime.stopping import stop_signals
from backoffice.demo.bank import open_bank
from backoffice.demo.process import progress
from backoffice.premises import TRAINING_CENTRE, TRAINING_MANAGERS, TRAINING_PEOPLE


async def run_on(folder: Path, say: Callable[[object], None]) -> None:
    """Run a bank for people until somebody asks this process to stop.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the addresses of the pages.

    Raises:
        DemoFailed: a program did not start.
    """
    with stop_signals() as stopped:
        async with open_bank(folder, desks=2) as bank:
            desk, centre = bank.desks
            pages = {"desk": desk.page, "centre": centre.page, "terminal": bank.terminal.page}
            say({**pages, "data": str(folder)})
            progress("")
            progress(f"柜员终端 teller's page      {bank.terminal.page}")
            progress(f"授权台   authorizer's page  {desk.page}")
            progress(f"授权中心 centre's page      {centre.page}")
            progress("演示期间可反复打开 · they work as often as you like while the demo runs")
            progress("")
            for one in TRAINING_PEOPLE:
                figures = "  报表 figures" if one.staff_id in TRAINING_MANAGERS else ""
                at_centre = "  授权中心 centre" if one.staff_id in TRAINING_CENTRE else ""
                told = f"{one.name}{figures}{at_centre}"
                progress(f"  {one.role:<9} 工号 {one.staff_id}  密码 {one.passcode}  {told}")
            office = bank.office
            key = office.operator_key
            progress(f"\n监督树   backpack tree --connect {office.address} --key {key}")
            progress(f"数据目录 data {folder}    按 Ctrl-C 结束 · Ctrl-C ends it")
            async with trio.open_nursery() as nursery:
                for program in bank.programs.values():
                    nursery.start_soon(program.drain)
                await stopped()
                nursery.cancel_scope.cancel()


__all__ = ["run_on"]
