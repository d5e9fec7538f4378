"""kill -9 of each program in the middle of a card: the case ends, and nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.killing import PIN_PAD, kill_at
from wire.case_state import State

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("victim", "states"),
    [
        ("office", ["CAPTURED", "AUTH_CLAIMED", "SLIP_SHOWN"]),
        ("desk", ["IDENTIFIED", "AUTH_QUEUED", "AUTH_CLAIMED"]),
        ("terminal", ["IDENTIFIED", "SUBMITTED", "PREPARED"]),
        (PIN_PAD, ["DRAFT", "IDENTIFIED"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_killed_program_goes_on_where_it_stopped(
    tmp_path: Path, victim: str, states: list[str]
) -> None:
    """The same command on the same folder, and the customer has one card in the end."""
    outcome = kill_at(tmp_path / "bank", victim, states)

    assert set(states) == set(outcome.steps_hit)
    assert "CLOSED" == outcome.finished["state"]
    assert () == outcome.report.findings
    assert {State.CLOSED: 1} == outcome.report.cases
    assert 1 == outcome.report.posting_groups
    assert 0 == outcome.report.balance_fen
    assert {"terminal": 0, "desk": 0, "office": 0} == outcome.codes
    assert "Traceback" not in outcome.stderr
