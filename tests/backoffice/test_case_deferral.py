"""A customer who waits no longer: SYNC becomes ASYNC, once, and only while nobody looks."""

from __future__ import annotations

from backoffice.authorization.hours import DESKS, due_ms
from backoffice.authorization.levels import THRESHOLDS, Locality, Timing
from backoffice.authorization.queue import collection
from backoffice.authorization.waiting import QueueEntry
from backoffice.cases.commands import Release
from backoffice.cases.events import Deferred
from tests.backoffice.case_story import DESK, OTHER_TERMINAL, UNION, Story
from tests.kit import submissions as make
from wire.case_state import State
from wire.codec import decode
from wire.message import Refusal
from wire.messages.case import ContinueLater, GetCase
from wire.messages.desk import DecisionTaken, Reason, Verdict


def at_table() -> Story:
    """A customer of 70, who waits at the table."""
    story = Story()
    story.file(story.submission(story.values(make.person(0, age=70))))
    return story


def entry(story: Story) -> QueueEntry:
    return decode(QueueEntry, story.bank.documents[collection(UNION), story.case_id])


def deferrals(story: Story) -> int:
    return sum(isinstance(event, Deferred) for event in story.events)


def test_the_terminal_knows_how_long_the_customer_is_asked_to_wait() -> None:
    """120 seconds from the queue; when it is decided, nobody waits any more."""
    story = at_table()
    view = story.ask(GetCase(story.case_id))

    assert ("sync", story.now_ms + THRESHOLDS.sync_ms) == (view.timing, view.due_ms)
    story.approve()
    decided = story.ask(GetCase(story.case_id))
    assert ("", 0) == (decided.timing, decided.due_ms)


def test_a_customer_who_leaves_is_waited_for_no_longer() -> None:
    """The queue shows it as any other case; asked twice, it is done once; then it is approved."""
    story = at_table()
    before_ms = story.now_ms
    story.now_ms += THRESHOLDS.sync_ms
    views = [story.ask(ContinueLater(story.case_id)) for _ in range(2)]

    by_ms = due_ms(before_ms, THRESHOLDS.async_ms, DESKS, Locality.CENTRAL)
    assert [("async", by_ms)] * 2 == [(v.timing, v.due_ms) for v in views]
    assert 1 == deferrals(story)
    assert (Timing.ASYNC, views[0].due_ms) == (entry(story).timing, entry(story).due_ms)
    assert Timing.SYNC is story.case.filed.assessment.route.timing, "as it was submitted"
    story.approve()
    assert State.PREPARING is story.where()


def test_who_is_being_looked_at_is_not_deferred() -> None:
    """The authorizer's decision stays good; given back, the case can be deferred after all."""
    story = at_table()
    story.claim()
    assert "sync" == story.ask(ContinueLater(story.case_id)).timing
    story.give(Release(DESK))
    assert "async" == story.ask(ContinueLater(story.case_id)).timing

    other = at_table()
    seen = other.claim()
    other.ask(ContinueLater(other.case_id))
    assert isinstance(other.judge(seen), DecisionTaken)


def test_a_new_revision_waits_anew() -> None:
    """The customer who comes back sits at the table again."""
    story = at_table()
    story.ask(ContinueLater(story.case_id))
    story.judge(story.claim(), Verdict.RETURN, Reason.IMAGE_UNCLEAR)
    values = story.values(make.person(0, age=70))
    story.file(story.submission(values, revision=2))

    assert Timing.SYNC is entry(story).timing
    assert "sync" == story.ask(GetCase(story.case_id)).timing


def test_only_its_own_terminal_speaks_for_the_customer() -> None:
    """And a case that never waited at the table has nothing to defer."""
    story = at_table()
    assert isinstance(story.ask(ContinueLater(story.case_id), OTHER_TERMINAL), Refusal)
    queued = Story(seed=1)
    queued.file()
    assert "async" == queued.ask(ContinueLater(queued.case_id)).timing
    assert [0, 0] == [deferrals(story), deferrals(queued)]
