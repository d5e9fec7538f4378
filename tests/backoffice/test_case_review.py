"""A case in review: claims, heartbeats, returns, two approvers, the end of the day."""

from __future__ import annotations

from typing import Any

import msgspec

from backoffice.authorization.hours import DESKS, expiry_ms
from backoffice.authorization.levels import Level, Locality
from backoffice.cases.commands import (
    Release,
    Renew,
)
from backoffice.cases.events import LeaseLapsed
from backoffice.cases.terms import TERMS
from tests.backoffice.case_story import (
    DESK,
    JUNIOR_DESK,
    SECOND_DESK,
    Story,
    caller,
    staff,
)
from tests.kit import submissions as make
from wire.case_state import State
from wire.checks import Area
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import (
    CancelCase,
    CaseView,
    GetCase,
)

HAPPY = [
    State.DRAFT,
    State.IDENTIFIED,
    State.CAPTURED,
    State.SUBMITTED,
    State.AUTH_QUEUED,
    State.AUTH_CLAIMED,
    State.AUTH_APPROVED,
    State.PREPARING,
    State.PREPARED,
    State.SLIP_SHOWN,
    State.SIGNED,
    State.COMMITTING,
    State.COMMITTED,
    State.DELIVERED,
    State.CLOSED,
]


def states(story: Story) -> list[State]:
    return [step.state for step in story.case.steps]


def code(answer: Any) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_a_case_is_returned_corrected_and_approved() -> None:
    """The reason reaches the teller; the second revision goes its way; the tablet's step shows."""
    story = Story()
    story.file()
    seen = story.claim()
    taken = story.judge(seen, desk.Verdict.RETURN, desk.Reason.IMAGE_UNCLEAR, note="请重拍正面")
    view = story.ask(GetCase(story.case_id))

    assert desk.DecisionTaken(story.case_id, State.AUTH_RETURNED) == taken
    assert [Code.IMAGE_QUALITY] == [reason.code for reason in view.reasons]
    assert "请重拍正面" in view.reasons[0].message

    story.now_ms += 600_000
    second = story.file(story.submission(revision=2))
    assert isinstance(second, CaseView)
    assert () == second.reasons
    story.approve()
    assert [State.AUTH_RETURNED, State.CAPTURED, State.SUBMITTED, State.AUTH_QUEUED] == states(
        story
    )[6:10]


def test_a_return_names_the_answers_that_it_is_about() -> None:
    """The reason stands beside the general one at each of them, until the next revision."""
    story = Story()
    story.file()
    seen = story.claim()
    assert {"id_card", "phone", "address"} <= {row.field for row in seen.compared}
    marked = ("id_front", "address")
    unclear = desk.Reason.IMAGE_UNCLEAR
    story.judge(seen, desk.Verdict.RETURN, unclear, note="请重拍", fields=marked)
    view = story.ask(GetCase(story.case_id))

    general, *at_fields = view.reasons
    assert ("", "影像不清晰，请重新拍摄。请重拍") == (general.field, general.message)
    expected = [Refusal(Code.IMAGE_QUALITY, "影像不清晰，请重新拍摄。", name) for name in marked]
    assert expected == at_fields
    assert story.case.last is not None
    assert marked == story.case.last.fields
    story.file(story.submission(revision=2))
    assert () == story.case.reasons


def test_a_case_is_returned_three_times_at_most() -> None:
    """Then it is approved or rejected."""
    story = Story()
    for revision in (1, 2, 3):
        story.file(story.submission(revision=revision))
        story.judge(story.claim(), desk.Verdict.RETURN, desk.Reason.FORM_INCOMPLETE)
        assert State.AUTH_RETURNED is story.where()
    story.file(story.submission(revision=4))
    seen = story.claim()

    assert Code.STATE is code(story.judge(seen, desk.Verdict.RETURN, desk.Reason.FORM_INCOMPLETE))
    story.judge(seen, desk.Verdict.REJECT, desk.Reason.ID_DOUBTFUL)
    assert State.AUTH_REJECTED is story.where()
    assert {} == story.bank.owners


def test_a_claim_is_a_lease() -> None:
    """Another desk waits; a heartbeat prolongs; silence gives it back to the front."""
    story = Story()
    story.file()
    seen = story.claim()
    assert make.NOW_MS + TERMS.lease_ms == seen.lease_until_ms
    assert Code.STATE is code(story.claim(SECOND_DESK))
    assert Code.STATE is code(story.give(Renew(SECOND_DESK)))
    assert Code.STATE is code(story.give(Release(SECOND_DESK)))

    story.now_ms += TERMS.lease_ms - 1
    renewed = story.give(Renew(DESK))
    assert desk.Lease(story.now_ms + TERMS.lease_ms) == renewed
    story.now_ms += 2
    story.remind()
    assert State.AUTH_CLAIMED is story.where()

    story.now_ms = renewed.until_ms
    assert Code.STATE is code(story.give(Renew(DESK)))
    assert Code.STATE is code(story.judge(seen))
    story.remind()
    assert State.AUTH_QUEUED is story.where()
    assert story.case.front
    assert make.NOW_MS == story.case.queued_ms


