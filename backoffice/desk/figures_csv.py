"""A table of figures as a file for a spreadsheet.

Source: RFC 4180 for quoting and line ends. The text begins with a byte order mark, without which
Excel takes UTF-8 for the system's code page and garbles Chinese. A text cell that a spreadsheet
would take for a formula is preceded by an apostrophe (OWASP, CSV injection); numbers are never
touched. Cells without a value, such as the median of no cases, are empty.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Final

from backoffice.desk.page_model import FiguresTable, Lang
from wire.case_state import TITLES as STATE_TITLES
from wire.checks import CHINA
from wire.messages.figures import FigureRow, Figures, Reach, StateCount, TerminalFigures

BYTE_ORDER_MARK: Final = "\ufeff"
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for the beginning of a formula, or skip before one."""

Cell = str | int

TITLES: Final[dict[FiguresTable, tuple[str, str]]] = {
    "outlets": ("网点报表", "figures-by-outlet"),
    "products": ("业务报表", "figures-by-service"),
    "days": ("日报表", "figures-by-day"),
    "terminals": ("终端报表", "figures-by-terminal"),
    "states": ("状态报表", "figures-by-state"),
}
"""What a file is called: Chinese, English."""

KEYS: Final[dict[FiguresTable, tuple[tuple[str, str], ...]]] = {
    "outlets": (("网点", "Outlet"),),
    "products": (("业务代码", "Service code"), ("业务名称", "Service")),
    "days": (("日期", "Day"),),
}
COUNTS: Final = (
    ("提交笔数", "Cases"),
    ("办结笔数", "Closed"),
    ("退回笔数", "Returned"),
    ("授权通过笔数", "Approved"),
    ("授权拒绝笔数", "Rejected"),
    ("未成功笔数", "Not completed"),
    ("经办人日", "Operator-days"),
    ("办理时长中位数（分钟）", "Median handling (min)"),
    ("授权等待中位数（分钟）", "Median waiting (min)"),
    ("节省时间（分钟）", "Time saved (min)"),
    ("节省金额（元）", "Money saved (CNY)"),
    ("影像字节数", "Image bytes"),
)
TERMINAL: Final = (
    ("终端", "Terminal"),
    ("网点", "Outlet"),
    ("登录人员", "Signed in"),
    ("连接", "Link"),
    ("最近联系", "Last seen"),
    ("提交笔数", "Cases"),
)
STATE: Final = (
    ("状态代码", "State code"),
    ("状态", "State"),
    ("笔数", "Cases"),
    ("占比（%）", "Share (%)"),
)
REACH: Final = {
    Reach.ONLINE: ("在线", "Online"),
    Reach.RECENT: ("近期在线", "Recent"),
    Reach.QUIET: ("久未联系", "Quiet"),
    Reach.LOST: ("失联", "Lost"),
}
TOTAL: Final = ("合计", "Total")


def csv_of(figures: Figures, table: FiguresTable, lang: Lang) -> str:
    """One table of a view; durations in minutes, money in yuan, times of day in China's time.

    Rows of outlets, products and days are followed by the view's own total: medians and
    operator-days of it are not sums.
    """
    at = 0 if lang == "zh" else 1
    header: Sequence[tuple[str, str]]
    if table == "terminals":
        header = TERMINAL
        rows = [_terminal(row, at) for row in figures.terminals]
    elif table == "states":
        header = STATE
        rows = [_state(row, figures.total.cases, at) for row in figures.states]
    else:
        header = KEYS[table] + COUNTS
        named = table == "products"
        rows = [_row(row, at, named=named) for row in _rows_of(figures, table)]
        rows.append(_total(figures.total, at, named=named))
    return BYTE_ORDER_MARK + _written([[title[at] for title in header], *rows])


def file_name(figures: Figures, table: FiguresTable, lang: Lang) -> str:
    """What the file is called: the table, the days and the filters."""
    days = figures.first if figures.first == figures.last else f"{figures.first}_{figures.last}"
    title = TITLES[table][0 if lang == "zh" else 1]
    parts = [part for part in (title, days, figures.outlet, figures.product) if part]
    return "_".join(parts) + ".csv"


def _rows_of(figures: Figures, table: FiguresTable) -> tuple[FigureRow, ...]:
    if table == "outlets":
        return figures.outlets
    return figures.products if table == "products" else figures.days


def _row(row: FigureRow, at: int, *, named: bool) -> list[Cell]:
    title = (row.title_zh, row.title_en)[at]
    return [_text(row.key), *([_text(title)] if named else []), *_counts(row)]


def _total(row: FigureRow, at: int, *, named: bool) -> list[Cell]:
    return [TOTAL[at], *([""] if named else []), *_counts(row)]


def _counts(row: FigureRow) -> list[Cell]:
    return [
        row.cases,
        row.closed,
        row.returned,
        row.approved,
        row.rejected,
        row.failed,
        row.operators,
        _minutes(row.handling_s),
        _minutes(row.waiting_s),
        _minutes(row.saved_s),
        _yuan(row.saved_fen),
        row.uploaded,
    ]


def _terminal(row: TerminalFigures, at: int) -> list[Cell]:
    seen = dt.datetime.fromtimestamp(row.seen_ms // 1000, CHINA) if row.seen_ms else None
    return [
        _text(row.device),
        _text(row.outlet),
        _text(row.staff),
        REACH[row.reach][at],
        f"{seen:%Y-%m-%d %H:%M:%S}" if seen else "",
        row.cases,
    ]


def _state(row: StateCount, cases: int, at: int) -> list[Cell]:
    share = f"{100 * row.count / cases:.1f}" if cases else ""
    return [row.state, STATE_TITLES[row.state][at], row.count, share]


def _minutes(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds / 60:.1f}"


def _yuan(fen: int) -> str:
    sign, whole = "-" if fen < 0 else "", abs(fen)
    return f"{sign}{whole // 100}.{whole % 100:02}"


def _text(cell: str) -> str:
    """A cell that somebody wrote, as one that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _written(rows: Iterable[Iterable[Cell]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


__all__ = ["BYTE_ORDER_MARK", "FORMULA_STARTS", "csv_of", "file_name"]
