"""Drawn cases at a desk: listed by themselves, looked at whole, judged once, and nobody's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from msgspec.structs import replace

from backoffice.authorization.levels import THRESHOLDS
from backoffice.cases.events import SampleOpened, SampleReviewed, Submitted
from backoffice.desk.page_model import (
    CloseReview,
    GiveReview,
    ReviewFileView,
    ReviewsView,
    ShowReviews,
    SignInHere,
    SignOutHere,
    ViewReview,
)
from backoffice.desk.program import Desk
from backoffice.desk.reviews import NO_NOTE, NOT_OPEN, NOT_SEEN, REFRESH_S
from backoffice.staff import Member
from tests.kit.bank import DESK_PASSCODE, Bank, authorizer, teller
from tests.kit.running import run
from tests.stories.cast import Cast, assert_sound, cast, history, until, watched_bank
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.desk import NOTE_CHARS_MAX, JudgeReview, OpenReview
from wire.messages.images import GetChunk, ImageChunk
from wire.office_link import OFFLINE

FIRST, SECOND, JUNIOR, CAPTURER = (SignInHere(f"200{n}", DESK_PASSCODE) for n in range(1, 5))
EVERYTHING = replace(THRESHOLDS, sample_permille=1_000)


def staff() -> tuple[Member, ...]:
    """A teller, two authorizers, one of level A1, and the teller again under another staff id."""
    own = authorizer(4)
    return (
        teller(1),
        authorizer(1),
        authorizer(2),
        replace(authorizer(3), level="A1"),
        replace(own, card=replace(own.card, person_id=teller(1).card.person_id)),
    )


def a_bank(seed: str) -> Bank:
    """Every case of level A1 is drawn."""
    return Bank(seed, desks=2, members=staff(), thresholds=EVERYTHING)


@asynccontextmanager
async def drawn(bank: Bank, product: str = "post_loan_check") -> AsyncIterator[tuple[Cast, str]]:
    """Everybody at their place, the first authorizer signed in, one case with photos closed."""
    async with cast(bank) as at:
        case_id = await at.clerk.begin(product)
        assert "CLOSED" == (await at.clerk.finish(case_id)).state
        assert await at.desk.perform(FIRST) is None
        yield at, case_id


def seen(desk: Desk) -> ReviewsView:
    """What the page shows of reviews."""
    view = desk.state().reviews
    assert view is not None
    return view


def opened(desk: Desk) -> ReviewFileView:
    """The review that is open."""
    file = seen(desk).file
    assert file is not None
    return file


async def look_into(desk: Desk, case_id: str) -> ReviewFileView:
    """Open a drawn case and wait for its images."""
    assert await desk.perform(ViewReview(case_id)) is None
    await until(lambda: all(image.loaded == 100 for image in opened(desk).images))
    return opened(desk)


def listed(desk: Desk) -> list[str]:
    """The cases that wait for a review, as the page shows them; none while it shows nothing."""
    view = desk.state().reviews
    return [item.case_id for item in view.items] if view is not None else []


def code(refusal: Refusal | None) -> Code:
    """What kind of no it was."""
    assert refusal is not None
    return refusal.code


def test_a_drawn_case_is_looked_at_and_judged() -> None:
    """The list is there without asking; every value and image is; afterwards nothing waits."""

    async def story() -> None:
        bank, invariants = watched_bank("desk reviews", members=staff(), thresholds=EVERYTHING)
        async with drawn(bank) as (at, case_id):
            await until(lambda: listed(at.desk) == [case_id])
            assert seen(at.desk).problem is None
            file = await look_into(at.desk, case_id)
            assert (State.CLOSED, "A1", True) == (file.state, file.item.level, file.item.allowed)
            assert "身份证号码" in [row.title_zh for row in file.compared]
            assert len(file.images) >= 2
            for image in file.images:
                assert at.desk.image(bytes.fromhex(image.digest)) is not None
            said = GiveReview(case_id, ok=False, note=" 现场照片不是经营场所 ")
            assert await at.desk.perform(said) is None
            assert ReviewsView((), None, None) == seen(at.desk)
            assert at.desk.image(bytes.fromhex(file.images[0].digest)) is None
        events = history(bank, case_id)
        assert [SampleOpened, SampleReviewed] == [type(event) for event in events[-2:]]
        found = events[-1]
        assert isinstance(found, SampleReviewed)
        assert ("2001", False, "现场照片不是经营场所") == (
            found.reviewer.staff_id, found.ok, found.note,
        )  # fmt: skip
        assert_sound(bank, invariants)

    run(story)


def test_nothing_is_judged_unseen_or_without_words() -> None:
    """Not before a case is open, not another one, not before its images are here."""

    async def story() -> None:
        async with drawn(a_bank("unseen")) as (at, case_id):
            desk = at.desk
            assert NOT_OPEN == await desk.perform(GiveReview(case_id, ok=True, note=""))
            assert await desk.perform(ViewReview(case_id)) is None
            assert NOT_SEEN == await desk.perform(GiveReview(case_id, ok=True, note=""))
            await look_into(desk, case_id)
            assert NOT_OPEN == await desk.perform(GiveReview("C-other", ok=True, note=""))
            assert NO_NOTE == await desk.perform(GiveReview(case_id, ok=False, note=" \n"))
            for wrong in ("长" * (NOTE_CHARS_MAX + 1), "好\u202e"):
                refusal = await desk.perform(GiveReview(case_id, ok=True, note=wrong))
                assert isinstance(refusal, Refusal)
                assert (Code.FORMAT, "note") == (refusal.code, refusal.field)
            assert await desk.perform(CloseReview(case_id)) is None
            assert NOT_OPEN == await desk.perform(GiveReview(case_id, ok=True, note=""))
            assert [case_id] == listed(desk)
            assert [] == [e for e in history(at.bank, case_id) if isinstance(e, SampleReviewed)]

    run(story)


def test_images_go_only_to_those_who_opened_the_case() -> None:
    """Not before, not to somebody else at the same desk, not another picture, not afterwards."""

    async def story() -> None:
        async with drawn(a_bank("images")) as (at, case_id):
            desk = at.desk

            async def fetch(digest: bytes) -> Code | None:
                answer = await desk._link.request_now(GetChunk(case_id, digest, 0), within=10.0)
                if isinstance(answer, Refusal):
                    return answer.code
                assert isinstance(answer, ImageChunk)
                return None

            filed = next(e for e in history(at.bank, case_id) if isinstance(e, Submitted))
            digest = filed.intake.images[0].digest
            assert Code.FORBIDDEN is await fetch(digest)
            await look_into(desk, case_id)
            assert await fetch(digest) is None
            assert Code.NOT_FOUND is await fetch(bytes(32))
            assert await desk.perform(SignOutHere()) is None
            assert Code.FORBIDDEN is await fetch(digest)
            assert await desk.perform(SECOND) is None
            assert Code.FORBIDDEN is await fetch(digest)
            await look_into(desk, case_id)
            assert await desk.perform(GiveReview(case_id, ok=True, note="")) is None
            assert Code.FORBIDDEN is await fetch(digest)

    run(story)


def test_nobody_reviews_what_they_captured() -> None:
    """It is listed as theirs; the office refuses to open it and to hear what they find."""

    async def story() -> None:
        async with drawn(a_bank("own")) as (at, case_id):
            desk = at.desk
            assert await desk.perform(SignOutHere()) is None
            assert await desk.perform(CAPTURER) is None
            await until(lambda: listed(desk) == [case_id])
            assert not seen(desk).items[0].allowed
            assert Code.SELF_AUTH is code(await desk.perform(ViewReview(case_id)))
            assert seen(desk).file is None
            straight = await desk._link.request_now(JudgeReview(case_id, True, ""), within=10.0)
            assert isinstance(straight, Refusal)
            assert Code.SELF_AUTH is straight.code

    run(story)


def test_who_is_too_junior_reads_why() -> None:
    """The refusal of the list is what the page shows, and nothing is listed or opened."""

    async def story() -> None:
        async with drawn(a_bank("junior")) as (at, case_id):
            desk = at.desk
            assert await desk.perform(SignOutHere()) is None
            assert desk.state().reviews is None
            assert Code.FORBIDDEN is code(await desk.perform(ShowReviews()))
            assert await desk.perform(JUNIOR) is None
            await until(lambda: desk.state().reviews is not None)
            view = seen(desk)
            assert ((), Code.FORBIDDEN) == (view.items, code(view.problem))
            assert Code.FORBIDDEN is code(await desk.perform(ViewReview(case_id)))

    run(story)


def test_the_first_judgement_counts() -> None:
    """Two desks look at one case; the slower one is refused and sees that nothing waits."""

    async def story() -> None:
        bank = a_bank("two desks")
        async with drawn(bank) as (at, case_id), bank.desk(2) as other:
            assert await other.perform(SECOND) is None
            for desk in (at.desk, other):
                await look_into(desk, case_id)
            assert await other.perform(GiveReview(case_id, ok=True, note="")) is None
            late = await at.desk.perform(GiveReview(case_id, ok=False, note="照片模糊"))
            assert Code.STATE is code(late)
            await until(lambda: listed(at.desk) == [])
            assert Code.STATE is code(await at.desk.perform(ViewReview(case_id)))

    run(story)


def test_a_judgement_whose_answer_was_lost_is_given_again() -> None:
    """The office has it; the same words again are the same judgement, and the case is closed."""

    async def story() -> None:
        async with drawn(a_bank("lost answer")) as (at, case_id):
            await look_into(at.desk, case_id)
            await at.desk._link.request_now(JudgeReview(case_id, False, "照片模糊"), within=10.0)
            assert await at.desk.perform(GiveReview(case_id, ok=False, note="照片模糊")) is None
            assert ReviewsView((), None, None) == seen(at.desk)
            found = [e for e in history(at.bank, case_id) if isinstance(e, SampleReviewed)]
            assert 1 == len(found)

    run(story)


def test_the_list_follows_the_office() -> None:
    """After a reconnect, when the tab is opened, and by itself; without the office it says so."""

    async def story() -> None:
        bank = a_bank("reconnect")
        async with bank.office():
            pass
        async with bank.desk(1) as desk:
            async with bank.office(), bank.terminal(1):
                assert await desk.perform(FIRST) is None
                await until(lambda: desk.state().reviews is not None)
                assert [] == listed(desk)
            assert await desk.perform(ShowReviews()) is None
            assert OFFLINE == seen(desk).problem
            async with bank.office():
                await until(lambda: seen(desk).problem is None, within=REFRESH_S / 3)

    run(story)


def test_what_closes_meanwhile_appears() -> None:
    """At the latest after `REFRESH_S`; at once when the tab is opened."""

    async def story() -> None:
        async with drawn(a_bank("meanwhile")) as (at, case_id):
            await until(lambda: listed(at.desk) == [case_id])
            later = await at.clerk.begin("risk_assessment")
            await at.clerk.finish(later)
            assert [case_id] == listed(at.desk)
            assert await at.desk.perform(ShowReviews()) is None
            assert {case_id, later} == set(listed(at.desk))
            last = await at.clerk.begin("risk_assessment")
            await at.clerk.finish(last)
            await trio.sleep(REFRESH_S + 1.0)
            assert {case_id, later, last} == set(listed(at.desk))

    run(story)


SOME_CASE = "0197720a-0000-7000-8000-000000000000"


@pytest.mark.parametrize("deed", [ShowReviews(), ViewReview("C"), CloseReview("C")])
def test_nobody_sees_reviews_before_they_sign_in(deed: ShowReviews | ViewReview) -> None:
    """Neither through the page nor past it."""

    async def story() -> None:
        bank = a_bank("nobody")
        async with bank.office(), bank.desk(1) as desk:
            assert Code.FORBIDDEN is code(await desk.perform(deed))
            straight = await desk._link.request_now(OpenReview(SOME_CASE), within=10.0)
            assert isinstance(straight, Refusal)
            assert Code.FORBIDDEN is straight.code
            assert desk.state().reviews is None

    run(story)
