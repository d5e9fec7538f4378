"""`backpack verify` as an auditor meets it, who keeps heads and comes back with one."""

from __future__ import annotations

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
    assert head == msgspec.json.decode(verify("--json")[1])["audit_head"]
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
    """Without it nothing can be seen; with it, in both languages and for scripts."""
    head = kept_head(verify)
    with closing(sqlite3.connect(folder / "office.db")) as insider, insider:
        insider.execute("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
        ((last,),) = insider.execute("SELECT max(seq) FROM journal").fetchall()

    assert "head_lost" not in verify("--json")[1]
    code, text, _ = verify("--head", head)
    assert (FAILED, True) == (code, f"{last}: 审计链到此为止，其中没有您保存的链头" in text)
    code, text, _ = verify("--head", head, "--lang", "en")
    assert (FAILED, True) == (code, "never had the head that was kept" in text)
    code, report, _ = verify("--head", head, "--json")
    found = msgspec.json.decode(report)
    assert (FAILED, None) == (code, found["entries_since_head"])
    assert [str(last)] == [one["where"] for one in found["findings"] if one["what"] == "head_lost"]


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
