"""The identity register and the draft: what is asked, when, and what its answer stops."""

from __future__ import annotations

import random

import pytest

from terminal.draft import card_digest, submission
from terminal.draft_events import (
    KeepEvidence,
    KeepIdCard,
    KeepIdentity,
    KeepRefusal,
    WantSubmission,
)
from terminal.errands import (
    AskIdentity,
    SendSubmission,
)
from tests.kit import submissions as make
from tests.terminal.draft_story import DEBIT_CARD, DEVICE, DraftStory, answer
from wire.case_state import State
from wire.checks import TRAIL
from wire.codec import encode
from wire.message import Code, Refusal
from wire.messages.case import Place
from wire.messages.identity import IdentityResult
from wire.value import PhotoValue

BUSY = Refusal(Code.BUSY, "系统繁忙", retryable=True)
UNCLEAR = Refusal(Code.IMAGE_QUALITY, "照片不清晰", "id_front")
PLACE = Place(25_000_000, 102_000_000, 10)


def test_offline_the_submission_waits_for_the_identity() -> None:
    """The teller hands the case over in the mountains; the register is asked when the link is back,
    and only its answer sends the submission, with no person's help.
    """
    story = DraftStory()
    story.open()
    story.capture()
    assert story.give(WantSubmission(PLACE)) is None
    assert story.state.wanted
    assert not story.state.editable
    assert [] == story.sent(SendSubmission)

    story.identified()

    (errand,) = story.sent(SendSubmission)
    assert list(TRAIL) == [step.state for step in errand.submission.trail]
    assert PLACE == errand.submission.place
    assert errand.submission.captured_ms == story.now_ms


def test_reading_the_card_twice_submits_once() -> None:
    """Two questions are owed for one card; the second answer changes nothing that was sent."""
    story = DraftStory()
    story.open()
    story.capture()
    assert story.give(KeepIdCard("id_card", story.card)) is None
    assert 2 == len(story.sent(AskIdentity))
    assert story.give(WantSubmission(None)) is None

    story.identified()
    (first,) = story.sent(SendSubmission)
    story.identified()

    assert [] == story.sent(SendSubmission)
    assert encode(first.submission) == encode(submission(story.state, DEVICE))


def test_an_answer_about_another_card_is_nobodys() -> None:
    """The card was changed while the register was thinking."""
    story = DraftStory()
    story.open()
    other = make.id_card(make.person("somebody else"))
    assert story.give(KeepIdCard("id_card", story.card)) is None
    assert story.give(KeepIdCard("id_card", other)) is None

    story.identified()

    assert story.state.identity is None
    assert State.DRAFT is story.stands()
    assert story.give(KeepIdentity(card_digest(other), answer())) is None
    assert State.IDENTIFIED is story.stands()


@pytest.mark.parametrize("result", [IdentityResult.NAME_DIFFERS, IdentityResult.NUMBER_ABSENT])
def test_a_disagreeing_register_stops_the_teller_not_the_case(result: IdentityResult) -> None:
    """The case comes back to the table with the reason; with a second document it goes on."""
    story = DraftStory()
    story.open()
    story.capture()
    assert story.give(WantSubmission(None)) is None

    story.identified(result)

    assert story.state.editable
    assert story.state.problem is not None
    assert ("id_card", Code.ID_MISMATCH) == (story.state.problem.field, story.state.problem.code)
    assert [] == story.sent(SendSubmission)
    document = make.value_for(DEBIT_CARD.form.fields[1], random.Random(9), make.person(), 0)
    assert isinstance(document, PhotoValue)
    assert story.give(KeepEvidence("second_document", document)) is None
    assert story.give(WantSubmission(None)) is None
    (errand,) = story.sent(SendSubmission)
    assert list(TRAIL) == [step.state for step in errand.submission.trail]


def test_a_refused_question_gives_the_case_back() -> None:
    """The register was never asked; without an answer the case could wait for ever."""
    story = DraftStory()
    story.open()
    story.capture()
    assert story.give(WantSubmission(None)) is None

    refusal = Refusal(Code.FORBIDDEN, "请先登录")
    assert story.give(KeepRefusal(refusal, submission=False)) is None

    assert story.state.editable
    assert refusal == story.state.problem

    story.sent(AskIdentity)
    assert story.give(WantSubmission(None)) is None
    assert [story.card] == [errand.card for errand in story.sent(AskIdentity)], "asked anew"
    story.identified()
    assert 1 == len(story.sent(SendSubmission))
