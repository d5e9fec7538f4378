"""The managers' view at a desk: asks the office for figures and keeps the newest for the page.

While the view is shown it is asked for again every `REFRESH_S`; a refresh that fails leaves the
older figures in place and says so. The desk counts nothing itself and keeps no figures after
sign-out.

Invariant: what is shown answers the newest filters that the office accepted, whatever the order in
which answers come.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import trio

from backoffice.desk.figures_csv import csv_of, file_name
from backoffice.desk.link import REQUEST_S_MAX
from backoffice.desk.page_model import (
    Choice,
    Export,
    ExportFigures,
    FiguresDeed,
    FiguresView,
    HideFigures,
    ShowFigures,
)
from wire.message import Code, Refusal
from wire.messages.figures import Figures, GetFigures
from wire.office_link import OfficeLink

REFRESH_S: Final = 60.0
"""How often figures on the screen are asked for again, in seconds."""

CHOICES_MAX: Final = 500
"""The most outlets, and the most products, that the filters offer."""

NO_FIGURES: Final = Refusal(Code.STATE, "报表还没有统计好，请稍候再导出。", retryable=True)


class FiguresBoard:
    """The figures on the screen.

    Args:
        changed: called after every change that a page would show.

    Attributes:
        view: what is shown, or None while nothing is.
        export: the newest table made for saving, or None.
    """

    def __init__(self, link: OfficeLink, changed: Callable[[], None]) -> None:
        self._link = link
        self._changed = changed
        self._turned = trio.Event()
        self._shown: GetFigures | None = None
        self._asked = 0
        self._exports = 0
        self._outlets: set[str] = set()
        self._products: dict[str, Choice] = {}
        self.view: FiguresView | None = None
        self.export: Export | None = None

    async def perform(self, deed: FiguresDeed) -> Refusal | None:
        """Do what the page asked for; a manager's mark is the office's to check."""
        match deed:
            case ShowFigures():
                return await self._show(deed)
            case HideFigures():
                self._hide()
                return None
            case ExportFigures():
                return self._export(deed)

    def forget(self) -> None:
        """Somebody else is at the desk: nothing is shown, offered or exported any more."""
        self._hide()
        self._outlets, self._products = set(), {}

    async def keep_fresh(self) -> None:
        """Ask again from time to time while figures are shown; runs as long as the desk."""
        while True:
            turned = self._turned = trio.Event()
            with trio.move_on_after(math.inf if self._shown is None else REFRESH_S):
                await turned.wait()
                continue
            await self._refresh()

    async def _show(self, deed: ShowFigures) -> Refusal | None:
        request = GetFigures(deed.first, deed.last, deed.outlet, deed.product)
        self._asked += 1
        asked = self._asked
        answer = await self._link.request_now(request, within=REQUEST_S_MAX)
        if isinstance(answer, Refusal):
            return answer
        if asked == self._asked:
            self._shown = request
            self._turned.set()
            self._keep(answer)
        return None

    async def _refresh(self) -> None:
        request, asked = self._shown, self._asked
        if request is None:
            return
        answer = await self._link.request_now(request, within=REQUEST_S_MAX)
        if asked != self._asked or self.view is None:
            return
        if isinstance(answer, Refusal):
            self._put(self.view.figures, answer)
        else:
            self._keep(answer)

    def _hide(self) -> None:
        self._asked += 1
        self._shown = self.view = self.export = None
        self._turned.set()
        self._changed()

    def _export(self, deed: ExportFigures) -> Refusal | None:
        if self.view is None:
            return NO_FIGURES
        self._exports += 1
        figures = self.view.figures
        name = file_name(figures, deed.table, deed.lang)
        self.export = Export(name, csv_of(figures, deed.table, deed.lang), self._exports)
        self._changed()
        return None

    def _keep(self, figures: Figures) -> None:
        """Filtered figures name few outlets and products; the filters offer all seen so far."""
        self._outlets |= {row.key for row in figures.outlets}
        self._outlets |= {row.outlet for row in figures.terminals}
        self._products |= {
            row.key: Choice(row.key, row.title_zh, row.title_en) for row in figures.products
        }
        self._put(figures, None)

    def _put(self, figures: Figures, problem: Refusal | None) -> None:
        products = sorted(self._products)[:CHOICES_MAX]
        self.view = FiguresView(
            figures=figures,
            outlets=tuple(sorted(self._outlets)[:CHOICES_MAX]),
            products=tuple(self._products[code] for code in products),
            problem=problem,
        )
        self._changed()


__all__ = ["CHOICES_MAX", "NO_FIGURES", "REFRESH_S", "FiguresBoard"]
