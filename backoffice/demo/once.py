"""`backpack demo --once`: one debit card, issued and activated; then the office is verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import trio

from actors.outside import production_outside
from actors.runtime.stopping import stop_signals
from backoffice.catalogue import products
from backoffice.demo.bank import open_bank
from backoffice.demo.process import DemoFailed, give_up
from backoffice.slips.filed import draw_filed
from backoffice.verify.office import database_of, verify_folder
from wire.message import Refusal
from wire.private_file import write_private

ONCE_S_MAX: Final = 300.0
"""How long the card may take from the first process to the last state, in seconds."""

ISSUE: Final = "debit_card"
ACTIVATION: Final = "card_activation"


async def run_once(folder: Path, say: Callable[[dict[str, Any]], None]) -> None:
    """Issue and activate one card.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the result.

    Raises:
        DemoFailed: no card, and why.
        Interrupted: somebody asked this process to stop.
    """
    with stop_signals() as stopped:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up, stopped)
            result = await _once(folder)
            nursery.cancel_scope.cancel()
    say(result)


def as_text(result: dict[str, Any]) -> str:
    """The result of `run_once` for people."""
    passed = " → ".join(step["state"] for step in result["states"])
    return (
        f"{passed}\n卡号 card {result['card_masked']}\n确认单 slip {result['slip_pdf']}\n"
        f"审计链头 audit head {result['head']}\n用时 {result['elapsed_s']} s"
    )


async def _once(folder: Path) -> dict[str, Any]:
    outside = production_outside()
    began_ms = outside.wall.now_ms()
    with trio.move_on_after(ONCE_S_MAX) as patience:
        async with open_bank(folder, (ISSUE, ACTIVATION)) as bank:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bank.office.drain)
                for desk in bank.desks:
                    nursery.start_soon(desk.drain)
                issued = await bank.terminal.event("finished")
                activated = await bank.terminal.event("finished")
                nursery.cancel_scope.cancel()
            processes = {name: one.process.pid for name, one in bank.programs.items()}
    if patience.cancelled_caught:
        raise DemoFailed(f"not done within {ONCE_S_MAX:.0f} s")
    report = verify_folder(folder, products())
    if report.findings:
        raise DemoFailed(f"verification found {report.findings[0]}")
    drawn = draw_filed(database_of(folder), issued["case_id"])
    if isinstance(drawn, Refusal):
        raise DemoFailed(f"no slip: {drawn.message}")
    slip = folder / f"{issued['case_id']}.pdf"
    write_private(slip, drawn)
    return {
        "case_id": issued["case_id"],
        "states": issued["steps"],
        "card_masked": issued["card_masked"],
        "activation": {
            "case_id": activated["case_id"],
            "state": activated["state"],
            "states": activated["steps"],
        },
        "slip_pdf": str(slip),
        "audit_head": report.root,
        "head": report.head,
        "durable_events": report.events,
        "processes": processes,
        "data": str(folder),
        "elapsed_s": round((outside.wall.now_ms() - began_ms) / 1000, 3),
    }


__all__ = ["as_text", "run_once"]
