"""The photo that follows: deferred at the table, let pass at the desk, owed, handed in later."""

from __future__ import annotations

from typing import Final

import trio

from actors.durable import Commanded
from backoffice.authorization.hours import DeskHours, next_workday_end_ms
from backoffice.cases.rescan import Debt, collection
from terminal.clerk import Clerk
from terminal.draft import Draft
from terminal.draft_events import Done, HandInRescan, KeepEvidence
from terminal.page_commands import (
    ClearValue,
    DeferPhoto,
    GiveRescan,
    NewCase,
    ShowCase,
    SubmitCase,
    TakePhoto,
)
from terminal.page_model import CaseRow, OpenCase, OwedView, Stage
from terminal.program import ROWS_MAX, Terminal
from tests.kit.bank import UNION, Bank
from tests.kit.outside import EPOCH_MS
from tests.kit.running import run
from tests.stories.cast import (
    Cast,
    assert_sound,
    cast,
    kinds,
    signed_in,
    states,
    until,
    watched_bank,
    work_to,
)
from wire.codec import decode
from wire.message import Code
from wire.value import PhotoValue

PRODUCT: Final = "credit_card_application"
PHOTO: Final = "income_proof"
NIGHTS_S: Final = 48 * 60 * 60.0
"""From the day of the business over the day on which the photo was due, in seconds."""

QUIET_S: Final = 30.0
"""After so long the terminal has heard everything about a case that has ended, virtual seconds."""


def clerk_of(bank: Bank, terminal: Terminal) -> Clerk:
    """A teller whose customer reads out codes."""
    return Clerk(terminal, phones=bank.read_phone)


async def begun_without_photo(at: Cast) -> str:
    """A case on the screen whose customer has no proof of income with them."""
    case_id = await clerk_of(at.bank, at.terminal).begin(PRODUCT)
    assert await at.terminal.perform(DeferPhoto(case_id, PHOTO)) is None
    return case_id


async def closed_without_photo(at: Cast) -> str:
    """The same case, approved and closed all the same."""
    at.authorize()
    case_id = await begun_without_photo(at)
    closed = await clerk_of(at.bank, at.terminal).finish(case_id)
    assert "CLOSED" == closed.state, closed.reasons
    return case_id


def case_of(terminal: Terminal) -> OpenCase:
    opened = terminal.state().open
    assert opened is not None
    return opened


def row_of(terminal: Terminal, case_id: str) -> CaseRow:
    return next(row for row in terminal.state().cases if row.case_id == case_id)


def draft_of(terminal: Terminal, case_id: str) -> Draft:
    draft = terminal.drafts.look(case_id)
    assert draft is not None
    return draft


def debts(bank: Bank) -> dict[str, Debt]:
    """What the office has written down, by case."""
    documents = bank.disk("office").disk.documents.items()
    return {
        key: decode(Debt, body)
        for (where, key), body in documents
        if where == collection(UNION) and body is not None
    }


def test_a_photo_follows_over_a_broken_link() -> None:
    """Deferred, approved, signed, closed, owed; taken while offline, and nothing is owed after."""

    async def story() -> None:
        bank, invariants = watched_bank("rescan")
        async with cast(bank) as at:
            case_id = await closed_without_photo(at)
            terminal = at.terminal
            assert "SIGNED" in states(case_of(terminal))
            assert (PHOTO,) == debts(bank)[case_id].fields
            owed = OwedView(1, next_workday_end_ms(EPOCH_MS, DeskHours()), "1001", given=False)
            assert (owed, "teller") == (
                row_of(terminal, case_id).owed,
                row_of(terminal, case_id).waiting,
            )
            assert (owed, Stage.DONE) == (case_of(terminal).owed, case_of(terminal).stage)
            (missing,) = case_of(terminal).rescan
            assert (PHOTO, "") == (missing.name, missing.digest)

            bank.network.cut("T-1")
            early = await terminal.perform(GiveRescan(case_id))
            assert early is not None
            assert (Code.EVIDENCE, PHOTO) == (early.code, early.field)
            assert await terminal.perform(TakePhoto(case_id, PHOTO)) is None
            (taken,) = case_of(terminal).rescan
            assert taken.digest
            assert taken.problem is None
            for _ in range(2):
                assert await terminal.perform(GiveRescan(case_id)) is None
            again = await terminal.perform(TakePhoto(case_id, PHOTO))
            assert again is not None
            assert Code.STATE is again.code
            given = row_of(terminal, case_id)
            assert given.owed is not None
            assert (True, "link", 1) == (
                given.owed.given,
                given.waiting,
                terminal.state().waiting_to_send,
            )
            await trio.sleep(60.0)
            assert {case_id} == debts(bank).keys()

            bank.network.heal()
            await until(lambda: row_of(terminal, case_id).owed is None)
            assert ("nothing", 0) == (
                row_of(terminal, case_id).waiting,
                terminal.state().waiting_to_send,
            )
            assert (None, ()) == (case_of(terminal).owed, case_of(terminal).rescan)
            assert draft_of(terminal, case_id).finished
        assert {} == debts(bank)
        assert 1 == kinds(bank, case_id).count("RescanGiven")
        assert_sound(bank, invariants)

    run(story)


