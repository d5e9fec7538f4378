"""`backpack verify` as an auditor meets it, who keeps heads and comes back with one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

import backpack as front_door
from tests.backoffice.tampering import CARD, DUAL
from tests.kit.archive import office_file

Verify = Callable[..., tuple[int, str, str]]

SOUND, FAILED, USAGE = 0, 1, 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with office_file(tmp_path / "office.db") as office:
        office.case(CARD)
    return tmp_path


@pytest.fixture
def verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Runs the command on the folder: exit code, standard output, standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        argv = ["backpack", "verify", "--data", str(folder), *words]
        monkeypatch.setattr("sys.argv", argv)
        with pytest.raises(SystemExit) as ended:
            front_door.main()
        shown = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, shown.out, shown.err

    return run


def kept_head(verify: Verify) -> str:
    """What the auditor copies down from the text: it is what `--json` says, and what is taken."""
    _, text, _ = verify()
    (line,) = [line for line in text.splitlines() if line.startswith("审计链头")]
    head = line.split()[-1]
    said = msgspec.json.decode(verify("--json")[1])
    assert (head, True, []) == (said["head"], said["ok"], said["problems"])
    assert {"size", "root"} == set(said["heads"]["province"])
    assert re.fullmatch("[0-9a-f]{64}", said["root"])
    return head


def test_a_kept_head_of_an_office_that_went_on_is_sound(folder: Path, verify: Verify) -> None:
    """It says so, and how much has come since."""
    head = kept_head(verify)
    code, text, _ = verify("--head", head)
    assert (SOUND, True) == (code, "此后新增记录: 0" in text)

    before = msgspec.json.decode(verify("--json")[1])["audit_entries"]
    (folder / "office.db").unlink()
    with office_file(folder / "office.db") as office:
        office.case(CARD)
        office.case(DUAL, age=70)
    code, report, _ = verify("--head", head.upper(), "--json")
    after = msgspec.json.decode(report)
    assert (SOUND, after["audit_entries"] - before) == (code, after["entries_since_head"])
    assert "entries since: " in verify("--head", head, "--lang", "en")[1]


def test_a_cut_end_is_seen_with_the_head(folder: Path, verify: Verify) -> None:
    """In both languages and for scripts: which shard's log is shorter than it was."""
    head = kept_head(verify)
    with closing(sqlite3.connect(folder / "office.db")) as insider, insider:
        insider.execute("DELETE FROM log WHERE (shard, seq) = (SELECT shard, max(seq) FROM log)")
        ((shard, last),) = insider.execute(
            "SELECT shard, max(seq) FROM log GROUP BY shard ORDER BY shard DESC LIMIT 1"
        )

    assert "head_lost" not in verify("--json")[1]
    code, text, _ = verify("--head", head)
    assert (FAILED, True) == (code, f"log/{shard}: 审计日志中没有您保存的链头" in text)
    code, text, _ = verify("--head", head, "--lang", "en")
    assert (FAILED, True) == (code, "never had the head that was kept" in text)
    code, report, _ = verify("--head", head, "--json")
    found = msgspec.json.decode(report)
    assert (FAILED, False, None) == (code, found["ok"], found["entries_since_head"])
    (lost,) = [one for one in found["findings"] if one["what"] == "head_lost"]
    assert (f"log/{shard}", f"{last} < {last + 1}") == (lost["where"], lost["detail"])
    assert {"where": f"log/{shard}", "what": "head_lost"} in found["problems"]


def test_a_bare_root_is_taken_as_well(verify: Verify) -> None:
    """That of all logs, as the demo prints it, or that of one; another one is lost."""
    said = msgspec.json.decode(verify("--json")[1])
    for root in (said["root"], said["heads"]["province"]["root"]):
        assert SOUND == verify("--head", root)[0]
    code, text, _ = verify("--head", "1" * 64)
    assert (FAILED, True) == (code, "审计日志中没有您保存的链头" in text)


@pytest.mark.parametrize("head", ["", "12", "z" * 64, "0x" + "1" * 62, " " + "1" * 63, "1" * 65])
def test_what_is_no_head_is_refused(verify: Verify, head: str) -> None:
    """An empty one, too, as from a script whose file is missing: it would check nothing."""
    code, out, told = verify("--head", head)

    assert (USAGE, "") == (code, out)
    assert "审计链头应为" in told
    assert "hex" in told


def test_a_slip_has_no_head(folder: Path, verify: Verify) -> None:
    """One slip says nothing about the chain, so the two are not asked at once."""
    code, _, told = verify("--slip", str(folder / "slip.pdf"), "--head", "1" * 64)

    assert (USAGE, True) == (code, "exclude each other" in told)
