"""kill -9 of each program in the middle of a card: the case ends, and nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.killing import PIN_PAD, POSTING_GROUPS, Blow, kill_at
from wire.case_state import State

pytestmark = pytest.mark.processes

TYPING_S = 2.5
"""So long after the identification the customer is at the PIN pad, or near it."""

BLOWS = {
    "office": (Blow("CAPTURED"), Blow("AUTH_CLAIMED"), Blow("SLIP_SHOWN")),
    "desk": (Blow("IDENTIFIED"), Blow("AUTH_QUEUED"), Blow("AUTH_CLAIMED")),
    "terminal": (Blow("IDENTIFIED", TYPING_S), Blow("SUBMITTED"), Blow("PREPARED")),
    PIN_PAD: (Blow("DRAFT"), Blow("IDENTIFIED", TYPING_S)),
}
"""Where each is killed; `just kill` does it everywhere."""


@pytest.mark.parametrize("victim", BLOWS)
def test_a_killed_program_goes_on_where_it_stopped(tmp_path: Path, victim: str) -> None:
    """The same command on the same folder; in the end the customer has one card, paid once."""
    outcome = kill_at(tmp_path / "bank", victim, BLOWS[victim])

    assert {blow.state for blow in BLOWS[victim]} == set(outcome.struck)
    assert "CLOSED" == outcome.finished["state"]
    assert () == outcome.report.findings
    assert {State.CLOSED: 1} == outcome.report.cases
    assert POSTING_GROUPS == outcome.report.posting_groups
    assert 0 == outcome.report.balance_fen
    assert {"terminal": 0, "desk": 0, "office": 0} == outcome.codes
    assert "Traceback" not in outcome.stderr
