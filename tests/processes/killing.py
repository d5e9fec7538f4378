"""One card, issued while a program of the bank is killed again and again."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backoffice.product import products
from backoffice.verify import Report, verify_folder
from tests.kit.programs import Bank, Event, children

PIN_PAD: Final = "pin pad"
"""The terminal's child; the terminal itself starts it again."""

VICTIMS: Final = ("office", "desk", "terminal", PIN_PAD)
PRODUCT: Final = "debit_card"

PAD_BACK_S_MAX: Final = 20.0
"""How long a killed PIN pad may take to be there again."""

LOOK_S: Final = 0.1


@dataclass(frozen=True)
class Outcome:
    """What became of the case.

    Attributes:
        finished: the terminal's last word about it.
        steps_hit: after which states something was killed.
        codes: how the programs ended when they were asked to, terminal first.
        stderr: of all programs together.
    """

    finished: Event
    steps_hit: tuple[str, ...]
    report: Report
    codes: dict[str, int]
    stderr: str


def kill_at(folder: Path, victim: str, states: Sequence[str]) -> Outcome:
    """Issue one card; when the case is first seen in each of `states`, kill the victim with -9."""
    wanted, hit = list(states), []
    with Bank(folder, [PRODUCT]) as bank:
        bank.open()
        while True:
            event = bank.programs["terminal"].event()
            if event["event"] == "finished":
                break
            if event["event"] == "state" and event["state"] in wanted:
                wanted.remove(event["state"])
                hit.append(event["state"])
                _strike(bank, victim)
        codes = {"terminal": bank.programs["terminal"].finish()}
        codes |= {name: bank.programs[name].stop() for name in ("desk", "office")}
        stderr = "".join(program.stderr for program in bank.programs.values())
    report = verify_folder(folder, products())
    return Outcome(event, tuple(hit), report, codes, stderr)


def _strike(bank: Bank, victim: str) -> None:
    if victim != PIN_PAD:
        bank.kill(victim)
        return
    terminal = bank.programs["terminal"]
    before = children(terminal.pid)
    for pid in before:
        os.kill(pid, signal.SIGKILL)


__all__ = ["PIN_PAD", "PRODUCT", "VICTIMS", "Outcome", "kill_at"]
