"""What a manager sees: summaries kept in step by the cases, figures counted from them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.store import Batch, Document
from actors.store.memory import Disk, MemoryStore
from backoffice.management.figures import (
    Counting,
    ManagementTerms,
    by_state,
    chosen,
    days_of,
    handling_ms,
    reach_of,
)
from backoffice.management.manager import ManagersDesk
from backoffice.management.summary import CaseSummary, collection, day_of
from backoffice.peers.devices import Device
from backoffice.shards import of_union
from tests.backoffice.case_story import PRODUCTS, UNION, Bank, Story
from tests.kit import submissions as make
from tests.kit.running import run
from wire.case_state import State
from wire.codec import decode
from wire.message import Code, Refusal
from wire.messages.figures import Figures, GetFigures, Reach
from wire.messages.session import Role

HOUR_MS = 60 * 60 * 1000
DAY = day_of(make.NOW_MS)
TERMS = ManagementTerms()
COUNT = Counting(PRODUCTS, TERMS)


def summary(number: int, **changes: Any) -> CaseSummary:
    """A closed card case of a quarter of an hour, decided after one minute."""
    begun = make.NOW_MS
    right = CaseSummary(
        case_id=f"case {number}",
        product="debit_card",
        outlet="O1",
        staff_id="T001",
        device="T-0001",
        state=State.CLOSED,
        begun_ms=begun,
        submitted_ms=begun + 600_000,
        queued_ms=begun + 600_000,
        decided_ms=begun + 660_000,
        slip_ms=begun + 700_000,
        signed_ms=begun + 760_000,
        ended_ms=begun + 900_000,
        returns=0,
        approved=True,
        uploaded=300_000,
    )
    return msgspec.structs.replace(right, **changes)


def test_every_commit_of_a_case_keeps_its_summary_in_step() -> None:
    """From the submission to the end, on the day of the first submission."""
    story = Story("debit_card", bank=Bank())
    place = (collection(UNION, DAY), story.case_id)
    story.file()
    assert State.AUTH_QUEUED is decode(CaseSummary, story.bank.documents[place]).state

    story.approve()
    story.core()
    story.show()
    story.now_ms += 24 * HOUR_MS - 1
    story.sign()
    story.core()
    story.deliver()
    kept = decode(CaseSummary, story.bank.documents[place])
    assert (State.CLOSED, True, 0) == (kept.state, kept.approved, kept.returns)
    assert kept.begun_ms < kept.submitted_ms <= kept.decided_ms <= kept.slip_ms < kept.signed_ms
    assert [place] == [one for one in story.bank.documents if one[0].startswith("summary/")]


def test_a_row_counts_what_was_done_and_saved() -> None:
    """Eleven minutes of people's time against the counter's standard."""
    cases = [
        summary(1),
        summary(2, returns=1),
        summary(3, state=State.AUTH_REJECTED, approved=False, slip_ms=0, signed_ms=0),
        summary(4, state=State.ABORTED, staff_id="T002"),
        summary(5, state=State.AUTH_QUEUED, approved=False, decided_ms=0),
    ]
    row = COUNT.total(cases)
    standard_s = PRODUCTS["debit_card"].counter_s

    assert (5, 2, 1, 3, 1, 1) == (
        row.cases, row.closed, row.returned, row.approved, row.rejected, row.failed,
    )  # fmt: skip
    assert (2, 660, 60) == (row.operators, row.handling_s, row.waiting_s)
    assert 2 * (standard_s - 660) == row.saved_s
    assert 2 * TERMS.saved_fen == row.saved_fen
    assert 1_500_000 == row.uploaded


def test_rows_by_outlet_product_and_day_add_up_to_the_total() -> None:
    """Days without a case are there, too."""
    later = make.NOW_MS + 24 * HOUR_MS
    cases = [
        summary(1),
        summary(2, outlet="O2", product="card_activation"),
        summary(3, outlet="O2", submitted_ms=later),
    ]
    days = days_of(GetFigures(DAY, day_of(later + 24 * HOUR_MS)))
    assert isinstance(days, list)
    assert 3 == len(days)
    assert [1, 2] == [row.cases for row in COUNT.by_outlet(cases)]
    assert [1, 2] == [row.cases for row in COUNT.by_product(cases)]
    assert [2, 1, 0] == [row.cases for row in COUNT.by_day(cases, days)]
    assert PRODUCTS["card_activation"].title_zh == COUNT.by_product(cases)[0].title_zh


@given(st.lists(st.sampled_from(State), max_size=30))
def test_every_case_stands_in_one_state(states: list[State]) -> None:
    """The counts add up, and none is zero."""
    counts = by_state(summary(n, state=state) for n, state in enumerate(states))

    assert len(states) == sum(one.count for one in counts)
    assert all(one.count for one in counts)


def test_nothing_counts_as_nothing() -> None:
    """A view without cases is zeros without medians, not an error."""
    row = COUNT.total([])

    assert {0, None, "", "合计", "Total"} == set(msgspec.structs.astuple(row))


@pytest.mark.parametrize(
    ("first", "last", "code", "field"),
    [
        ("gestern", "2025-06-15", Code.FORMAT, "first"),
        ("2025-06-16", "2025-06-15", Code.RANGE, "first"),
        ("2025-01-01", "2025-06-15", Code.RANGE, "last"),
    ],
)
def test_a_range_that_is_none_is_refused(first: str, last: str, code: Code, field: str) -> None:
    """In a sentence."""
    refused = days_of(GetFigures(first, last))

    assert isinstance(refused, Refusal)
    assert (code, field) == (refused.code, refused.field)


@pytest.mark.parametrize(
    ("silent_ms", "online", "expected"),
    [
        (10 * 24 * HOUR_MS, True, Reach.ONLINE),
        (2 * HOUR_MS, False, Reach.RECENT),
        (2 * HOUR_MS + 1, False, Reach.QUIET),
        (3 * 24 * HOUR_MS, False, Reach.QUIET),
        (3 * 24 * HOUR_MS + 1, False, Reach.LOST),
    ],
)
def test_how_lately_a_terminal_spoke(silent_ms: int, online: bool, expected: Reach) -> None:
    """Online is online, however long the last note is ago."""
    now = make.NOW_MS
    assert expected is reach_of(now - silent_ms, now, online=online, terms=TERMS)


def test_capturing_and_signing_count_waiting_does_not() -> None:
    """Ten minutes of form and one of slip."""
    assert 660_000 == handling_ms(summary(1))
    assert 600_000 == handling_ms(summary(1, signed_ms=0))


class Wall:
    def now_ms(self) -> int:
        return make.NOW_MS + HOUR_MS


def test_the_manager_s_desk_reads_what_is_committed() -> None:
    """Filters go through every table alike; desks are no terminals."""

    async def story() -> None:
        store = MemoryStore(Disk())
        documents = tuple(
            Document(collection(UNION, DAY), one.case_id, msgspec.msgpack.encode(one))
            for one in (summary(1), summary(2, outlet="O2", device="T-0002"))
        )
        await store.commit(Batch("test", make.NOW_MS, documents=documents, shard=of_union(UNION)))
        desk = ManagersDesk(store, PRODUCTS, Wall(), lambda d: d == "T-0002", lambda u: TERMS)
        await desk.note_seen(UNION, "T-0001")
        devices = tuple(
            Device(device=name, role=role, outlet=outlet, union=UNION, noise=b"n", signing=b"s")
            for name, role, outlet in (
                ("T-0001", Role.TERMINAL, "O1"),
                ("T-0002", Role.TERMINAL, "O2"),
                ("D-0001", Role.DESK, "O1"),
            )
        )
        whole = await desk.view(UNION, devices, GetFigures(DAY, DAY))
        assert isinstance(whole, Figures)
        assert [("T-0001", Reach.RECENT, 1), ("T-0002", Reach.ONLINE, 1)] == [
            (one.device, one.reach, one.cases) for one in whole.terminals
        ]
        part = await desk.view(UNION, devices, GetFigures(DAY, DAY, outlet="O2"))
        assert isinstance(part, Figures)
        assert (2, 1, ["T-0002"]) == (
            whole.total.cases, part.total.cases, [one.device for one in part.terminals],
        )  # fmt: skip

    run(story)


def test_filters_are_exact() -> None:
    """By outlet, by product, by both."""
    cases = [summary(1), summary(2, outlet="O2"), summary(3, outlet="O2", product="loan_query")]

    assert [1, 2, 1] == [
        len(chosen(cases, GetFigures(DAY, DAY, outlet, product)))
        for outlet, product in (("", "loan_query"), ("O2", ""), ("O2", "debit_card"))
    ]
