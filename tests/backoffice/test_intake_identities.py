"""Guardians, proxies and co-signers: the register is asked about everybody who shows an ID card."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.authorization.levels import Level
from backoffice.cases.events import Intake
from backoffice.cases.identified import IDENTITY_AGE_MS_MAX
from backoffice.partners.identity_check import person_digest
from tests.backoffice.case_story import PRODUCTS, Story
from tests.backoffice.right_answers import facts_for
from tests.kit import submissions as make
from wire.message import Code
from wire.messages.case import Submission
from wire.messages.desk import Compared
from wire.messages.identity import IdentityResult
from wire.value import IdCardValue

STORY = Story()
EVERY = make.values_for(PRODUCTS["debit_card"].form, optional=True)


def the_agent() -> IdCardValue:
    """Whoever acts for the customer."""
    card = EVERY["agent"]
    assert isinstance(card, IdCardValue)
    return card


def with_agent() -> Submission:
    """A card for somebody who has sent a proxy."""
    agent: Any = {name: value for name, value in EVERY.items() if name.startswith("agent")}
    return STORY.submission(STORY.values(**agent))


def refused(answer: Any) -> tuple[Code, str, bool]:
    """The only refusal: code, field, whether another try may help."""
    assert isinstance(answer, tuple), answer
    (refusal,) = answer
    return refusal.code, refusal.field, refusal.retryable


def test_what_the_register_says_of_a_proxy_is_on_file() -> None:
    """Beside its answer about the customer, and shown to the authorizer in one line."""
    intake = STORY.intake(with_agent())

    assert isinstance(intake, Intake), intake
    assert ["agent"] == list(intake.identities)
    assert (Level.A3, ("proxy",)) == (intake.assessment.level, intake.assessment.flags)
    shown = f"{the_agent().name} {the_agent().number.masked}"
    title = ("监护人或代理人身份证", "ID card of guardian or proxy")
    assert [Compared(*title, "", shown, "一致", False, "agent")] == compared(with_agent())


def compared(submission: Submission, **facts: Any) -> list[Compared]:
    """What the desk sees of the proxy."""
    story = Story()
    story.file(submission, **facts)
    rows: list[Compared] = [
        row for row in story.claim().compared if row.title_en == "ID card of guardian or proxy"
    ]
    return rows


def test_without_a_photo_of_the_proxy_somebody_looks_closer() -> None:
    """As with the customer; both together are one reason more, not two."""
    unseen = IdentityResult.MATCH_WITHOUT_PHOTO
    for answers in ({"others": unseen}, {"others": unseen, "result": unseen}):
        intake = STORY.intake(with_agent(), **answers)
        assert isinstance(intake, Intake), intake
        assert (Level.A4, ("idv_no_photo", "proxy")) == (
            intake.assessment.level,
            intake.assessment.flags,
        )
    (row,) = compared(with_agent(), others=unseen)
    assert ("一致（无照片）", False) == (row.network, row.differs)


@pytest.mark.parametrize("result", [IdentityResult.NAME_DIFFERS, IdentityResult.NUMBER_ABSENT])
def test_a_proxy_whom_the_register_does_not_know_is_sent_to_the_counter(
    result: IdentityResult,
) -> None:
    """No second document of the customer cures that."""
    cured = STORY.submission(with_agent().values | {"second_document": EVERY["second_document"]})

    for submission in (with_agent(), cured):
        answer = STORY.intake(submission, others=result)
        assert (Code.ID_MISMATCH, "agent", False) == refused(answer)


def test_the_register_must_have_been_asked_about_the_proxy_lately() -> None:
    """What merely is not there yet may come."""
    submission = with_agent()
    record = facts_for(STORY.product, submission).identities["agent"]
    replace = msgspec.structs.replace
    stranger = replace(record, person=person_digest("x", "y"))
    long_ago = submission.captured_ms - IDENTITY_AGE_MS_MAX - 1
    old = replace(record, answer=replace(record.answer, checked_ms=long_ago))

    for known, retryable in (({}, True), ({"agent": stranger}, True), ({"agent": old}, False)):
        answer = STORY.intake(submission, identities=known)
        assert (Code.EVIDENCE, "agent", retryable) == refused(answer)
    silent = STORY.intake(submission, others=IdentityResult.UNAVAILABLE)
    assert (Code.EVIDENCE, "agent", True) == refused(silent)
