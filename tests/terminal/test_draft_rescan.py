"""A draft whose photo follows: put off and back, owed once it is approved, handed in, refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backoffice.catalogue import products
from terminal.draft_events import (
    DeferPhoto,
    DraftCommand,
    DropAnswer,
    GiveUpDraft,
    HandInRescan,
    KeepEvidence,
    KeepInk,
    KeepRefusal,
    KeepRescanRefusal,
    PhotoDeferred,
    Reopen,
    RescanHandedIn,
    RescanRefused,
    SeeSlip,
    WantSubmission,
)
from terminal.draft_rules import Listed
from terminal.errands import SendRescan, SendSubmission, UploadEvidence
from terminal.form_runner import problems
from terminal.view import case_row
from tests.kit import submissions as make
from tests.terminal.draft_story import SLIP, DraftStory
from wire.case_state import State
from wire.codec import decode
from wire.message import Code, Refusal
from wire.value import PhotoValue

PRODUCT = products()["credit_card_application"].card
FIELD = "income_proof"
PHOTO = PhotoValue(bytes([7]) * 32, 90_000, 1280, 960, 500, make.NOW_MS)


def without_photo() -> DraftStory:
    """Everything but the proof of income."""
    story = DraftStory(product=PRODUCT)
    del story.values[FIELD]
    story.open()
    story.capture()
    story.identified()
    return story


def owing(state: State = State.CLOSED) -> DraftStory:
    """Submitted without it, and approved."""
    story = without_photo()
    assert story.give(DeferPhoto(FIELD)) is None
    assert story.give(WantSubmission(None)) is None
    story.view(state, 9, slip=SLIP, owed=(FIELD,))
    story.taken()
    return story


def code(story: DraftStory, command: DraftCommand) -> tuple[Code, str]:
    refusal = story.give(command)
    assert refusal is not None
    return refusal.code, refusal.field


def waits_for(story: DraftStory) -> str:
    return case_row(story.state, story.now_ms).waiting


def test_a_photo_that_may_follow_is_no_problem_until_it_is_wanted_after_all() -> None:
    """Said once; taken back, it is missing; the submission names it; others cannot be put off."""
    story = without_photo()
    assert {FIELD} == set(problems(story.state, story.now_ms))
    for _ in range(2):
        assert story.give(DeferPhoto(FIELD)) is None
    assert 1 == sum(isinstance(event, PhotoDeferred) for event in story.events)
    assert {} == problems(story.state, story.now_ms)
    assert story.give(DropAnswer(FIELD)) is None
    assert {FIELD} == set(problems(story.state, story.now_ms))
    assert (Code.FORMAT, "id_front") == code(story, DeferPhoto("id_front"))

    assert story.give(DeferPhoto(FIELD)) is None
    assert story.give(WantSubmission(None)) is None
    (errand,) = story.sent(SendSubmission)
    assert (FIELD,) == errand.submission.deferred
    assert Code.STATE is code(story, DeferPhoto(FIELD))[0], "it is on its way"


def test_a_real_photo_and_a_deferral_exclude_each_other() -> None:
    """Whichever was said last."""
    story = without_photo()
    assert story.give(DeferPhoto(FIELD)) is None
    assert story.give(KeepEvidence(FIELD, PHOTO)) is None
    assert (PHOTO, frozenset()) == (story.state.values[FIELD], story.state.following)
    assert story.give(DeferPhoto(FIELD)) is None
    assert FIELD not in story.state.values
    assert {FIELD} == story.state.following


def test_a_returned_case_keeps_what_follows() -> None:
    """As everything that was captured."""
    story = owing(State.AUTH_RETURNED)
    assert story.give(Reopen()) is None
    assert {FIELD} == story.state.following


def test_what_is_owed_is_taken_looked_at_and_handed_in_once() -> None:
    """It may be taken anew until then; the case is finished when the office says so."""
    story = owing()
    assert not story.state.finished
    assert "teller" == waits_for(story)
    assert (Code.EVIDENCE, FIELD) == code(story, HandInRescan())
    assert Code.STATE is code(story, KeepEvidence("id_front", PHOTO))[0], "it is not owed"
    blurred = replace(PHOTO, sharpness=0)
    assert story.give(KeepEvidence(FIELD, blurred)) is None
    assert Code.IMAGE_QUALITY is problems(story.state, story.now_ms)[FIELD].code
    assert story.give(KeepEvidence(FIELD, PHOTO)) is None
    assert FIELD not in problems(story.state, story.now_ms)
    assert [] == story.sent(UploadEvidence)

    for _ in range(2):
        assert story.give(HandInRescan()) is None
    assert [{FIELD: PHOTO}] == [errand.photos for errand in story.sent(SendRescan)]
    assert 1 == sum(isinstance(event, RescanHandedIn) for event in story.events)
    assert "link" == waits_for(story)
    assert Code.STATE is code(story, KeepEvidence(FIELD, blurred))[0]

    story.view(State.CLOSED, 10)
    assert ({}, False, True) == (
        story.state.rescan,
        story.state.rescan_given,
        story.state.finished,
    )
    assert "nothing" == waits_for(story)
    assert Code.STATE is code(story, HandInRescan())[0]
    lines = [decode(Listed, body).finished for body in story.listed if body is not None]
    assert [False, True] == lines


def test_a_closed_case_that_owes_is_not_given_up() -> None:
    """There is nothing left to give up."""
    assert Code.STATE is code(owing(), GiveUpDraft("x"))[0]


def test_refused_photos_are_taken_anew() -> None:
    """The reason stands at the photo; a refusal that comes late, or of something else, is none."""
    story = owing()
    refusal = Refusal(Code.EVIDENCE, "同一张照片不能用于两处，请重新拍摄。", FIELD)
    assert story.give(KeepEvidence(FIELD, PHOTO)) is None
    assert story.give(HandInRescan()) is None
    assert 1 == len(story.sent(SendRescan))
    for _ in range(2):
        assert story.give(KeepRescanRefusal(refusal)) is None
    assert 1 == sum(isinstance(event, RescanRefused) for event in story.events)
    assert refusal == problems(story.state, story.now_ms)[FIELD]
    assert "teller" == waits_for(story)
    other = replace(PHOTO, digest=bytes([8]) * 32)
    assert story.give(KeepEvidence(FIELD, other)) is None
    assert FIELD not in problems(story.state, story.now_ms)
    assert story.give(HandInRescan()) is None
    assert [{FIELD: other}] == [errand.photos for errand in story.sent(SendRescan)]


@pytest.mark.parametrize("of_rescan", [True, False])
def test_a_signature_outlives_refused_photos(of_rescan: bool) -> None:
    """While the case goes on, its customer signs only once; nor do other refusals stop photos."""
    story = owing(State.PREPARED)
    assert story.give(SeeSlip()) is None
    assert story.give(KeepInk(make.ink())) is None
    assert story.give(KeepEvidence(FIELD, PHOTO)) is None
    assert story.give(HandInRescan()) is None
    refusal = Refusal(Code.EVIDENCE, "请重新拍摄。", FIELD)
    refused = KeepRescanRefusal(refusal) if of_rescan else KeepRefusal(refusal, submission=False)
    assert story.give(refused) is None
    assert of_rescan == (story.state.ink is not None)
    assert of_rescan != story.state.rescan_given
