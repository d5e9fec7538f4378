"""The managers' figures at a desk: asked for, kept fresh, and written for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from backoffice.desk.figures import NO_FIGURES, REFRESH_S
from backoffice.desk.figures_csv import BYTE_ORDER_MARK, FORMULA_STARTS, csv_of, file_name
from backoffice.desk.page_model import (
    ExportFigures,
    FiguresTable,
    HideFigures,
    Lang,
    ShowFigures,
    SignInHere,
    SignOutHere,
)
from backoffice.desk.program import Desk
from backoffice.management.figures import Counting, ManagementTerms, by_state
from backoffice.management.manager import NO_MANAGER
from backoffice.management.summary import CaseSummary
from backoffice.staff import Member
from tests.backoffice.case_story import PRODUCTS
from tests.kit import page_figures
from tests.kit.bank import DESK_PASSCODE, Bank, authorizer
from tests.kit.running import run
from wire.case_state import TITLES, State
from wire.message import Code
from wire.messages.figures import FigureRow, Figures, QueueFigures, Reach, TerminalFigures
from wire.office_link import OFFLINE

DAYS = [f"2026-11-{day}" for day in range(20, 24)]
DAY_MS = 24 * 60 * 60 * 1000
NOON_20_MS = 1_795_147_200_000
"""2026-11-20, noon in China."""
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["=1+1", "+1", "-1", "@a", "\tx", 'a"b', "a,b", "\r\n"]
)


@st.composite
def summaries(draw: st.DrawFn) -> CaseSummary:
    """Any case of the four days."""
    begun = NOON_20_MS + draw(st.integers(0, 3)) * DAY_MS
    submitted = begun + draw(st.integers(0, 3_000_000))
    queued = draw(st.sampled_from([0, submitted]))
    return CaseSummary(
        case_id=draw(st.text(max_size=4)),
        product=draw(st.sampled_from(["debit_card", "card_activation", "=no_product"])),
        outlet=draw(st.sampled_from(["53011101", "53011102", "@53011103"])),
        staff_id=draw(st.sampled_from(["1001", "1002"])),
        device="T-0001",
        state=draw(st.sampled_from(list(State))),
        begun_ms=begun,
        submitted_ms=submitted,
        queued_ms=queued,
        decided_ms=queued and queued + draw(st.integers(1, 900_000)),
        slip_ms=0,
        signed_ms=0,
        ended_ms=0,
        returns=draw(st.integers(0, 2)),
        approved=draw(st.booleans()),
        uploaded=draw(st.integers(0, 900_000)),
    )


TERMINALS = st.builds(
    TerminalFigures,
    device=TEXTS,
    outlet=TEXTS,
    staff=TEXTS,
    reach=st.sampled_from(Reach),
    seen_ms=st.sampled_from([0, NOON_20_MS]),
    cases=st.integers(0, 99),
)


@st.composite
def views(draw: st.DrawFn) -> Figures:
    """Figures as the office counts them from any cases."""
    cases = draw(st.lists(summaries(), max_size=12))
    count = Counting(PRODUCTS, ManagementTerms())
    return Figures(
        first=DAYS[0],
        last=DAYS[-1],
        outlet="",
        product="",
        made_ms=NOON_20_MS,
        total=count.total(cases),
        outlets=count.by_outlet(cases),
        products=count.by_product(cases),
        days=count.by_day(cases, DAYS),
        states=by_state(cases),
        queue=QueueFigures(0, 0, 0, 0),
        terminals=tuple(draw(st.lists(TERMINALS, max_size=4))),
    )


def read(text: str) -> list[list[str]]:
    """The cells of a file, as any reader of RFC 4180 finds them."""
    assert text.startswith(BYTE_ORDER_MARK)
    return list(
        csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True)
    )


def written(cell: str) -> str:
    """A person's text as its cell must read."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


