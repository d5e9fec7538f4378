"""What a verifier's report says to people: bounded, and in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backoffice.shards import PROVINCE
from backoffice.verify.findings import FINDINGS_MAX
from backoffice.verify.office import WORDS, Fault, render_text
from tests.backoffice.tampering import Tampered, make_office, tampering


@pytest.fixture
def tampered(tmp_path: Path) -> Iterator[Tampered]:
    with tampering(make_office(tmp_path)) as spoiled:
        yield spoiled


def test_findings_are_bounded(tampered: Tampered) -> None:
    """A report stays readable; it says how many more there are."""
    for number in range(FINDINGS_MAX + 7):
        tampered.sql("INSERT INTO claims VALUES ('card', ?, 'x', ?)", f"{number:04}", PROVINCE)
    tampered.mend()

    report = tampered.report()

    assert FINDINGS_MAX == len(report.findings)
    assert 7 == report.more_findings
    assert "……另有 7 个" in render_text(report, "zh")
    assert "and 7 more" in render_text(report, "en")


def test_a_report_reads_in_both_languages(tampered: Tampered) -> None:
    """Every kind of finding has its words; states are named as everywhere else."""
    assert set(Fault) == set(WORDS)
    assert all(zh and en and zh != en for zh, en in WORDS.values())
    sound = tampered.report()
    tampered.sql("UPDATE events SET who = 'x' WHERE stream = 'devices' AND version = 3")
    broken = tampered.report()

    assert "核验通过" in render_text(sound, "zh")
    assert "已办结: 2" in render_text(sound, "zh")
    assert "Sound" in render_text(sound, "en")
    assert "  devices#3: 与审计日志不符：内容被改动\n" in render_text(broken, "zh")
    assert "1 findings:" in render_text(broken, "en")
    assert not broken.sound
