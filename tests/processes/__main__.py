"""`python -m tests.processes [victim …]`: kill each program at every step of a card, one by one.

Takes many minutes, so it is nothing for every change: `just kill`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.kit.programs import Disappointed
from tests.processes.killing import PIN_PAD, POSTING_GROUPS, Blow, kill_at

STATES = (
    "DRAFT", "IDENTIFIED", "CAPTURED", "SUBMITTED", "AUTH_QUEUED", "AUTH_CLAIMED", "AUTH_APPROVED",
    "PREPARING", "PREPARED", "SLIP_SHOWN", "SIGNED", "COMMITTING", "COMMITTED",
)  # fmt: skip
"""After the delivery the case is closed, and the next start serves the next customer."""

PAUSES_S = (0.0, 0.5, 1.5, 2.5, 3.5)
"""The identification is followed by the longest stretch at the table, so it is cut more finely."""

VICTIMS = ("office", "desk", "terminal", PIN_PAD)


def blows() -> list[Blow]:
    """Every point at which something is killed."""
    table = [Blow("IDENTIFIED", pause_s) for pause_s in PAUSES_S]
    return [*table, *(Blow(state) for state in STATES if state != "IDENTIFIED")]


def verdict(victim: str, blow: Blow) -> str:
    """What was wrong after this blow; empty when nothing was."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = kill_at(Path(folder) / "bank", victim, [blow])
        except Disappointed as disappointed:
            return str(disappointed)
    right = (
        outcome.finished["state"] == "CLOSED"
        and outcome.report.sound
        and outcome.report.posting_groups == POSTING_GROUPS
        and set(outcome.codes.values()) == {0}
        and "Traceback" not in outcome.stderr
    )
    return "" if right else str(outcome)


def main() -> int:
    """Kill and tell; how often something was wrong."""
    wrong = 0
    for victim in sys.argv[1:] or VICTIMS:
        for blow in blows():
            found = verdict(victim, blow)
            wrong += bool(found)
            row = f"{victim:<9} {blow.state:<14} +{blow.after_s:.1f} s  {found or 'sound'}"
            print(row, flush=True)  # noqa: T201 - the report
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
