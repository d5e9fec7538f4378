"""A line of the report: what was measured, against what, and whether that is enough.

A time means nothing away from its machine, so a row compares: its value and its reference are taken
in the same rounds of the same run, and the ratio is the median of the rounds' own ratios. Latencies
are the exception: their samples are pooled over all rounds, because a percentile of a few is none.

The fixed form of a row in JSON is `Row`; whoever reads the report may rely on it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Figures = Mapping[str, list[list[float]]]
"""The samples of every round, by the figure's name."""


class Row(msgspec.Struct, frozen=True):
    """One line of the report.

    Attributes:
        name: of what was measured.
        value: the median (or the percentile that the name says), in `unit`; None if it is missing.
        ratio: value by reference; None without a reference.
        reference: what it is compared with, and its value; or why there is none.
        target: what is wanted; empty when nothing is.
        met: whether it is; None without a target or without a figure.
    """

    name: str
    value: float | None
    unit: str
    ratio: float | None
    reference: str
    target: str
    met: bool | None


@dataclass(frozen=True)
class Target:
    """A bound on a row's ratio or on its value."""

    bound: float
    of: Literal["ratio", "value"] = "ratio"
    at_least: bool = False

    def text(self, unit: str) -> str:
        """As people read it."""
        sign = ">=" if self.at_least else "<="
        return f"{self.of} {sign} {self.bound:g}{'' if self.of == 'ratio' else ' ' + unit}"

    def is_met_by(self, value: float, ratio: float | None) -> bool | None:
        """Whether the figure keeps the bound; None when it cannot be told."""
        figure = value if self.of == "value" else ratio
        if figure is None:
            return None
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True)
class Line:
    """A row before it was measured.

    Attributes:
        name: of the row.
        figure: the name of its figure.
        unit: of the figure, and of its reference.
        reference: the name of the figure it is divided by; empty for none.
        told: what the reference is, in words.
        target: what is wanted, or None.
        quantile: of the pooled samples, for latencies; None for the median of the rounds.
    """

    name: str
    figure: str
    unit: str
    reference: str = ""
    told: str = ""
    target: Target | None = None
    quantile: float | None = None

    def row(self, figures: Figures, missing: Mapping[str, str]) -> Row:
        """The row, from what was measured and the reasons why some of it was not."""
        text = "" if self.target is None else self.target.text(self.unit)
        why = missing.get(self.figure)
        if why is not None:
            return Row(self.name, None, self.unit, None, why, text, None)
        ours = figures[self.figure]
        value = self._summary(ours)
        why = missing.get(self.reference)
        if why is not None:
            return Row(self.name, value, self.unit, None, f"{self.told}: {why}", text, None)
        ratio, told = None, self.told
        if self.reference:
            theirs = figures[self.reference]
            # A round so short that the clock did not move tells nothing about a ratio.
            ratio = self._ratio(ours, theirs) if all(map(median, theirs)) else None
            told = f"{self.told}: {show(median(pooled(theirs)))} {self.unit}"
        met = None if self.target is None else self.target.is_met_by(value, ratio)
        return Row(self.name, value, self.unit, ratio, told, text, met)

    def _summary(self, rounds: list[list[float]]) -> float:
        if self.quantile is None:
            return median([median(samples) for samples in rounds])
        return quantile(pooled(rounds), self.quantile)

    def _ratio(self, ours: list[list[float]], theirs: list[list[float]]) -> float:
        if self.quantile is not None:
            return self._summary(ours) / median(pooled(theirs))
        return median([median(a) / median(b) for a, b in zip(ours, theirs, strict=True)])


median: Final = statistics.median


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def pooled(rounds: list[list[float]]) -> list[float]:
    """All samples together."""
    return [sample for samples in rounds for sample in samples]


def show(figure: float) -> str:
    """Three or more digits, as a table wants them."""
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:,.3g}"


HEAD: Final = ("what", "value", "unit", "ratio", "target", "met", "reference")
_MET: Final = {True: "yes", False: "NO", None: "-"}


def table(rows: Sequence[Row]) -> str:
    """The rows as people read them."""
    lines = [HEAD]
    lines += [
        (
            row.name,
            "-" if row.value is None else show(row.value),
            row.unit,
            "-" if row.ratio is None else f"{row.ratio:.3f}",
            row.target or "-",
            _MET[row.met],
            row.reference or "-",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    right = {1, 3}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


__all__ = ["Figures", "Line", "Row", "Target", "quantile", "show", "table"]