def test_a_deferred_photo_is_taken_after_all() -> None:
    """Taken back, it is missing again; a real photo makes the deferral void; nothing is owed."""

    async def story() -> None:
        bank, invariants = watched_bank("rescan-undone")
        async with cast(bank) as at:
            case_id = await begun_without_photo(at)
            await work_to(at.terminal, clerk_of(bank, at.terminal), case_id, Stage.SUBMIT)
            assert await at.terminal.perform(ClearValue(case_id, PHOTO)) is None
            assert Stage.PHOTOS is case_of(at.terminal).stage
            missing = await at.terminal.perform(SubmitCase(case_id))
            assert missing is not None
            assert PHOTO == missing.field

            assert await at.terminal.perform(DeferPhoto(case_id, PHOTO)) is None
            assert Stage.SUBMIT is case_of(at.terminal).stage
            assert await at.terminal.perform(TakePhoto(case_id, PHOTO)) is None
            assert frozenset() == draft_of(at.terminal, case_id).following
            at.authorize()
            closed = await clerk_of(bank, at.terminal).finish(case_id)
            assert ("CLOSED", None) == (closed.state, closed.owed)
        assert {} == debts(bank)
        assert_sound(bank, invariants)

    run(story)


def test_an_overdue_photo_comes_first() -> None:
    """The next submission is refused and says for which case; it goes through once that is paid."""

    async def story() -> None:
        bank, invariants = watched_bank("rescan-overdue")
        async with cast(bank) as at:
            owing = await closed_without_photo(at)
        await trio.sleep(NIGHTS_S)
        async with cast(bank) as at:
            at.authorize()
            terminal, clerk = at.terminal, at.clerk
            owed = row_of(terminal, owing).owed
            assert owed is not None
            assert owed.due_ms <= terminal.state().now_ms
            fresh = await clerk.begin("debit_card")
            await work_to(terminal, clerk, fresh, Stage.SUBMIT)
            assert await terminal.perform(SubmitCase(fresh)) is None
            await until(lambda: bool(case_of(terminal).reasons))
            (reason,) = case_of(terminal).reasons
            assert f"影像补扫已逾期，请先补扫业务 …{owing[-6:]}" == reason.message
            assert Stage.SUBMIT is case_of(terminal).stage

            assert await terminal.perform(ShowCase(owing)) is None
            assert await terminal.perform(TakePhoto(owing, PHOTO)) is None
            assert await terminal.perform(GiveRescan(owing)) is None
            await until(lambda: row_of(terminal, owing).owed is None)
            assert "CLOSED" == (await clerk.finish(fresh)).state
        assert_sound(bank, invariants)

    run(story)


def test_what_is_owed_stays_in_sight() -> None:
    """However many cases come after it."""

    async def story() -> None:
        bank, _ = watched_bank("rescan-list")
        async with cast(bank) as at:
            case_id = await closed_without_photo(at)
            # What the office still tells of it would make it one of the newest again.
            await until(lambda: not bank.owed())
            await trio.sleep(QUIET_S)
            for _ in range(ROWS_MAX):
                assert await at.terminal.perform(NewCase("debit_card")) is None
            assert ROWS_MAX + 1 == len(at.terminal.state().cases)
            assert row_of(at.terminal, case_id).owed is not None

    run(story)


def test_what_the_office_refuses_is_taken_anew() -> None:
    """A picture that the case has already pays nothing; the reason is said, another one pays."""

    async def story() -> None:
        bank, invariants = watched_bank("rescan-refused")
        async with cast(bank) as at:
            case_id = await closed_without_photo(at)
            terminal = at.terminal
            old = draft_of(terminal, case_id).values["id_front"]
            assert isinstance(old, PhotoValue)
            for command in (KeepEvidence(PHOTO, old), HandInRescan()):
                ref = terminal.drafts.ref(case_id)
                assert await ref.ask(Commanded("1001", command), within=1.0) == Done()
            await until(lambda: row_of(terminal, case_id).problem != "")
            assert "同一张照片不能用于两处，请重新拍摄。" == row_of(terminal, case_id).problem
            (refused,) = case_of(terminal).rescan
            assert refused.problem is not None
            again = await terminal.perform(GiveRescan(case_id))
            assert again is not None
            assert Code.EVIDENCE is again.code

            assert await terminal.perform(TakePhoto(case_id, PHOTO)) is None
            assert await terminal.perform(GiveRescan(case_id)) is None
            await until(lambda: draft_of(terminal, case_id).finished)
        assert {} == debts(bank)
        assert_sound(bank, invariants)

    run(story)


def test_the_tablet_dies_before_and_after_the_photos_are_handed_in() -> None:
    """What was taken is still there, what was handed in goes out by itself, and once."""

    async def story() -> None:
        bank, invariants = watched_bank("rescan-crash")
        async with cast(bank) as at:
            case_id = await closed_without_photo(at)
            bank.network.cut("T-1")
            assert await at.terminal.perform(TakePhoto(case_id, PHOTO)) is None
            bank.unplug("T-1")
        bank.network.heal()
        async with cast(bank) as at:
            assert await at.terminal.perform(ShowCase(case_id)) is None
            (taken,) = case_of(at.terminal).rescan
            assert taken.digest
            bank.network.cut("T-1")
            assert await at.terminal.perform(GiveRescan(case_id)) is None
            bank.unplug("T-1")
        assert {case_id} == debts(bank).keys()
        bank.network.heal()
        async with bank.office(), bank.terminal(1) as terminal:
            await until(lambda: draft_of(terminal, case_id).finished)
            await signed_in(terminal)
            assert await terminal.perform(ShowCase(case_id)) is None
            late = await terminal.perform(GiveRescan(case_id))
            assert late is not None
            assert Code.STATE is late.code
        assert {} == debts(bank)
        assert 1 == kinds(bank, case_id).count("RescanGiven")
        assert_sound(bank, invariants)

    run(story)
