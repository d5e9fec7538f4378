"""Why a case was rejected: nothing of it reaches the table, and the manager can look it up."""

from __future__ import annotations

import msgspec
import pytest

from backoffice.cases.decision import REASONS
from backoffice.cases.rejections import NO_REFERENCE, neutral, told_at_table
from backoffice.cases.view import view_of
from backoffice.desk.page_model import FindRejection, SignInHere
from backoffice.management.manager import NO_MANAGER
from tests.backoffice.case_story import Story
from tests.kit.bank import DESK_PASSCODE, Bank, authorizer, teller
from tests.kit.running import run
from tests.stories.cast import cast, stands_at, submitted, until
from wire.case_state import State
from wire.codec import encode
from wire.message import Code, Refusal
from wire.messages.desk import REJECT_REASONS, RETURN_REASONS, Reason, Verdict
from wire.messages.rejections import Rejection, reference_of

NOTE = "客户神色慌张，同行人一直代答"


def judged(verdict: Verdict, reason: Reason) -> Story:
    story = Story()
    story.file()
    story.judge(story.claim(), verdict, reason, note=NOTE)
    return story


@pytest.mark.parametrize("reason", REJECT_REASONS)
def test_no_reason_of_a_rejection_reaches_the_table(reason: Reason) -> None:
    """One sentence for all of them, with a reference: nothing can be read out of it."""
    story = judged(Verdict.REJECT, reason)
    view = view_of(story.case)
    assert (neutral(story.case_id),) == view.reasons
    assert reference_of(story.case_id) in view.reasons[0].message
    _, sentence = REASONS[reason]
    sent = encode(view).decode("utf-8", "ignore")
    for word in (NOTE, sentence, reason.value, sentence[:4]):
        assert word not in sent
    (kept,) = story.case.reasons
    assert (REASONS[reason][0], f"{sentence}{NOTE}") == (kept.code, kept.message), "for the desk"


@pytest.mark.parametrize("reason", RETURN_REASONS)
def test_what_is_to_be_mended_is_said(reason: Reason) -> None:
    """A return is the teller's work: its reason and its note go along."""
    story = judged(Verdict.RETURN, reason)
    (told, *_) = view_of(story.case).reasons
    assert f"{REASONS[reason][1]}{NOTE}" == told.message


def test_what_a_partner_says_of_the_person_is_not_told_either() -> None:
    """It says FORBIDDEN there; what is about the business is told as it is."""
    story = judged(Verdict.REJECT, Reason.NOT_PERMITTED)
    about_person = Refusal(Code.FORBIDDEN, "名单命中，禁止交易")
    about_money = Refusal(Code.CORE_DECLINED, "余额不足")
    case = msgspec.structs.replace(
        story.case, state=State.DECLINED, reasons=(about_person, about_money)
    )
    assert (neutral(story.case_id), about_money) == told_at_table(case)
    assert () == told_at_table(msgspec.structs.replace(case, reasons=()))


@pytest.mark.parametrize(
    "written",
    [
        "5e0d-3a7c-2f41",
        "5E0D3A7C2F41",
        " 5e0d 3a7c 2f41 ",
        "0193a5c0-7a10-7c3e-9b1f-5e0d3a7c2f41",
    ],
)
def test_a_reference_is_read_however_it_is_written(written: str) -> None:
    assert "5e0d-3a7c-2f41" == reference_of(written)


def test_the_manager_looks_it_up() -> None:
    """By what the terminal shows; nobody else, and no other number."""

    async def story() -> None:
        first = authorizer(1)
        managing = msgspec.structs.replace(
            first, card=msgspec.structs.replace(first.card, manager=True)
        )
        bank = Bank("rejected", members=(teller(1), managing))
        async with cast(bank) as at:
            case_id = await submitted(at.terminal, at.clerk)
            at.authorize(lambda _file: (Verdict.REJECT, Reason.COERCION_OR_FRAUD))
            await until(lambda: stands_at(at.terminal, case_id) is State.AUTH_REJECTED)
            shown = at.terminal.state().open
            assert shown is not None
            assert (neutral(case_id),) == shown.reasons
            found = await at.desk.answer(FindRejection(reference_of(case_id).upper()))
            assert isinstance(found, Rejection)
            assert (case_id, Reason.COERCION_OR_FRAUD) == (found.case_id, found.reason)
            assert NO_REFERENCE == await at.desk.answer(FindRejection("0000-0000-0000"))

    run(story)


def test_who_is_no_manager_looks_nothing_up() -> None:
    async def story() -> None:
        async with cast(Bank("rejected-plain")) as at:
            assert isinstance(await at.desk.answer(FindRejection("x")), Refusal)
            assert await at.desk.perform(SignInHere("2001", DESK_PASSCODE)) is None
            assert NO_MANAGER == await at.desk.answer(FindRejection("0000-0000-0000"))

    run(story)