@given(views(), st.sampled_from(["outlets", "products", "days"]), st.sampled_from(["zh", "en"]))
def test_the_rows_of_a_file_add_up(figures: Figures, table: FiguresTable, lang: Lang) -> None:
    """Every table splits the same cases: what can be added up gives its last row, the total."""
    header, *rows, total = read(csv_of(figures, table, lang))
    first = 2 if table == "products" else 1
    titles = dict(zip(header[first:], range(first, len(header)), strict=True))
    medians = ("中位数", "Median", "人日", "Operator")
    minutes = ("分钟", "(min)")
    for title, at in titles.items():
        if title.startswith(medians) or any(word in title for word in medians):
            continue
        values = [float(row[at]) for row in rows]
        rounding = 0.05 * (len(rows) + 1) if any(word in title for word in minutes) else 0.001
        assert abs(sum(values) - float(total[at])) <= rounding + 1e-6, title
    assert str(figures.total.cases) == total[first]


@given(views(), st.sampled_from(get_args(FiguresTable)), st.sampled_from(["zh", "en"]))
def test_every_cell_survives_and_none_is_a_formula(
    figures: Figures, table: FiguresTable, lang: Lang
) -> None:
    """Commas, quotes and line breaks come back; a text that a spreadsheet would run does not."""
    header, *rows = read(csv_of(figures, table, lang))
    assert {len(header)} == {len(row) for row in [header, *rows]}
    if table == "terminals":
        found = [tuple(row[:3]) for row in rows]
        people = [(one.device, one.outlet, one.staff) for one in figures.terminals]
        assert [tuple(written(cell) for cell in texts) for texts in people] == found
    elif table == "states":
        at = 0 if lang == "zh" else 1
        counted = [(one.state, TITLES[one.state][at], str(one.count)) for one in figures.states]
        assert counted == [tuple(row[:3]) for row in rows]
    else:
        asked = {"outlets": figures.outlets, "products": figures.products, "days": figures.days}
        keys = [written(row.key) for row in asked[table]]
        assert [*keys, "合计" if lang == "zh" else "Total"] == [row[0] for row in rows]
    texts = [row[at] for row in rows for at in range(3 if table == "terminals" else 1)]
    assert not [cell for cell in texts if cell.startswith(FORMULA_STARTS)]


def row(**changes: object) -> FigureRow:
    """One outlet's day."""
    right = FigureRow(
        key="53011101", title_zh="53011101", title_en="53011101", cases=7, closed=5, returned=2,
        approved=6, rejected=1, failed=0, operators=2, handling_s=615, waiting_s=93, saved_s=-90,
        saved_fen=11_005, uploaded=2_100_000,
    )  # fmt: skip
    return msgspec.structs.replace(right, **changes)


def test_how_numbers_are_written() -> None:
    """Minutes with one decimal, yuan with two, a negative one untouched, no value as no cell."""
    figures = msgspec.structs.replace(
        page_figures.figures(),
        outlets=(row(), row(key="=2", cases=0, waiting_s=None, handling_s=None, saved_fen=-5)),
    )
    lines = csv_of(figures, "outlets", "zh").split("\r\n")

    assert lines[0].startswith("\ufeff网点,提交笔数,办结笔数,")
    assert "53011101,7,5,2,6,1,0,2,10.2,1.6,-1.5,110.05,2100000" == lines[1]
    assert "'=2,0,5,2,6,1,0,2,,,-1.5,-0.05,2100000" == lines[2]
    assert "" == lines[-1]


def test_what_a_file_is_called() -> None:
    """The table, the days, and the filters that it was made with."""
    figures = page_figures.figures(outlet="53011101", product="debit_card")
    name = file_name(figures, "days", "zh")
    one_day = file_name(
        msgspec.structs.replace(page_figures.figures(), last="2026-11-17"), "days", "en"
    )

    assert "日报表_2026-11-17_2026-11-23_53011101_debit_card.csv" == name
    assert "figures-by-day_2026-11-17.csv" == one_day


def manager() -> Member:
    """An authorizer who also manages."""
    member = authorizer(1)
    card = msgspec.structs.replace(member.card, manager=True)
    return msgspec.structs.replace(member, card=card)


TODAY_VIEW = ShowFigures("2026-11-01", "2026-11-30")


@asynccontextmanager
async def at_desk(bank: Bank) -> AsyncIterator[Desk]:
    """An office and one desk, at which the bank's first authorizer signs in."""
    async with bank.office(), bank.desk(1) as desk:
        assert await desk.perform(SignInHere("2001", DESK_PASSCODE)) is None
        yield desk


