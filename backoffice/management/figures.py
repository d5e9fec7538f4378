"""Figures counted from summaries: pure functions, so that a report can be counted again.

A case belongs to the day on which it was first submitted. Medians are of the cases that have the
value, and none where no case has it. Savings are the published case's: the counter's standard
time less what was spent, and a fixed sum for every case that needed no counter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Final

import msgspec

from backoffice.management.summary import CaseSummary, day_of
from backoffice.product import Product
from wire.case_state import FINAL_STATES, State
from wire.message import Code, Refusal
from wire.messages.figures import DAYS_MAX, FigureRow, GetFigures, Reach, StateCount

FAILED: Final = FINAL_STATES - {State.CLOSED, State.AUTH_REJECTED}
"""Ends without the business that the customer came for, other than an authorizer's no."""


class ManagementTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the managers' view.

    Attributes:
        saved_fen: what one case outside the counter saves, fen (24 M CNY for 1.1 M cases a year).
        recent_ms: a terminal that spoke within this counts as recent.
        quiet_ms: beyond this it counts as lost; between the two as quiet.
    """

    saved_fen: int = 22_00
    recent_ms: int = 2 * 60 * 60 * 1000
    quiet_ms: int = 3 * 24 * 60 * 60 * 1000


def days_of(request: GetFigures) -> list[str] | Refusal:
    """Every day of the view, in order; `E_FORMAT` or `E_RANGE` for a range that is none."""
    try:
        first, last = dt.date.fromisoformat(request.first), dt.date.fromisoformat(request.last)
    except ValueError:
        return Refusal(Code.FORMAT, "日期格式应为 年-月-日，例如 2026-11-23。", "first")
    if first > last:
        return Refusal(Code.RANGE, "开始日期不能晚于结束日期。", "first")
    count = (last - first).days + 1
    if count > DAYS_MAX:
        return Refusal(Code.RANGE, f"一次最多查询{DAYS_MAX}天。", "last")
    return [(first + dt.timedelta(days=day)).isoformat() for day in range(count)]


def chosen(summaries: Iterable[CaseSummary], request: GetFigures) -> list[CaseSummary]:
    """Those that the filters let through."""
    return [
        one
        for one in summaries
        if request.outlet in ("", one.outlet) and request.product in ("", one.product)
    ]


class Counting:
    """Counts rows; knows titles, counter times and terms.

    Args:
        products: by code.
    """

    def __init__(self, products: Mapping[str, Product], terms: ManagementTerms) -> None:
        self._products = products
        self._terms = terms

    def total(self, summaries: Sequence[CaseSummary]) -> FigureRow:
        """Everything together."""
        return self._row("", "合计", "Total", summaries)

    def by_outlet(self, summaries: Sequence[CaseSummary]) -> tuple[FigureRow, ...]:
        """One row for each outlet that has a case."""
        groups = _grouped(summaries, lambda one: one.outlet)
        return tuple(self._row(key, key, key, groups[key]) for key in sorted(groups))

    def by_product(self, summaries: Sequence[CaseSummary]) -> tuple[FigureRow, ...]:
        """One row for each product that has a case."""
        groups = _grouped(summaries, lambda one: one.product)
        return tuple(self._row(key, *self._titles(key), groups[key]) for key in sorted(groups))

    def by_day(
        self, summaries: Sequence[CaseSummary], days: Sequence[str]
    ) -> tuple[FigureRow, ...]:
        """One row for every day of the view, days without a case included."""
        groups = _grouped(summaries, lambda one: day_of(one.submitted_ms))
        return tuple(self._row(day, day, day, groups.get(day, [])) for day in days)

    def _titles(self, code: str) -> tuple[str, str]:
        product = self._products.get(code)
        return (product.title_zh, product.title_en) if product else (code, code)

    def _row(
        self, key: str, title_zh: str, title_en: str, cases: Sequence[CaseSummary]
    ) -> FigureRow:
        closed = [one for one in cases if one.state is State.CLOSED]
        return FigureRow(
            key=key,
            title_zh=title_zh,
            title_en=title_en,
            cases=len(cases),
            closed=len(closed),
            returned=sum(one.returns > 0 for one in cases),
            approved=sum(one.approved for one in cases),
            rejected=sum(one.state is State.AUTH_REJECTED for one in cases),
            failed=sum(one.state in FAILED for one in cases),
            operators=len({(one.staff_id, day_of(one.submitted_ms)) for one in cases}),
            handling_s=_median_s(handling_ms(one) for one in cases),
            waiting_s=_median_s(
                one.decided_ms - one.queued_ms for one in cases if one.queued_ms and one.decided_ms
            ),
            saved_s=sum(self._counter_s(one.product) - handling_ms(one) // 1000 for one in closed),
            saved_fen=len(closed) * self._terms.saved_fen,
            uploaded=sum(one.uploaded for one in cases),
        )

    def _counter_s(self, code: str) -> int:
        product = self._products.get(code)
        return product.counter_s if product else 0


def handling_ms(one: CaseSummary) -> int:
    """The time that people spent on a case: capturing it, then reading and signing the slip."""
    capturing = max(one.submitted_ms - one.begun_ms, 0)
    signing = max(one.signed_ms - one.slip_ms, 0) if one.slip_ms and one.signed_ms else 0
    return capturing + signing


def by_state(summaries: Iterable[CaseSummary]) -> tuple[StateCount, ...]:
    """How many stand where, in the order of the flow."""
    counts = dict.fromkeys(State, 0)
    for one in summaries:
        counts[one.state] += 1
    return tuple(StateCount(state, count) for state, count in counts.items() if count)


def reach_of(seen_ms: int, now_ms: int, *, online: bool, terms: ManagementTerms) -> Reach:
    """How lately a terminal spoke."""
    if online:
        return Reach.ONLINE
    silent_ms = now_ms - seen_ms
    if silent_ms <= terms.recent_ms:
        return Reach.RECENT
    return Reach.QUIET if silent_ms <= terms.quiet_ms else Reach.LOST


def _grouped(
    summaries: Iterable[CaseSummary], key: Callable[[CaseSummary], str]
) -> dict[str, list[CaseSummary]]:
    groups: dict[str, list[CaseSummary]] = {}
    for one in summaries:
        groups.setdefault(key(one), []).append(one)
    return groups


def _median_s(values_ms: Iterable[int]) -> int | None:
    values = list(values_ms)
    return int(median(values)) // 1000 if values else None


__all__ = [
    "Counting",
    "ManagementTerms",
    "by_state",
    "chosen",
    "days_of",
    "handling_ms",
    "reach_of",
]
