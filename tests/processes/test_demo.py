"""`backpack demo --once --json`: the command by which everybody meets the bank."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pytest

from hw.virtual.pin_customer import PinCustomer
from supervisors.folder import OTHERS
from terminal.virtual_customer import card_number, person
from tests.kit.programs import backpack
from wire.checks import CHINA
from wire.masked import Pan

pytestmark = pytest.mark.processes

STEPS = ["DRAFT", "IDENTIFIED", "CAPTURED", "SUBMITTED", "AUTH_QUEUED"]


@dataclass(frozen=True)
class Demonstrated:
    """A folder in which the demo ran twice, and what it said."""

    folder: Path
    runs: tuple[subprocess.CompletedProcess[str], ...]
    results: tuple[dict[str, Any], ...]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    """Two cards, one after the other, in one folder."""
    folder = tmp_path_factory.mktemp("demo") / "bank"
    runs = tuple(backpack("demo", "--once", "--json", "--data", str(folder)) for _ in range(2))
    for run in runs:
        assert 0 == run.returncode, run.stderr
    results = tuple(msgspec.json.decode(run.stdout, type=dict[str, Any]) for run in runs)
    return Demonstrated(folder, runs, results)


def test_stdout_is_one_object_and_stderr_is_progress(demo: Demonstrated) -> None:
    """A script reads one line; a person sees every state go by."""
    for run, result in zip(demo.runs, demo.results, strict=True):
        assert 1 == len(run.stdout.splitlines())
        assert {
            "case_id", "states", "card_masked", "slip_pdf", "audit_head", "head",
            "durable_events", "processes", "elapsed_s", "activation", "data",
        } == set(result)  # fmt: skip
        passed = [step["state"] for step in result["states"]]
        assert STEPS == passed[: len(STEPS)]
        assert "CLOSED" == passed[-1] == result["activation"]["state"]
        times = [step["at_ms"] for step in result["states"]]
        assert sorted(times) == times
        assert {"office", "desk", "terminal"} <= set(result["processes"])
        assert result["elapsed_s"] > 0
        assert re.fullmatch("[0-9a-f]{64}", result["audit_head"])
        for state in passed:
            assert state in run.stderr
        assert "Traceback" not in run.stderr


def test_the_slip_is_a_document_of_this_case(demo: Demonstrated) -> None:
    """A PDF with pages, on which the case's number can be read."""
    for result in demo.results:
        reader = pypdf.PdfReader(result["slip_pdf"])
        text = "".join(page.extract_text() for page in reader.pages)

        assert 1 <= len(reader.pages)
        assert result["case_id"] in text


def test_a_second_run_issues_another_card(demo: Demonstrated) -> None:
    """Nothing of the first run is taken up again, and nothing of it is lost."""
    first, second = demo.results

    assert first["case_id"] != second["case_id"]
    assert Pan(card_number("T-0001", second["case_id"])).masked == second["card_masked"]
    assert first["durable_events"] < second["durable_events"]
    told = backpack("verify", "--data", str(demo.folder), "--json")
    report = msgspec.json.decode(told.stdout, type=dict[str, Any])
    assert 0 == told.returncode, told.stderr
    assert ({"CLOSED": 4}, [], 0) == (report["cases"], report["problems"], report["balance_fen"])
    assert second["audit_head"] == report["root"]
    assert second["durable_events"] == report["events"]


def test_two_customers_never_share_a_photo(demo: Demonstrated) -> None:
    """A reused photo of an elderly customer takes two authorizers, and a demonstration has one."""
    with closing(sqlite3.connect(demo.folder / "office" / "office.db")) as database:
        rows = database.execute("SELECT body FROM events WHERE kind = 'CaseSubmitted'").fetchall()

    assert 4 == len(rows)
    for (body,) in rows:
        assert b"photo_reused" not in body


def test_no_secret_is_anywhere(demo: Demonstrated) -> None:
    """No PIN in any file or stream; no card or ID number in what people and logs are shown."""
    spoken = "".join(run.stdout + run.stderr for run in demo.runs)
    files = {path: path.read_bytes() for path in demo.folder.rglob("*") if path.is_file()}
    assert {"office.db", "terminal.db", "pin-pad.json", "staff.json"} <= {p.name for p in files}
    for result in demo.results:
        pan = card_number("T-0001", result["case_id"])
        day = dt.datetime.fromtimestamp(result["states"][0]["at_ms"] / 1000, CHINA).date()
        id_number = person(result["case_id"], day).holder.number
        pin = re.compile(rb"(?<![0-9])" + PinCustomer("T-0001").pin(pan).encode() + rb"(?![0-9])")

        assert pan not in spoken
        assert id_number not in spoken
        assert pin.search(spoken.encode()) is None
        for path, body in files.items():
            assert pin.search(body) is None, path.name
            if path.suffix in {".json", ".txt", ".key", ".pdf"}:
                assert pan.encode() not in body, path.name
                assert id_number.encode() not in body, path.name
        slip = "".join(p.extract_text() for p in pypdf.PdfReader(result["slip_pdf"]).pages)
        assert pan not in slip
        assert id_number not in slip


def test_what_only_the_owner_may_read(demo: Demonstrated) -> None:
    """Every file and folder, whatever the shell's umask: nobody else on this machine looks in."""
    made = {path.relative_to(demo.folder) for path in demo.folder.rglob("*")}
    assert {Path("office/office.db"), Path("office/hsm.json"), Path("desk/device.key")} <= made

    for path in (demo.folder, *(demo.folder / one for one in made)):
        assert 0 == path.stat().st_mode & OTHERS, path


def test_one_altered_byte_is_found(demo: Demonstrated, tmp_path: Path) -> None:
    """In a copy: the verifier says what is wrong and where, in words and as JSON."""
    shutil.copytree(demo.folder / "office", tmp_path / "office")
    with closing(sqlite3.connect(tmp_path / "office" / "office.db")) as database, database:
        seq, stream, version, body = database.execute(
            "SELECT rowid, stream, version, body FROM events WHERE kind = 'CaseApproved'"
        ).fetchone()
        altered = bytes([*body[:-1], body[-1] ^ 1])
        database.execute("UPDATE events SET body = ? WHERE rowid = ?", (altered, seq))

    in_words = backpack("verify", "--data", str(tmp_path / "office"), "--lang", "en")
    as_json = backpack("verify", "--data", str(tmp_path / "office"), "--json")

    assert (1, 1) == (in_words.returncode, as_json.returncode)
    assert "altered: not what the log says" in in_words.stdout
    assert f"{stream}#{version}" in in_words.stdout
    found = msgspec.json.decode(as_json.stdout, type=dict[str, Any])["problems"]
    assert f"{stream}#{version}" in {finding["where"] for finding in found}
    assert 0 == backpack("verify", "--data", str(demo.folder)).returncode
