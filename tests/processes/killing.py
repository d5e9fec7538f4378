"""One card, issued while a program of the bank is killed again and again."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backoffice.catalogue import products
from backoffice.verify.office import Report, verify_folder
from tests.kit.programs import Bank, Event, children

PIN_PAD: Final = "pin-pad"
"""The terminal's child; the terminal itself starts it again."""

PRODUCT: Final = "debit_card"

POSTING_GROUPS: Final = 2
"""What issuing one card posts: the first deposit, and the fee."""


STEP_S_MAX: Final = 45.0
"""The longest between two words of the terminal, its own restarts apart; less than the minute after
which it asks around by itself, so that an answer it missed does not pass for one it got."""


@dataclass(frozen=True)
class Blow:
    """When to kill.

    Attributes:
        state: once the case is first seen there.
        after_s: and so many seconds have passed, or the case has moved on before.
    """

    state: str
    after_s: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of the case.

    Attributes:
        finished: the terminal's last word about it.
        struck: after which states something was killed.
        codes: how the programs ended, the terminal by itself, the others when asked to.
        stderr: of all programs together.
    """

    finished: Event
    struck: tuple[str, ...]
    report: Report
    codes: dict[str, int]
    stderr: str


def kill_at(folder: Path, victim: str, blows: Sequence[Blow]) -> Outcome:
    """Issue one card, and deal the victim (a program's name, or `PIN_PAD`) blow after blow."""
    due = {blow.state: blow for blow in blows}
    struck: list[str] = []
    with Bank(folder, [PRODUCT]) as bank:
        bank.open()
        terminal = bank.programs["terminal"]
        event = terminal.event(within=STEP_S_MAX)
        while event["event"] != "finished":
            blow = due.pop(event.get("state", ""), None)
            following = None
            if blow is not None:
                following = terminal.quiet(within=blow.after_s)
                _strike(bank, victim)
                struck.append(blow.state)
            event = following or terminal.event(within=STEP_S_MAX)
        codes = {"terminal": terminal.finish()}
        codes |= {name: bank.programs[name].stop() for name in ("desk", "office")}
        stderr = "".join(program.stderr for program in bank.programs.values())
    report = verify_folder(folder, products())
    return Outcome(event, tuple(struck), report, codes, stderr)


def _strike(bank: Bank, victim: str) -> None:
    if victim != PIN_PAD:
        bank.kill(victim)
        return
    (pad,) = children(bank.programs["terminal"].pid)
    os.kill(pad, signal.SIGKILL)


__all__ = ["PIN_PAD", "POSTING_GROUPS", "PRODUCT", "Blow", "Outcome", "kill_at"]