def test_a_lapsed_claim_can_be_taken_over_before_its_reminder() -> None:
    """The reminder may be late; the lease is not."""
    story = Story()
    story.file()
    story.claim()
    story.now_ms += TERMS.lease_ms
    story.claim(SECOND_DESK)

    assert any(isinstance(event, LeaseLapsed) for event in story.events)
    assert story.case.claim is not None
    assert SECOND_DESK.device == story.case.claim.device
    story.remind()
    assert State.AUTH_CLAIMED is story.where()


def test_a_fresh_look_gives_a_fresh_challenge() -> None:
    """The old one is worth nothing any more."""
    story = Story()
    story.file()
    old = story.claim(challenge=b"1" * 16)
    new = story.claim(challenge=b"2" * 16)

    assert Code.STALE is code(story.judge(old))
    assert isinstance(story.judge(new), desk.DecisionTaken)
    assert HAPPY[:8] == states(story)


def test_a_heartbeat_does_not_make_a_decision_stale() -> None:
    """The version is of what is seen."""
    story = Story()
    story.file()
    seen = story.claim()
    story.give(Renew(DESK))

    assert isinstance(story.judge(seen), desk.DecisionTaken)


def test_releasing_twice_is_harmless() -> None:
    """The second time nobody holds it."""
    story = Story()
    story.file()
    story.claim()

    assert desk.Released(story.case_id) == story.give(Release(DESK))
    assert desk.Released(story.case_id) == story.give(Release(DESK))


def test_the_same_decision_twice_is_one() -> None:
    """The desk lost the answer and asks again."""
    story = Story()
    story.file()
    seen = story.claim()
    first = story.judge(seen)
    again = story.judge(seen)

    assert desk.DecisionTaken(story.case_id, State.AUTH_APPROVED) == first == again
    assert 1 == sum(type(e).__name__ == "Approved" for e in story.events)


def test_an_a4_case_needs_two_different_people() -> None:
    """Old, and off the union's area: the first approver is kept from being the second."""
    story = Story()
    submission = msgspec.structs.replace(
        story.submission(story.values(make.person(0, age=70))), place=None
    )
    story.file(submission, area=Area(0, 0, 1, 1))
    assert Level.A4 is story.case.filed.assessment.level
    assert Code.FORBIDDEN is code(story.claim(JUNIOR_DESK))

    first = story.judge(story.claim())
    assert desk.DecisionTaken(story.case_id, State.AUTH_QUEUED) == first
    assert Code.SELF_AUTH is code(story.claim())
    same_person = caller("D-0009", staff("A099", "P8", "O9"), Level.A4)
    assert Code.SELF_AUTH is code(story.claim(same_person))
    story.approve(SECOND_DESK)
    story.core()
    assert State.PREPARED is story.where()
    assert story.case.slip is not None
    shown = {line.title_zh: line.value for line in story.case.slip.lines}
    assert "员工A001、员工A002" == shown["授权人"]


def test_what_nobody_decides_expires_with_its_desk_s_next_window() -> None:
    """Handed in at 23:06, it sees the midnight and ends with the next working day; a case in review
    is waited for.
    """
    story = Story()
    story.file()
    ends_ms = expiry_ms(story.now_ms, DESKS, Locality.CENTRAL)
    story.now_ms += 3_600_000
    story.remind()
    assert State.AUTH_QUEUED is story.where(), "midnight is no end"
    story.now_ms = ends_ms - 60_000
    story.claim()
    story.now_ms = ends_ms + 3_600_000
    story.give(Renew(DESK))
    story.remind()
    assert State.AUTH_QUEUED is story.where(), "the lease lapsed long ago"
    story.remind()
    assert State.EXPIRED is story.where()
    assert {} == story.bank.owners

    returned = Story(seed=1)
    returned.file()
    returned.judge(returned.claim(), desk.Verdict.RETURN, desk.Reason.IMAGE_MISSING)
    returned.now_ms += 3_600_000
    returned.remind()
    assert State.AUTH_RETURNED is returned.where()
    returned.now_ms += TERMS.returned_ms
    returned.remind()
    assert State.EXPIRED is returned.where()


def test_a_teller_gives_up_before_the_core_is_asked() -> None:
    """Not afterwards; the card is free again."""
    story = Story()
    story.file()
    for unwritten in (" ", "\u200b", "客户\u202e离开", "客户\n离开", "长" * 201):
        assert Code.FORMAT is code(story.ask(CancelCase(story.case_id, unwritten)))
    assert State.CANCELLED is story.ask(CancelCase(story.case_id, "客户离开")).state
    assert State.CANCELLED is story.ask(CancelCase(story.case_id, "客户离开")).state
    assert {} == story.bank.owners

    late = Story(seed=1)
    late.to_state(State.PREPARING)
    assert Code.STATE is code(late.ask(CancelCase(late.case_id, "客户离开")))
