"""`backpack demo --all`: every product once, through real processes, then verified and reconciled.

What a product needs of another comes before it: a card is issued and activated before it pays, a
household is on file before it is rated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from actors.durable.tagged import Tagged, kind_of
from actors.outside import production_outside
from actors.runtime.stopping import stop_signals
from actors.store.sqlite.file import open_readonly
from backoffice.cases.events import Submitted
from backoffice.catalogue import products
from backoffice.demo.bank import open_bank
from backoffice.demo.process import DemoFailed, give_up, progress
from backoffice.reconcile import reconcile_folder
from backoffice.verify.office import database_of, verify_folder

ALL_S_MAX: Final = 900.0
"""How long all products may take together, in seconds."""

FIRST: Final = (
    "debit_card",
    "card_activation",
    "farmer_file",
    "risk_assessment",
)
"""What others build on."""

_SUBMITTED: Final = Tagged(Submitted)


def in_order(codes: Iterable[str]) -> list[str]:
    """The products in an order in which each finds what it needs."""
    known = set(codes)
    first = [code for code in FIRST if code in known]
    return first + sorted(known - set(first))


async def run_all(folder: Path, say: Callable[[dict[str, Any]], None]) -> None:
    """Drive every product once.

    Args:
        folder: of the whole bank; made if missing.
        say: gets the result.

    Raises:
        DemoFailed: a product did not get to its end, or verification found something.
        Interrupted: somebody asked this process to stop.
    """
    with stop_signals() as stopped:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up, stopped)
            result = await _all(folder)
            nursery.cancel_scope.cancel()
    say(result)


def as_text(result: dict[str, Any]) -> str:
    """The result of `run_all` for people."""
    rows = [
        f"  {code:<24}{one['state']:<10}{one['level']} {one['timing']:<6}{one['locality']:<8}"
        f"{one['elapsed_s']:>8.1f} s"
        for code, one in result["products"].items()
    ]
    differences = len(result["reconciliation"]["differences"])
    return "\n".join(
        [
            *rows,
            f"对账差异 differences {differences}    审计链头 audit head {result['head']}",
            f"用时 {result['elapsed_s']} s    数据目录 data {result['data']}",
        ]
    )


async def _all(folder: Path) -> dict[str, Any]:
    outside = production_outside()
    began_ms, catalogue = outside.wall.now_ms(), products()
    codes = in_order(catalogue)
    finished: dict[str, dict[str, Any]] = {}
    with trio.move_on_after(ALL_S_MAX) as patience:
        async with open_bank(folder, codes, desks=2) as bank, trio.open_nursery() as nursery:
            for program in (bank.office, *bank.desks):
                nursery.start_soon(program.drain)
            for number, code in enumerate(codes, start=1):
                progress(f"[{number}/{len(codes)}] {catalogue[code].title_zh} {code}")
                finished[code] = await bank.terminal.event("finished")
            nursery.cancel_scope.cancel()
    if patience.cancelled_caught:
        raise DemoFailed(f"{len(finished)} of {len(codes)} products within {ALL_S_MAX:.0f} s")
    report = verify_folder(folder, catalogue)
    if report.findings:
        raise DemoFailed(f"verification found {report.findings[0]}")
    modes, reconciled = _modes(folder), reconcile_folder(folder)
    return {
        "products": {
            code: {
                "case_id": one["case_id"],
                "state": one["state"],
                "elapsed_s": _elapsed_s(one["steps"]),
                **modes[one["case_id"]],
            }
            for code, one in finished.items()
        },
        "reconciliation": msgspec.to_builtins(reconciled),
        "audit_head": report.root,
        "head": report.head,
        "durable_events": report.events,
        "data": str(folder),
        "elapsed_s": round((outside.wall.now_ms() - began_ms) / 1000, 3),
    }


def _modes(folder: Path) -> dict[str, dict[str, str]]:
    """Level, timing and locality of every case, as the office assessed it."""
    found, kind = {}, kind_of(Submitted)
    with open_readonly(database_of(folder)) as archive:
        for row in archive.events():
            if row.kind == kind:
                route = _SUBMITTED.decode(row.kind, row.body, row.stream).intake.assessment
                found[row.stream.rpartition("/")[2]] = {
                    "level": route.level.name,
                    "timing": route.route.timing.value,
                    "locality": route.route.locality.value,
                }
    return found


def _elapsed_s(steps: list[dict[str, Any]]) -> float:
    took_ms: int = steps[-1]["at_ms"] - steps[0]["at_ms"]
    return round(took_ms / 1000, 3)


__all__ = ["as_text", "in_order", "run_all"]
