"""What a manager sees of an outlet or a union: terminals, cases, queue, rates, savings.

Counted by the office for a range of days, with the same filters for every table; times are
durations in whole seconds, money is fen. Only members of staff with a manager's mark may ask.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.case_state import State
from wire.ids import LabelOrNone
from wire.message import Request

DAYS_MAX: Final = 92
"""The most days of one view."""


class Reach(StrEnum):
    """How lately a terminal spoke with the office."""

    ONLINE = "online"
    RECENT = "recent"
    QUIET = "quiet"
    LOST = "lost"


class TerminalFigures(msgspec.Struct, frozen=True):
    """One terminal.

    Attributes:
        device: its id.
        outlet: where it belongs.
        staff: who is signed in, or empty.
        reach: online now; else by how long ago it was `seen_ms`.
        seen_ms: when it last spoke, Unix milliseconds; 0 when never.
        cases: submitted from it within the view.
    """

    device: str
    outlet: str
    staff: str
    reach: Reach
    seen_ms: int
    cases: int


class StateCount(msgspec.Struct, frozen=True):
    """How many cases of the view stand in a state now."""

    state: State
    count: int


class QueueFigures(msgspec.Struct, frozen=True):
    """The authorization queue now; `oldest_s` is the age of the oldest waiting case."""

    waiting: int
    claimed: int
    overdue: int
    oldest_s: int


class FigureRow(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one outlet, one product, one day, or all together.

    Attributes:
        key: the outlet's code, the product's code, the day (`YYYY-MM-DD`), or empty for the sum.
        title_zh: what people read; the key itself where there is nothing better.
        title_en: the same in English.
        cases: submitted.
        closed: brought to a good end: each a substitute for a visit to the counter.
        returned: sent back at least once.
        approved: approved by an authorizer.
        rejected: rejected by an authorizer.
        failed: declined, undone, expired or cancelled.
        operators: operator-days: members of staff with a case, summed over days.
        handling_s: median time that operator and customer spent, from the draft to its submission
            and from the slip to the signature; None without cases.
        waiting_s: median time from the queue to the first decision; None without decisions.
        saved_s: what the counter would have taken, less what was spent; over closed cases.
        saved_fen: the published saving per closed case.
        uploaded: bytes of images.
    """

    key: str
    title_zh: str
    title_en: str
    cases: int
    closed: int
    returned: int
    approved: int
    rejected: int
    failed: int
    operators: int
    handling_s: int | None
    waiting_s: int | None
    saved_s: int
    saved_fen: int
    uploaded: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One view.

    Attributes:
        first: the first day, `YYYY-MM-DD`.
        last: the last day.
        outlet: only this one, or empty.
        product: only this one, or empty.
        made_ms: when it was counted, Unix milliseconds.
        total: everything together.
        outlets: one row each, by code.
        products: one row each, by code.
        days: one row each, every day of the view, in order.
    """

    first: str
    last: str
    outlet: str
    product: str
    made_ms: int
    total: FigureRow
    outlets: tuple[FigureRow, ...]
    products: tuple[FigureRow, ...]
    days: tuple[FigureRow, ...]
    states: tuple[StateCount, ...]
    queue: QueueFigures
    terminals: tuple[TerminalFigures, ...]


class GetFigures(Request[Figures], frozen=True, tag="GetFigures"):
    """Ask for a view of the union that the manager works in (managers only)."""

    first: str
    last: str
    outlet: LabelOrNone = ""
    product: str = ""


__all__ = [
    "DAYS_MAX",
    "FigureRow",
    "Figures",
    "GetFigures",
    "QueueFigures",
    "Reach",
    "StateCount",
    "TerminalFigures",
]
