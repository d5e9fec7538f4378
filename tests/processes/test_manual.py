"""A drill through real processes: the core dies after the signature, two persons settle the case.

A training office is told in its configuration that the core is out of order from the signature on,
as somebody would rehearse it.
What was given up is listed beside the running office and from the folder of the stopped one;
settled by two persons in the core's silence; and when the core is back, it hears what they said.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest

from backoffice.premises import TRAINING_PEOPLE
from tests.kit.programs import Bank, backpack
from tests.processes.killing import STEP_S_MAX

pytestmark = pytest.mark.processes

TERMS: Final = """
[terms]
inquire_ms_first = 100
inquire_ms_max = 1000
inquiries_max = 1
manual_ms_first = 1000
manual_ms_max = 2000
"""
"""Little patience, so that little has to be waited for."""

DRILL: Final = """
[ports]
core = "stalled"
"""

CASE_KEYS: Final = ["case_id", "union", "product", "state", "since_ms", "legs"]
LEG_KEYS: Final = ["key", "partner", "name", "standing", "fen"]

FIRST, SECOND = "2001", "2003"
LOOKS_MAX: Final = 30


class Stuck:
    """The bank of the drill, and somebody at a shell beside it."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.data = str(bank.folder / "office")

    def command(self, *words: str, passcode: str = "") -> CompletedProcess[str]:
        door = ("--connect", self.bank.address, "--key", str(self.bank.operator_key))
        return backpack("manual", *words, *door, stdin=f"{passcode}\n")

    def listed(self) -> Any:
        """What the running office says."""
        answer = self.command("list", "--json")
        assert (0, "") == (answer.returncode, answer.stderr)
        return json.loads(answer.stdout)

    def on_disk(self) -> tuple[Any, str]:
        """What the folder says, and what is said beside."""
        answer = backpack("manual", "list", "--data", self.data, "--json")
        assert 0 == answer.returncode, answer.stderr
        return json.loads(answer.stdout), answer.stderr

    def says(self, staff_id: str, case: str, *words: str) -> CompletedProcess[str]:
        passcode = next(one.passcode for one in TRAINING_PEOPLE if one.staff_id == staff_id)
        words = ("settle", case, "funds", "--done", "--staff", staff_id, *words)
        return self.command(*words, passcode=passcode)

    def reconciled(self) -> Any:
        answer = backpack("reconcile", "--data", self.data, "--json")
        assert 0 == answer.returncode, answer.stdout
        return json.loads(answer.stdout)


def comes(seen: Callable[[], bool]) -> None:
    """Look again and again until something is so; each look is a command, which takes its time."""
    assert any(seen() for _ in range(LOOKS_MAX)), "it did not come"


def test_a_dead_core_leaves_a_case_that_two_persons_settle(tmp_path: Path) -> None:
    """Listed, settled, told to the core when it is back; the books agree."""
    config = tmp_path / "office.toml"
    config.write_text(TERMS + DRILL)
    with Bank(tmp_path / "bank", ["bill_payment"], config) as bank:
        stuck = Stuck(bank)
        bank.open()
        terminal = bank.programs["terminal"]
        while terminal.event(within=STEP_S_MAX).get("state") != "MANUAL":
            pass

        (case,) = listed = stuck.listed()
        assert (CASE_KEYS, LEG_KEYS) == (list(case), list(case["legs"][0]))
        assert ("530111", "bill_payment", "MANUAL") == (
            case["union"], case["product"], case["state"],
        )  # fmt: skip
        stands = {one["name"]: (one["partner"], one["standing"]) for one in case["legs"]}
        assert {"biller": ("biller", "committed"), "funds": ("core", "committing")} == stands
        found, beside = stuck.on_disk()
        assert (listed, True) == (found, "--connect" in beside)
        assert 0 == bank.programs["office"].stop()
        assert (listed, "") == stuck.on_disk()

        bank.start("office")
        proposed = stuck.says(FIRST, case["case_id"], "--evidence", "已致电核心系统核实")
        assert 0 == proposed.returncode, proposed.stderr
        alone = stuck.says(FIRST, case["case_id"], "--confirm")
        assert (4, True) == (alone.returncode, "另一人" in alone.stderr)
        confirmed = stuck.says(SECOND, case["case_id"], "--confirm")
        assert 0 == confirmed.returncode, confirmed.stderr
        assert "CLOSED" == terminal.event("finished", within=STEP_S_MAX)["state"]
        assert [] == stuck.listed()
        assert 0 == stuck.reconciled()["partners"]["core"]["committed"], "it still hears nothing"

        config.write_text(TERMS)
        bank.kill("office")
        comes(lambda: 1 == stuck.reconciled()["partners"]["core"]["committed"])
        assert [] == stuck.reconciled()["differences"]
        for name in ("desk", "office"):
            bank.programs[name].stop()
        verified = backpack("verify", "--data", stuck.data, "--json")
        assert (0, []) == (verified.returncode, json.loads(verified.stdout)["problems"])
        assert [([], "")] == [stuck.on_disk()]


def test_a_drill_is_for_training_alone(tmp_path: Path) -> None:
    """Any other office refuses to start, and names the key."""
    config = tmp_path / "office.toml"
    ports = ("idv", "sms", "biller", "card", "credit", "wealth", "sec", "ocrm")
    config.write_text(DRILL + "".join(f'{one} = "refused"\n' for one in ports))
    refused = backpack(
        "office", "--data", str(tmp_path / "office"), "--port", "0", "--config", str(config)
    )

    assert (1, "") == (refused.returncode, refused.stdout)
    assert "ports.core" in refused.stderr
    assert "--training" in refused.stderr
    assert "Traceback" not in refused.stderr
