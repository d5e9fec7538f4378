"""The benchmarks run, and their report has the form that others read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.bench import main
from tests.bench.catalogue import LINES
from tests.bench.row import Line, Target, quantile, show, table

KEYS = ["name", "value", "unit", "ratio", "reference", "target", "met"]
ASK = Line("ask", "ask", "ns", "checkpoint", "C", Target(0.4))


@pytest.mark.parametrize(
    "word",
    ["tell", *(pytest.param(one, marks=pytest.mark.processes) for one in ("decision", "mix"))],
)
def test_a_quick_look_writes_rows_of_the_fixed_form(
    word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is on this machine: rows of peers that are missing say so and fail nothing.

    A whole office under load is among them: what it takes for a submission changes with the rules.
    """
    file = tmp_path / "rows.json"
    main([str(file), "--quick", "--only", word])

    rows = json.loads(file.read_text())
    shown = capsys.readouterr()

    assert [line.name for line in LINES if word in line.name] == [row["name"] for row in rows]
    assert all(KEYS == list(row) for row in rows)
    assert all(row["name"] in shown.out for row in rows)
    assert "round 1 of 1" in shown.err


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    """A round in which the whole machine was slow changes nothing."""
    figures = {"ask": [[3.0], [30.0], [3.3]], "checkpoint": [[10.0], [100.0], [10.0]]}

    row = ASK.row(figures, {})

    assert (3.3, 0.3, "ratio <= 0.4", True) == (row.value, row.ratio, row.target, row.met)


def test_a_target_can_be_missed() -> None:
    """And says so."""
    row = ASK.row({"ask": [[5.0]], "checkpoint": [[10.0]]}, {})

    assert row.met is False
    assert "NO" in table([row])


def test_a_missing_reference_leaves_the_value_and_says_why() -> None:
    """The target can then be neither met nor missed."""
    row = ASK.row({"ask": [[5.0]]}, {"checkpoint": "not on this machine"})

    assert (5.0, None, None) == (row.value, row.ratio, row.met)
    assert "C: not on this machine" == row.reference


def test_a_missing_figure_leaves_a_row_too() -> None:
    """So that a report always has the same rows."""
    row = ASK.row({"checkpoint": [[10.0]]}, {"ask": "not on this machine"})

    assert (None, None, None) == (row.value, row.ratio, row.met)
    assert "not on this machine" == row.reference


def test_a_percentile_is_of_all_rounds_together() -> None:
    """Not a median of percentiles of a few."""
    line = Line("p99", "wait", "ms", target=Target(3.0, of="value"), quantile=0.99)

    row = line.row({"wait": [[1.0, 2.0], [9.0]]}, {})

    assert (9.0, None, False) == (row.value, row.ratio, row.met)
    assert [1, 5, 10] == [quantile(range(1, 11), share) for share in (0.0, 0.5, 0.99)]


def test_names_of_rows_are_unique_and_figures_are_short() -> None:
    """`--only` can single out each row."""
    names = [line.name for line in LINES]

    assert len(names) == len(set(names))
    assert ["1,235", "12.3", "0.123"] == [show(each) for each in (1234.6, 12.34, 0.1234)]
