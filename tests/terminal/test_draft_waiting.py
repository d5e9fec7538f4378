"""A draft that waits for its authorization: the customer leaves, or is photographed once more."""

from __future__ import annotations

from terminal.draft_events import KeepLivePhoto, KeepRefusal, StopWaiting
from terminal.errands import SendDeferral, SendLivePhoto
from tests.kit import submissions as make
from tests.terminal.draft_story import SLIP, DraftStory
from wire.case_state import State
from wire.message import Code, Refusal
from wire.value import PhotoValue

PHOTO = PhotoValue(bytes(32), 90_000, 1280, 960, 500, make.NOW_MS)


def test_a_customer_may_leave_while_the_case_is_authorized() -> None:
    """Told to the office once; not before it has the case, nor when nothing is awaited."""
    story = DraftStory()
    story.submitted()
    story.taken()
    assert isinstance(story.give(StopWaiting()), Refusal), "nobody was asked yet"
    story.view(State.AUTH_QUEUED, 3)
    assert story.give(StopWaiting()) is None
    assert story.give(StopWaiting()) is None
    assert 1 == len(story.sent(SendDeferral))
    story.view(State.PREPARED, 5, slip=SLIP)
    assert isinstance(story.give(StopWaiting()), Refusal)


def test_a_live_photo_is_sent_when_it_is_wanted() -> None:
    """Once per wish; a refused one is taken again; unasked it is nobody's."""
    story = DraftStory()
    story.submitted()
    story.taken()
    assert isinstance(story.give(KeepLivePhoto(PHOTO)), Refusal)
    story.view(State.AUTH_CLAIMED, 3, live_wanted=True)
    for _ in range(2):
        assert story.give(KeepLivePhoto(PHOTO)) is None
    assert [PHOTO] == [errand.photo for errand in story.sent(SendLivePhoto)]

    refusal = Refusal(Code.IMAGE_QUALITY, "照片模糊", "live_photo")
    assert story.give(KeepRefusal(refusal, submission=False)) is None
    assert story.state.live is None
    assert story.give(KeepLivePhoto(PHOTO)) is None
    story.view(State.AUTH_CLAIMED, 4)
    assert story.state.live is None
    assert isinstance(story.give(KeepLivePhoto(PHOTO)), Refusal)