def test_a_manager_looks_at_figures_and_they_stay_fresh() -> None:
    """They are counted anew once a minute while they are shown, and gone when they are hidden."""

    async def story() -> None:
        async with at_desk(Bank("figures", members=(manager(),))) as desk:
            assert desk.state().figures is None
            assert await desk.perform(TODAY_VIEW) is None
            view = desk.state().figures
            assert view is not None
            assert ("2026-11-01", 30) == (view.figures.first, len(view.figures.days))
            counted = {view.figures.made_ms}
            for _ in range(3):
                await trio.sleep(REFRESH_S)
                view = desk.state().figures
                assert view is not None
                counted.add(view.figures.made_ms)
            assert len(counted) >= 3
            assert await desk.perform(HideFigures()) is None
            await trio.sleep(3 * REFRESH_S)
            assert desk.state().figures is None

    run(story)


def test_the_newest_filters_are_kept_when_a_view_is_refused() -> None:
    """A range that is none is refused, and what was on the screen stays there."""

    async def story() -> None:
        async with at_desk(Bank("figures", members=(manager(),))) as desk:
            assert await desk.perform(TODAY_VIEW) is None
            refused = await desk.perform(ShowFigures("2026-11-30", "2026-11-01"))
            assert refused is not None
            assert (Code.RANGE, "first") == (refused.code, refused.field)
            view = desk.state().figures
            assert view is not None
            assert "2026-11-01" == view.figures.first
            assert await desk.perform(ShowFigures("2026-11-10", "2026-11-12", "53011101")) is None
            await trio.sleep(2 * REFRESH_S)
            view = desk.state().figures
            assert view is not None
            assert ("2026-11-10", "53011101") == (view.figures.first, view.figures.outlet)

    run(story)


def test_without_the_office_older_figures_stay_and_say_so() -> None:
    """A refresh that fails leaves the figures with a problem beside them; the next heals it."""

    async def story() -> None:
        bank = Bank("figures", members=(manager(),))
        async with bank.office():
            pass
        async with bank.desk(1) as desk:
            async with bank.office():
                assert await desk.perform(SignInHere("2001", DESK_PASSCODE)) is None
                assert await desk.perform(TODAY_VIEW) is None
            await trio.sleep(2 * REFRESH_S)
            view = desk.state().figures
            assert view is not None
            assert OFFLINE == view.problem
            async with bank.office():
                await trio.sleep(2 * REFRESH_S)
                view = desk.state().figures
                assert view is not None
                assert view.problem is None

    run(story)


def test_a_table_is_exported_as_it_is_filtered() -> None:
    """Each export has the next number; without figures there is nothing to export."""

    async def story() -> None:
        async with at_desk(Bank("figures", members=(manager(),))) as desk:
            assert await desk.perform(ExportFigures("days", "zh")) == NO_FIGURES
            assert await desk.perform(ShowFigures("2026-11-22", "2026-11-23", "53011101")) is None
            numbers = []
            for table in get_args(FiguresTable):
                assert await desk.perform(ExportFigures(table, "en")) is None
                export = desk.state().export
                assert export is not None
                assert "53011101" in export.name
                numbers.append(export.number)
            assert [1, 2, 3, 4, 5] == numbers
            assert await desk.perform(SignOutHere()) is None
            assert (None, None) == (desk.state().figures, desk.state().export)

    run(story)


@pytest.mark.parametrize("signed_in", [False, True], ids=["nobody", "no manager"])
def test_who_may_not_look(signed_in: bool) -> None:
    """Nobody without signing in, and no authorizer without a manager's mark."""

    async def story() -> None:
        bank = Bank("figures")
        async with bank.office(), bank.desk(1) as desk:
            if signed_in:
                assert await desk.perform(SignInHere("2001", DESK_PASSCODE)) is None
            refused = await desk.perform(TODAY_VIEW)
            assert refused is not None
            assert Code.FORBIDDEN == refused.code
            assert signed_in == (refused == NO_MANAGER)
            assert desk.state().figures is None

    run(story)
