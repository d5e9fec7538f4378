"""A live photo on request: asked by who holds the case, new, and bound by every decision after."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.authorization.levels import WITNESS, Timing
from backoffice.cases.commands import AskLive, FileCase, Release
from backoffice.cases.events import Intake, LiveAsked, LiveGiven
from tests.backoffice.case_story import DESK, SECOND_DESK, Story
from tests.kit import submissions as make
from wire.checks import LIMITS
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import LIVE_PHOTO, GetCase, GiveLivePhoto
from wire.messages.desk import DecisionTaken, Reason, Verdict
from wire.value import PhotoValue


def photo(story: Story, number: int = 7) -> PhotoValue:
    return PhotoValue(bytes([number]) * 32, 90_000, 1280, 960, 500, story.now_ms)


def give(story: Story, number: int = 7, **changes: Any) -> Any:
    picture = msgspec.structs.replace(photo(story, number), **changes)
    return story.ask(GiveLivePhoto(story.case_id, picture))


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_the_photo_reaches_the_desk_and_is_bound() -> None:
    """Asked and given; the look from before is stale, the next one shows it as evidence E3."""
    story = Story()
    story.file()
    before = story.claim()
    asked = story.give(AskLive(DESK))
    assert isinstance(asked, desk.CaseFile)
    assert "asked" == asked.item.live_photo
    assert story.ask(GetCase(story.case_id)).live_wanted

    view = give(story)
    assert not view.live_wanted
    for stale in (before, asked):
        assert Code.STALE is code(story.judge(stale))
    seen = story.claim()
    assert (LIVE_PHOTO.name, "E3", bytes([7]) * 32) == (
        seen.images[-1].field,
        seen.images[-1].evidence,
        seen.images[-1].digest,
    )
    assert "given" == seen.item.live_photo
    assert Code.STALE is code(story.judge(seen, images=tuple(i.digest for i in before.images)))
    assert isinstance(story.judge(seen), DecisionTaken)


def test_only_the_holder_asks() -> None:
    """And once is enough; another desk, or nobody's claim, asks in vain."""
    story = Story()
    story.file()
    assert Code.STATE is code(story.give(AskLive(DESK)))
    story.claim()
    assert Code.STATE is code(story.give(AskLive(SECOND_DESK)))
    for _ in range(2):
        assert isinstance(story.give(AskLive(DESK)), desk.CaseFile)
    assert 1 == sum(isinstance(event, LiveAsked) for event in story.events)


def test_only_a_new_photo_counts() -> None:
    """Not one from before, nor one of the case; the same again is the same; late is late."""
    story = Story()
    story.file()
    seen = story.claim()
    assert Code.STATE is code(give(story)), "nobody asked"
    story.give(AskLive(DESK))
    story.now_ms += 600_000
    too_old = story.now_ms - 600_000 - LIMITS.skew_ms_max - 1
    assert Code.RANGE is code(give(story, taken_ms=too_old))
    assert Code.RANGE is code(give(story, taken_ms=story.now_ms + LIMITS.skew_ms_max + 1))
    assert Code.EVIDENCE is code(give(story, digest=seen.images[0].digest))
    for _ in range(2):
        assert not give(story).live_wanted
    assert 1 == sum(isinstance(event, LiveGiven) for event in story.events)

    late = Story(seed=1)
    late.file()
    late.claim()
    asked = late.give(AskLive(DESK))
    late.judge(asked, Verdict.RETURN, Reason.IMAGE_UNCLEAR)
    assert Code.STATE is code(give(late))


def test_a_photo_that_comes_after_the_claim_is_kept() -> None:
    """The next desk finds it; an unclear one is asked for again and replaced."""
    story = Story()
    story.file()
    story.claim()
    story.give(AskLive(DESK))
    story.give(Release(DESK))
    give(story)
    assert "given" == story.claim(SECOND_DESK).item.live_photo
    story.give(AskLive(SECOND_DESK))
    give(story, 8)

    seen = story.claim(SECOND_DESK)
    assert [bytes([8]) * 32] == [i.digest for i in seen.images if i.field == LIVE_PHOTO.name]
    assert isinstance(story.judge(seen, who=SECOND_DESK), DecisionTaken)


def test_a_new_revision_is_looked_at_anew() -> None:
    """The photo belonged to what was returned."""
    story = Story()
    story.file()
    story.claim()
    story.give(AskLive(DESK))
    give(story)
    story.judge(story.claim(), Verdict.RETURN, Reason.FORM_INCOMPLETE)
    story.file(story.submission(revision=2))

    assert "" == story.claim().item.live_photo


@pytest.mark.parametrize(
    ("flag", "timing", "verdict", "expected"),
    [
        (WITNESS, Timing.SYNC, Verdict.APPROVE, Code.EVIDENCE),
        (WITNESS, Timing.SYNC, Verdict.RETURN, None),
        (WITNESS, Timing.ASYNC, Verdict.APPROVE, None),
        ("securities", Timing.SYNC, Verdict.APPROVE, None),
    ],
)
def test_who_witnesses_from_afar_sees_the_customer(
    flag: str, timing: Timing, verdict: Verdict, expected: Code | None
) -> None:
    """While the customer waits at the table, nothing is approved without a live photo."""
    story = Story()
    intake = story.intake(story.submission(story.values(make.person(0, age=70))))
    assert isinstance(intake, Intake)
    route = msgspec.structs.replace(intake.assessment.route, timing=timing)
    assessment = msgspec.structs.replace(intake.assessment, flags=(flag,), route=route)
    story.give(FileCase(msgspec.structs.replace(intake, assessment=assessment)))
    reason = Reason.IMAGE_UNCLEAR if verdict is Verdict.RETURN else None

    answer = story.judge(story.claim(), verdict, reason)
    assert expected is (answer.code if isinstance(answer, Refusal) else None)
    if expected:
        story.give(AskLive(DESK))
        give(story)
        assert isinstance(story.judge(story.claim()), DecisionTaken)
