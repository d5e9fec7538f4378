"""The teller's page around a photo that follows the next day, by the terminal's own view.

The case is the credit card application: its proof of income need not be there at the submission.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from backoffice.catalogue import products
from terminal.draft import Draft
from terminal.form_runner import problems
from terminal.page_model import CaseRow, OpenCase
from terminal.view import case_row, open_case
from tests.kit import submissions as make
from tests.kit.page_pictures import digest_of
from wire.case_state import State
from wire.checks import bindings
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Step
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.value import PhotoValue

PRODUCT: Final = products()["credit_card_application"].card
PHOTO: Final = "income_proof"
OWING: Final = make.case_id("owed")
STAFF: Final = "T0317"
DAY_MS: Final = 86_400_000


def owing(now_ms: int) -> dict[str, OpenCase]:
    """The open case by moment, as of `now_ms`."""
    taken = {PHOTO: _photo(now_ms)}
    blocked = Refusal(Code.STATE, f"影像补扫已逾期，请先补扫业务 …{OWING[-6:]}")
    return {
        "deferrable": _shown(_draft(now_ms), now_ms),
        "deferred": _shown(_draft(now_ms, following=frozenset({PHOTO})), now_ms),
        "blocked": _shown(
            _draft(
                now_ms, case_id=make.case_id("new"), following=frozenset({PHOTO}), problem=blocked
            ),
            now_ms,
        ),
        "owed": _shown(_owing(now_ms), now_ms),
        "owed_taken": _shown(_owing(now_ms, rescan=taken), now_ms),
        "owed_given": _shown(_owing(now_ms, rescan=taken, rescan_given=True), now_ms),
        "owed_overdue": _shown(_owing(now_ms, late=True), now_ms),
    }


def overdue_row(now_ms: int) -> CaseRow:
    """A line of the list of cases whose photo should have been there by now."""
    return case_row(_owing(now_ms, late=True), now_ms - DAY_MS)


def _shown(draft: Draft, now_ms: int) -> OpenCase:
    return open_case(draft, problems(draft, now_ms))


def _draft(now_ms: int, **changes: Any) -> Draft:
    """Everything but the one photo; the others are pictures that the stand has."""
    values = dict(make.values_for(PRODUCT.form, "owed", now_ms=now_ms))
    del values[PHOTO]
    for name, value in values.items():
        if isinstance(value, PhotoValue):
            values[name] = replace(value, digest=bytes.fromhex(digest_of(name)))
    draft = Draft(
        case_id=OWING,
        product=PRODUCT,
        staff_id=STAFF,
        values=values,
        bound=bindings(PRODUCT.form, values),
        uploaded=frozenset(one.digest for one in values.values() if isinstance(one, PhotoValue)),
        identity=IdentityChecked(IdentityResult.MATCH, "case#1", now_ms),
        trail=(Step(State.DRAFT, now_ms - 300_000), Step(State.IDENTIFIED, now_ms - 200_000)),
    )
    return replace(draft, **changes)


def _owing(now_ms: int, *, late: bool = False, **changes: Any) -> Draft:
    """The same, closed."""
    due_ms = now_ms - DAY_MS // 2 if late else now_ms + DAY_MS
    path = (State.SUBMITTED, State.AUTH_QUEUED, State.AUTH_CLAIMED, State.AUTH_APPROVED)
    steps = tuple(Step(one, now_ms - 60_000) for one in (*path, State.SIGNED, State.CLOSED))
    view = CaseView(OWING, 9, State.CLOSED, steps, owed=(PHOTO,), owed_due_ms=due_ms)
    draft = _draft(now_ms, view=view, trail=(), following=frozenset({PHOTO}), **changes)
    # Without its own pictures, so that one of them can be the photo that follows.
    values = {n: value for n, value in draft.values.items() if not isinstance(value, PhotoValue)}
    return replace(draft, values=values, uploaded=frozenset())


def _photo(now_ms: int) -> PhotoValue:
    return PhotoValue(bytes.fromhex(digest_of("id_front")), 90_000, 1280, 960, 500, now_ms)


__all__ = ["OWING", "PHOTO", "overdue_row", "owing"]
