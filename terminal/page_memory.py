"""What the page showed last, made again only when something that it is made of is another thing.

A page looks after every change of anything, a keystroke or a light of the kit, and each second; the
cases on it are mostly what they were. Deliberately not here: how anything looks (`terminal.view`)
and what is wrong with an answer (`terminal.form_runner`). Invariant: at most one line for each
draft that is known and one open case are kept.
"""

from __future__ import annotations

from typing import Final

from terminal.draft import Draft
from terminal.form_runner import problems
from terminal.inquiries import Inquiries
from terminal.page_model import CaseRow, OpenCase
from terminal.view import case_row, open_case
from wire.messages.offers import Recommendations

CLOCK_MS: Final = 60_000
"""How late the page may show a problem that only the clock brings, in milliseconds; whoever submits
is told at once."""


class PageMemory:
    """The lines of the list and the case in the middle, as they were made last.

    A draft's number rises with each of its changes (`DraftBook`), so it stands for the draft.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, CaseRow]] = {}
        self._opened: tuple[object, OpenCase] | None = None

    def row(self, number: int, draft: Draft, now_ms: int) -> CaseRow:
        """A line of the list."""
        if not draft.steps:
            return case_row(draft, now_ms)
        known = self._rows.get(draft.case_id)
        if known is None or known[0] != number:
            known = self._rows[draft.case_id] = (number, case_row(draft, draft.steps[-1].at_ms))
        return known[1]

    def open_case(
        self,
        number: int,
        draft: Draft,
        now_ms: int,
        inquiries: Inquiries,
        suggested: Recommendations,
    ) -> OpenCase:
        """The case in the middle of the screen."""
        made_of = (number, now_ms // CLOCK_MS, inquiries.changes, suggested)
        if self._opened is None or self._opened[0] != made_of:
            case = open_case(
                draft,
                problems(draft, now_ms),
                listed=lambda field: inquiries.listed(draft, field),
                code_sent=lambda field: inquiries.code_sent(draft, field),
                suggested=suggested,
            )
            self._opened = (made_of, case)
        return self._opened[1]


__all__ = ["CLOCK_MS", "PageMemory"]
