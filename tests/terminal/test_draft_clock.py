"""A tablet whose clock is set back and forth: no work is lost for it, and it is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backoffice.cases.view import compare
from backoffice.dossier import open_dossier
from backoffice.products.debit_card import FORM
from terminal.draft_events import KeepHandover, KeepInk, SeeSlip, WantSubmission
from terminal.errands import SendHandover, SendInk, SendSubmission
from terminal.form_runner import problems
from tests.backoffice.case_story import TELLER
from tests.kit import submissions as make
from tests.terminal.draft_story import SLIP, DraftStory
from wire.case_state import State
from wire.checks import LIMITS, Context, check_submission
from wire.messages.case import Step, Submission

DAY_MS = 86_400_000
OFFICE = Context(make.NOW_MS + 3_600_000, staff_id="T001")
"""The office an hour after the story began, by the right clock."""

CLOCKS = st.sampled_from([-make.NOW_MS, -400 * DAY_MS, -DAY_MS, -3_600_000, 0, 3_600_000, DAY_MS])
"""By how much a clock may be wrong while something is captured."""


class Wrong(DraftStory):
    """The tablet's clock is `off_ms` beside the right one."""

    off_ms = 0

    def set(self, off_ms: int) -> None:
        """Somebody sets the clock."""
        self.now_ms += off_ms - self.off_ms
        self.off_ms = off_ms


def sent(story: DraftStory) -> Submission:
    assert {} == problems(story.state, story.now_ms)
    assert story.give(WantSubmission(None)) is None
    (errand,) = story.sent(SendSubmission)
    assert () == check_submission(FORM, errand.submission, OFFICE, errand.pins)
    return errand.submission


@settings(deadline=None)
@given(begun=CLOCKS, captured=CLOCKS, identified=CLOCKS)
def test_a_draft_from_any_clock_can_be_sent(begun: int, captured: int, identified: int) -> None:
    """Whatever it was between the steps, once it is right; how wrong it was goes along."""
    story = Wrong()
    story.set(begun)
    story.open()
    story.set(captured)
    story.capture()
    story.set(identified)
    story.identified()
    story.set(0)
    told = sent(story)

    impossible = max(begun, identified) > 0 or min(begun, identified) < -400 * DAY_MS
    assert told.skew_ms > 0 or not impossible
    assert told.skew_ms == 0 or (begun, identified) != (0, 0)


def test_a_clock_that_is_still_ahead_is_told_and_the_draft_goes_out_afterwards() -> None:
    """The office refuses the time, not the work."""
    story = Wrong()
    story.set(DAY_MS)
    story.open()
    story.capture()
    story.identified()
    assert story.give(WantSubmission(None)) is None
    (errand,) = story.sent(SendSubmission)
    (refusal, *_) = check_submission(FORM, errand.submission, OFFICE, errand.pins)
    assert "请校准设备时间" in refusal.message
    story.refused(refusal)

    story.set(0)
    assert LIMITS.skew_ms_max < sent(story).skew_ms


def test_the_desk_reads_that_the_clock_was_wrong() -> None:
    """Beside what the chip says; nothing where it was right."""
    for off_ms, lines in ((0, 0), (3_600_000, 1)):
        story = Wrong()
        story.set(off_ms)
        story.open()
        story.set(0)
        story.capture()
        story.identified()
        dossier = open_dossier(sent(story), verifiers={}, operator=TELLER.staff, now_ms=0)
        rows = compare(dossier, FORM, story.state.identity)
        assert lines == sum(row.title_zh == "终端时钟" for row in rows)


@pytest.mark.parametrize("off_ms", [-DAY_MS, 0, 60_000])
def test_what_follows_the_office_is_not_told_before_it(off_ms: int) -> None:
    """Slip and commitment are the office's: a clock that is behind does not precede them."""
    story = Wrong()
    story.submitted()
    made_ms = story.now_ms
    story.view(State.PREPARED, 5, slip=replace(SLIP, made_ms=made_ms))
    story.set(off_ms)
    assert story.give(SeeSlip()) is None
    assert story.give(KeepInk(make.ink())) is None
    (ink,) = story.sent(SendInk)
    assert max(made_ms, story.now_ms) == ink.signed_ms

    assert story.state.view is not None
    steps = (*story.state.view.steps, Step(State.COMMITTED, made_ms + 10_000))
    story.committed(steps)
    assert story.give(KeepHandover()) is None
    (handover,) = story.sent(SendHandover)
    assert max(made_ms + 10_000, story.now_ms) == handover.delivered_ms
