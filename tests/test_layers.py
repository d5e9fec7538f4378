"""Imports only go down, and each library has one door (.importlinter)."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.kit.sources import ROOT


def test_every_contract_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same check as `just layers`; each break is a line with file and number."""
    monkeypatch.chdir(ROOT)

    broken = lint_imports(config_filename=".importlinter", no_cache=True, no_logo=True)

    assert broken == 0, capsys.readouterr().out


PLANTED = {
    "ground/__init__.py": "",
    "ground/rules.py": "import nacl\n",
    "ground/keys.py": "import nacl\n",
    "ground/desk/__init__.py": "import ground.rules\n",
    "ground/cli.py": "import typer\n",
    "ground/sly.py": "import typer\n",
}
CONTRACTS = """
[importlinter]
root_package = ground
include_external_packages = True
contract_types =
    doors: tests.kit.contracts.DoorsContract
    sealed: tests.kit.contracts.SealedContract

[importlinter:contract:doors]
name = doors
type = doors
doors =
    nacl: ground.keys
    typer: **.cli
    bleak: ground.ble

[importlinter:contract:desk]
name = desk
type = sealed
packages =
    ground.desk
"""


def test_the_contracts_bite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of six planted imports the three that break a rule are named, and no other."""
    for name, text in PLANTED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".importlinter").write_text(CONTRACTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)

    broken = lint_imports(config_filename=".importlinter", no_cache=True, no_logo=True)

    told = capsys.readouterr().out
    assert broken == 1
    assert "ground.rules:1: import nacl" in told
    assert "ground.sly:1: import typer" in told
    assert "ground.desk:1: import ground.rules" in told
    assert "ground.keys" not in told
    assert "ground.cli" not in told
