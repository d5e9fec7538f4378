"""A union's month as the managers' page shows it: made up, but counted as the office counts."""

from __future__ import annotations

from typing import Final

from backoffice.catalogue import products
from backoffice.desk.page_model import Choice, FiguresView
from backoffice.management.figures import Counting, ManagementTerms, by_state, chosen, days_of
from backoffice.management.summary import CaseSummary, day_of
from wire.case_state import State
from wire.message import Refusal
from wire.messages.figures import Figures, GetFigures, QueueFigures, Reach, TerminalFigures

NOW_MS: Final = 1_795_399_500_000
"""Monday 2026-11-23, 10:05 in China."""
MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
DAYS: Final = 35
OUTLETS: Final = ("53011101", "53011102", "53011103", "53011104", "53011105")
SERVICES: Final = (
    "debit_card",
    "card_activation",
    "farmer_file",
    "bill_payment",
    "service_sign_up",
)
ENDS: Final = (
    State.CLOSED, State.CLOSED, State.CLOSED, State.CLOSED, State.AUTH_QUEUED, State.CLOSED,
    State.AUTH_REJECTED, State.CLOSED, State.PREPARED, State.CLOSED, State.EXPIRED, State.CLOSED,
    State.CLOSED,
)  # fmt: skip
PEOPLE: Final = ("王芳", "赵强", "", "杨晓梅", "")
PRODUCTS: Final = products()


def _case(number: int, day: int) -> CaseSummary:
    begun = NOW_MS - day * DAY_MS - (number % 9) * 40 * MINUTE_MS
    submitted = begun + (6 + number * 7 % 11) * MINUTE_MS
    state = ENDS[number % len(ENDS)]
    authorized = number % 3 > 0 and state is not State.AUTH_QUEUED
    signed = submitted + (20 + number % 5) * MINUTE_MS
    closed = state is State.CLOSED
    return CaseSummary(
        case_id=f"case-{number}",
        product=SERVICES[number * 3 % len(SERVICES)],
        outlet=OUTLETS[number // 2 % len(OUTLETS)],
        staff_id=f"10{number % 7:02}",
        device=f"T-{number % 5 + 1:04}",
        state=state,
        begun_ms=begun,
        submitted_ms=submitted,
        queued_ms=submitted if authorized else 0,
        decided_ms=submitted + (40 + number * 13 % 170) * 1000 if authorized else 0,
        slip_ms=signed - 2 * MINUTE_MS if closed else 0,
        signed_ms=signed if closed else 0,
        ended_ms=signed + MINUTE_MS if closed else 0,
        returns=int(number % 6 == 0),
        approved=authorized and state is not State.AUTH_REJECTED,
        uploaded=180_000 + number * 997 % 240_000,
    )


def _cases() -> list[CaseSummary]:
    """Fewer at the weekend, none on one Sunday."""
    found: list[CaseSummary] = []
    for day in range(DAYS):
        busy = 0 if day == 1 else 5 if day % 7 in (1, 2) else 11 + day * 5 % 8
        found += [_case(len(found) + at, day) for at in range(busy)]
    return found


CASES: Final = tuple(_cases())


def figures(
    first: str = "2026-11-17", last: str = "2026-11-23", outlet: str = "", product: str = ""
) -> Figures:
    """The made-up cases of these days, behind these filters."""
    request = GetFigures(first, last, outlet, product)
    days = days_of(request)
    assert not isinstance(days, Refusal)
    cases = [one for one in chosen(CASES, request) if day_of(one.submitted_ms) in days]
    count = Counting(PRODUCTS, ManagementTerms())
    seen = (NOW_MS, NOW_MS - 50 * MINUTE_MS, NOW_MS - DAY_MS, NOW_MS - 9 * DAY_MS, 0)
    reach = (Reach.ONLINE, Reach.RECENT, Reach.QUIET, Reach.LOST, Reach.LOST)
    return Figures(
        first=first,
        last=last,
        outlet=outlet,
        product=product,
        made_ms=NOW_MS,
        total=count.total(cases),
        outlets=count.by_outlet(cases),
        products=count.by_product(cases),
        days=count.by_day(cases, days),
        states=by_state(cases),
        queue=QueueFigures(6, 1, 1, 1020) if not outlet else QueueFigures(2, 0, 0, 96),
        terminals=tuple(
            TerminalFigures(
                device=f"T-{at + 1:04}",
                outlet=OUTLETS[at],
                staff=PEOPLE[at],
                reach=reach[at],
                seen_ms=seen[at],
                cases=sum(one.device == f"T-{at + 1:04}" for one in cases),
            )
            for at in range(len(OUTLETS))
            if outlet in ("", OUTLETS[at])
        ),
    )


def figures_view(shown: Figures) -> FiguresView:
    """Figures on the screen with everything that the union has to filter by."""
    found = [PRODUCTS[code] for code in sorted(SERVICES)]
    choices = tuple(Choice(one.code, one.title_zh, one.title_en) for one in found)
    return FiguresView(figures=shown, outlets=OUTLETS, products=choices, problem=None)


__all__ = ["OUTLETS", "SERVICES", "figures", "figures_view"]
