"""`backpack demo --all --json`: every function of the bank once, through real processes."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backoffice.catalogue import products
from backoffice.slips.filed import draw_filed
from backoffice.verify.office import database_of
from tests.kit.programs import backpack

pytestmark = pytest.mark.processes

RUN_S_MAX = 600.0
PRODUCTS = products()


@dataclass(frozen=True)
class Demonstrated:
    folder: Path
    run: subprocess.CompletedProcess[str]
    result: dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    """One office, two desks, one terminal, every product."""
    folder = tmp_path_factory.mktemp("all") / "bank"
    run = backpack("demo", "--all", "--json", "--data", str(folder), within=RUN_S_MAX)
    assert 0 == run.returncode, run.stderr
    return Demonstrated(folder, run, msgspec.json.decode(run.stdout, type=dict[str, Any]))


def test_every_product_gets_to_its_end(demo: Demonstrated) -> None:
    """With its level and mode; stdout is one object."""
    assert 1 == len(demo.run.stdout.splitlines())
    assert set(PRODUCTS) == set(demo.result["products"])
    for code, one in demo.result["products"].items():
        assert ("CLOSED", True) == (one["state"], one["elapsed_s"] >= 0), code
        assert one["level"] in ("A0", "A1", "A2", "A3", "A4")
        assert one["timing"] in ("sync", "async")
        assert one["locality"] in ("outlet", "union", "central")
    assert "Traceback" not in demo.run.stderr


def test_verification_and_reconciliation_pass_after_it(demo: Demonstrated) -> None:
    """By the commands themselves, once more."""
    assert [] == demo.result["reconciliation"]["differences"]
    verified = backpack("verify", "--data", str(demo.folder), "--json")
    reconciled = backpack("reconcile", "--data", str(demo.folder), "--json")

    assert (0, []) == (verified.returncode, json.loads(verified.stdout)["problems"])
    assert (0, []) == (reconciled.returncode, json.loads(reconciled.stdout)["differences"])


def test_every_signed_product_has_its_slip_and_it_proves_itself(demo: Demonstrated) -> None:
    """Information needs no signature, and leaves none."""
    for code, made in demo.result["products"].items():
        drawn = draw_filed(database_of(demo.folder), made["case_id"])
        assert PRODUCTS[code].signed == isinstance(drawn, bytes), code
    one, again = demo.folder / "one.pdf", demo.folder / "again.pdf"
    case_id = demo.result["products"]["bill_payment"]["case_id"]
    for path in (one, again):
        made = backpack("slip", case_id, "--data", str(demo.folder), "--out", str(path))
        assert (0, f"{path}\n") == (made.returncode, made.stdout)
    assert one.read_bytes() == again.read_bytes()
    sound = backpack("verify", "--slip", str(one), "--data", str(demo.folder), "--json")
    assert 0 == sound.returncode, sound.stdout
    assert True is json.loads(sound.stdout)["against_office"]

    altered = demo.folder / "altered.pdf"
    altered.write_bytes(one.read_bytes().replace(b"Kids", b"kids", 1))
    refused = backpack("verify", "--slip", str(altered), "--json")
    assert (1, ["page_differs"]) == (refused.returncode, json.loads(refused.stdout)["faults"])


def test_the_feeds_have_what_was_learned(demo: Demonstrated, tmp_path: Path) -> None:
    """Published and acknowledged; a replay into a folder is the same lines."""
    status = json.loads(backpack("feed", "status", "--data", str(demo.folder), "--json").stdout)
    assert {"ecif", "ocrm"} == {feed["feed"] for feed in status}
    assert all(feed["published"] > 0 for feed in status)

    again = backpack(
        "feed", "replay", "--feed", "ecif", "--data", str(demo.folder), "--file", str(tmp_path)
    )
    assert 0 == again.returncode, again.stderr
    first = sorted((demo.folder / "office" / "feeds" / "ecif").glob("*.jsonl"))
    second = sorted(tmp_path.glob("*.jsonl"))
    assert [file.name for file in first] == [file.name for file in second]
    published = next(feed["published"] for feed in status if feed["feed"] == "ecif")
    assert published == sum(len(file.read_bytes().splitlines()) for file in second)
