"""`backpack policy` against a running office: shown, changed, refused, taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kit.programs import Bank, backpack

pytestmark = pytest.mark.processes

OK, REFUSED = 0, 4


def test_an_operator_switches_the_policy_of_a_running_office(tmp_path: Path) -> None:
    """Show, edit, set, look, roll back; each answer also as JSON."""
    with Bank(tmp_path / "bank") as bank:
        bank.folder.mkdir(mode=0o700)
        bank.start("office")
        door = ("--connect", bank.address, "--key", str(bank.operator_key))

        def policy(*words: str) -> Any:
            return backpack("policy", *words, *door)

        file = tmp_path / "policy.toml"
        shown = policy("show")
        assert (OK, "") == (shown.returncode, shown.stderr)
        file.write_text(shown.stdout.replace('"async"', '"sync"', 1))

        done = policy("set", str(file), "--note", "试行同步", "--base", "1", "--json")
        assert (OK, "") == (done.returncode, done.stderr)
        assert 2 == msgspec.json.decode(done.stdout)["about"]["version"]
        stale = policy("set", str(file), "--note", "再次试行", "--base", "1")
        assert (REFUSED, True) == (stale.returncode, "已被他人更新" in stale.stderr)
        back = policy("rollback", "1", "--note", "撤回")
        assert (OK, True) == (back.returncode, back.stdout.startswith("3 ← 1\t"))
        listed = policy("history")
        assert ["3 ← 1", "2", "1"] == [line.split("\t")[0] for line in listed.stdout.splitlines()]
        assert "O-0001" in listed.stdout
