"""`backpack demo`: the bank for people, at the pages, until somebody stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import trio

from actors.stopping import stop_signals
from backoffice.demo.bank import open_bank
from backoffice.demo.process import progress
from backoffice.premises import TRAINING_MANAGERS, TRAINING_PEOPLE


async def run_on(folder: Path, say: Callable[[object], None]) -> None:
    """Run a bank for people until somebody asks this process to stop.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the addresses of the pages.

    Raises:
        DemoFailed: a program did not start.
    """
    with stop_signals() as stopped:
        async with open_bank(folder) as bank:
            (desk,) = bank.desks
            say({"desk": desk.page, "terminal": bank.terminal.page, "data": str(folder)})
            progress("")
            progress(f"柜员终端 teller's page      {bank.terminal.page}")
            progress(f"授权台   authorizer's page  {desk.page}")
            progress("")
            for staff_id, name, _, role, _, passcode in TRAINING_PEOPLE:
                figures = "  报表 figures" if staff_id in TRAINING_MANAGERS else ""
                progress(f"  {role:<9} 工号 {staff_id}  密码 {passcode}  {name}{figures}")
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
