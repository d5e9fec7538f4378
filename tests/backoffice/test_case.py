"""The business case: from the happy path to everything that can come between."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.authorization import Level
from backoffice.case_commands import (
    Caller,
    CoreUnknown,
    FileCase,
    FromTerminal,
    Reinquire,
    Release,
    Renew,
    Settle,
)
from backoffice.case_events import GivenUp, Intake, LeaseLapsed
from backoffice.case_terms import TERMS
from backoffice.core import Abort, Commit, CoreOutcome, CoreStatus, Inquire, Prepare
from tests.backoffice.case_story import (
    DESK,
    JUNIOR_DESK,
    OTHER_TERMINAL,
    RECONCILER,
    SECOND_DESK,
    TELLER,
    Bank,
    Story,
    caller,
    keys,
    signing,
    staff,
)
from tests.kit import submissions as make
from wire.case_state import State
from wire.checks import Area
from wire.masked import Pan
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import (
    CancelCase,
    CaseView,
    GetCase,
    RefuseSlip,
    Signature,
    SlipShown,
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


def test_a_card_is_issued_from_beginning_to_end() -> None:
    """Every state of the path, one posting, and the masked card to hand over."""
    story = Story()
    story.to_state(State.COMMITTED)
    committed = story.ask(GetCase(story.case_id))
    story.deliver()

    assert HAPPY == states(story)
    assert [f"{story.case_id}/committed"] == story.bank.core.posted
    assert story.case_pan().masked == committed.deliver
    assert len(states(story)) <= story.case.version + 3


def test_every_change_is_pushed_and_the_queue_is_told() -> None:
    """One push per commit that the teller can see, each with a higher version."""
    story = Story()
    story.to_state(State.CLOSED)

    pushed = [effect.message for effect in story.take("terminal")]
    versions = [push.changed.view.version for push in pushed]  # type: ignore[attr-defined]
    assert sorted(set(versions)) == versions
    assert {"T-0001"} == {push.device for push in pushed}  # type: ignore[attr-defined]
    assert 3 == len(story.take("queue"))
    assert [] == story.take("core")


def test_nothing_is_known_of_a_case_that_was_never_submitted() -> None:
    """Whoever asks."""
    story = Story()

    assert Code.NOT_FOUND is code(story.ask(GetCase(story.case_id)))
    assert Code.NOT_FOUND is code(story.claim())
    assert Code.NOT_FOUND is code(story.give(CoreUnknown(story.case_id)))


def test_the_same_submission_again_gets_the_same_case() -> None:
    """At once, and after everything has happened."""
    story = Story()
    first = story.file()
    intake = story.intake()
    assert isinstance(intake, Intake)

    assert first == story.give(FileCase(intake))
    story.claim()
    assert State.AUTH_CLAIMED is story.give(FileCase(intake)).state
    assert 1 == len(story.case.digests)


def test_another_content_under_the_same_key_is_refused() -> None:
    """A key stands for one payload, for ever."""
    story = Story()
    story.file()
    changed = msgspec.structs.replace(story.submission(), captured_ms=make.NOW_MS - 5)

    assert Code.KEY_CONFLICT is code(story.file(changed))


def test_a_revision_out_of_turn_is_refused() -> None:
    """The second before the first, or without a return."""
    story = Story()
    assert Code.STATE is code(story.file(story.submission(revision=2)))
    story.file()
    assert Code.STATE is code(story.file(story.submission(revision=2)))


def test_only_the_submitting_terminal_sees_its_case() -> None:
    """For any other device it does not exist."""
    story = Story()
    story.file()

    assert Code.NOT_FOUND is code(story.ask(GetCase(story.case_id), OTHER_TERMINAL))


# Review.


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


def test_what_nobody_decides_expires_at_the_end_of_the_day() -> None:
    """Queued, or returned and never corrected; a case in review is waited for."""
    story = Story()
    story.file()
    story.claim()
    story.now_ms += 3_600_000
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
    assert Code.FORMAT is code(story.ask(CancelCase(story.case_id, " ")))
    assert State.CANCELLED is story.ask(CancelCase(story.case_id, "客户离开")).state
    assert State.CANCELLED is story.ask(CancelCase(story.case_id, "客户离开")).state
    assert {} == story.bank.owners

    late = Story(seed=1)
    late.to_state(State.PREPARING)
    assert Code.STATE is code(late.ask(CancelCase(late.case_id, "客户离开")))


# The core.


def test_a_decline_ends_the_case_with_its_reason() -> None:
    """And gives the card back."""
    story = Story()
    story.bank.core.decline = Refusal(Code.LIMIT, "持卡过多", "id_card")
    story.to_state(State.PREPARING)
    story.core()

    assert State.DECLINED is story.where()
    assert (story.bank.core.decline,) == story.case.reasons
    assert {} == story.bank.owners


@pytest.mark.parametrize("silent", [1, 2, 5])
def test_a_silent_core_is_asked_by_the_same_key_until_it_answers(silent: int) -> None:
    """PREPARE lost on the way there: the inquiry finds nothing, the same request goes again."""
    story = Story()
    story.to_state(State.PREPARING)
    story.core(silent=silent)
    assert State.PREPARED is story.where()
    assert State.PREPARE_UNKNOWN in states(story)

    story.show()
    story.sign()
    story.core(silent=silent)
    assert State.COMMITTED is story.where()
    assert State.COMMIT_UNKNOWN in states(story)
    assert 1 == len(story.bank.core.posted)


def test_an_answer_lost_on_the_way_back_is_found_by_inquiry() -> None:
    """The core did it; nothing is asked twice but where it stands."""
    story = Story()
    story.to_state(State.PREPARING)
    (effect,) = story.take("core")
    story.bank.core.ask(effect.message)
    story.give(CoreUnknown(story.case_id))
    (inquiry,) = story.take("core")

    assert isinstance(inquiry.message, Inquire)
    assert story.now_ms + TERMS.inquire_ms_first == inquiry.due_ms
    story.give(story.bank.core.ask(inquiry.message))
    assert State.PREPARED is story.where()


def test_a_core_that_stays_silent_goes_to_a_person() -> None:
    """After a named number of inquiries, with growing pauses; then a person has it asked again."""
    story = Story()
    story.to_state(State.PREPARING)
    story.core(silent=TERMS.inquiries_max + 1)
    assert State.MANUAL is story.where()
    assert 3_600_000 < story.now_ms - make.NOW_MS

    assert Code.SELF_AUTH is code(story.give(Reinquire(TELLER)))
    assert Code.STATE is code(story.give(Settle(RECONCILER, True, "核心已办")))
    assert State.PREPARE_UNKNOWN is story.give(Reinquire(RECONCILER)).state
    story.core()
    assert State.PREPARED is story.where()


def test_a_person_settles_what_only_they_can_find_out() -> None:
    """Signed and done: the card may be handed over. Not done: the case is undone."""
    done, undone = Story(seed=1), Story(seed=2)
    for story in (done, undone):
        story.to_state(State.COMMITTING)
        story.core(silent=TERMS.inquiries_max + 1)
        assert State.MANUAL is story.where()
        assert Code.FORMAT is code(story.give(Settle(RECONCILER, True, "")))

    assert State.COMMITTED is done.give(Settle(RECONCILER, True, "核心流水已核对")).state
    assert done.give(FileCase(done.case.filed)).deliver
    assert State.ABORTED is undone.give(Settle(RECONCILER, False, "核心无记录")).state
    assert Code.STATE is code(done.give(Reinquire(RECONCILER)))


@pytest.mark.parametrize(
    ("state", "status", "after"),
    [
        (State.PREPARING, CoreStatus.COMMITTED, State.MANUAL),
        (State.PREPARING, CoreStatus.ABORTED, State.MANUAL),
        (State.PREPARING, CoreStatus.UNKNOWN_KEY, State.PREPARE_UNKNOWN),
        (State.COMMITTING, CoreStatus.DECLINED, State.MANUAL),
        (State.COMMITTING, CoreStatus.ABORTED, State.MANUAL),
        (State.COMMITTING, CoreStatus.UNKNOWN_KEY, State.MANUAL),
        (State.COMMITTING, CoreStatus.PREPARED, State.COMMIT_UNKNOWN),
        (State.CLOSED, CoreStatus.PREPARED, State.CLOSED),
        (State.PREPARED, CoreStatus.DECLINED, State.PREPARED),
        (State.AUTH_QUEUED, CoreStatus.PREPARED, State.AUTH_QUEUED),
    ],
)
def test_answers_that_cannot_be_true_or_come_late(
    state: State, status: CoreStatus, after: State
) -> None:
    """The former need a person, the latter lead to nothing."""
    story = Story()
    story.to_state(state)
    story.give(CoreOutcome(story.case_id, status))

    assert after is story.where()
    assert story.where() is not State.MANUAL or isinstance(story.events[-1], GivenUp)


def test_an_answer_to_another_key_is_no_answer() -> None:
    """Whatever it says."""
    story = Story()
    story.to_state(State.PREPARING)
    story.give(CoreOutcome("other", CoreStatus.DECLINED))
    story.give(CoreUnknown("other"))

    assert State.PREPARING is story.where()


# The customer.


def test_the_customer_changes_their_mind() -> None:
    """What was reserved is released; the card is spoiled and stays taken, the account is free."""
    for state in (State.PREPARED, State.SLIP_SHOWN):
        story = Story()
        story.to_state(state)
        story.ask(RefuseSlip(story.case_id))
        story.core(silent=3)

        assert State.ABORTED is story.where()
        assert [f"{story.case_id}/aborted"] == story.bank.core.posted
        assert ["card"] == [scope for scope, _ in story.bank.owners]
        assert State.ABORTED is story.ask(RefuseSlip(story.case_id)).state


def test_an_abort_without_an_answer_goes_to_a_person_and_can_be_taken_up_again() -> None:
    """The core's silence is bounded here, too."""
    story = Story()
    story.to_state(State.PREPARED)
    story.ask(RefuseSlip(story.case_id))
    story.core(silent=TERMS.inquiries_max + 1)
    assert State.MANUAL is story.where()
    story.give(Reinquire(RECONCILER))
    assert isinstance(story.owed[-2].message, Abort) or any(
        isinstance(effect.message, Abort) for effect in story.owed
    )
    story.core()
    assert State.ABORTED is story.where()


def test_what_is_not_signed_in_a_day_is_undone_but_what_is_signed_never() -> None:
    """The reminder comes in vain to a signed case."""
    unsigned, signed = Story(seed=1), Story(seed=2)
    unsigned.to_state(State.SLIP_SHOWN)
    signed.to_state(State.COMMITTING)
    for story in (unsigned, signed):
        story.now_ms += TERMS.prepared_ms
        story.remind()

    assert State.ABORTING is unsigned.where()
    assert State.COMMITTING is signed.where()


def test_only_the_prepared_slip_can_be_shown_and_signed() -> None:
    """Another hash, an empty signature, a forged seal, a clock ahead; then the right one, once."""
    story = Story()
    story.to_state(State.PREPARED)
    assert Code.STATE is code(story.sign())
    assert Code.STALE is code(story.ask(SlipShown(story.case_id, b"x" * 32)))
    story.show()
    assert State.SLIP_SHOWN is story.show().state

    assert Code.STALE is code(story.sign(slip_hash=b"x" * 32))
    assert Code.EVIDENCE is code(story.sign(ink=Signature(1000, 400, ())))
    assert Code.FORBIDDEN is code(story.sign(signature=b"x" * 64))
    assert Code.FORBIDDEN is code(story.sign(ink=make.ink(77)))
    assert Code.RANGE is code(story.sign(signed_ms=story.now_ms + 600_000))
    assert State.SLIP_SHOWN is story.where()

    story.sign()
    assert State.COMMITTING is story.where()
    assert State.COMMITTING is story.sign().state
    assert Code.KEY_CONFLICT is code(story.sign(ink_seed=5))
    assert State.COMMITTING is story.show().state
    assert 1 == sum(isinstance(effect.message, Commit) for effect in story.take("core"))


def test_another_device_cannot_seal_the_signature() -> None:
    """The key is the one that the registry pinned to this terminal."""
    story = Story()
    story.to_state(State.SLIP_SHOWN)
    thief = Caller(TELLER.staff, TELLER.device, keys("T-9999").public)

    request = signing(story.case_id, story.case.slip_hash, story.now_ms)
    assert Code.FORBIDDEN is code(story.give(FromTerminal(thief, request)))


def test_only_the_bound_card_is_handed_over_and_only_after_the_commit() -> None:
    """Another card is another case."""
    story = Story()
    story.to_state(State.COMMITTING)
    assert Code.STATE is code(story.deliver())
    story.core()
    assert Code.ID_MISMATCH is code(story.deliver(Pan("6217001111111111111")))
    assert State.CLOSED is story.deliver().state
    assert State.CLOSED is story.deliver().state
    assert Code.ID_MISMATCH is code(story.deliver(Pan("6217001111111111111")))


def test_a_card_number_belongs_to_one_case() -> None:
    """The second case is told at its field, the first is not disturbed."""
    bank = Bank()
    first, second = Story(seed=1, bank=bank), Story(seed=2, bank=bank)
    first.file()
    values = second.values(card=first.values()["card"])
    refusal = second.file(second.submission(values))

    assert isinstance(refusal, Refusal)
    assert (Code.DUPLICATE, "card") == (refusal.code, refusal.field)
    assert [] == second.events
    assert isinstance(second.file(), CaseView)


def test_a_person_has_one_class_one_account() -> None:
    """Two cases at once for the same person, from two cards."""
    bank = Bank()
    first, second = Story(seed=1, bank=bank), Story(seed=2, bank=bank)
    first.file()
    values = second.values(holder=make.person(1))
    refusal = second.file(second.submission(values))

    assert isinstance(refusal, Refusal)
    assert (Code.DUPLICATE, "account_class") == (refusal.code, refusal.field)


def test_a_damaged_card_is_replaced_in_the_same_case() -> None:
    """A new card in the second revision frees the first one."""
    story = Story()
    story.file()
    before = set(story.bank.owners)
    story.judge(story.claim(), desk.Verdict.RETURN, desk.Reason.IMAGE_UNCLEAR)
    new_card = Story(seed="new").values()["card"]
    story.file(story.submission(story.values(card=new_card), revision=2))

    after = set(story.bank.owners)
    assert 2 == len(before) == len(after)
    assert 1 == len(before & after)


def test_no_number_is_ever_a_key() -> None:
    """Claims are hashes."""
    story = Story()
    story.file()
    number = make.person(0).number

    for _, key in story.bank.owners:
        assert number not in key
        assert story.case_pan().digits not in key
        assert 64 == len(key)


def test_activation_passes_by_rules_and_closes_by_itself() -> None:
    """A1: no desk; nothing to hand over."""
    story = Story("card_activation")
    story.file()
    assert State.PREPARING is story.where()
    story.core()
    story.show()
    story.sign()
    story.core()

    assert State.CLOSED is story.where()
    assert State.AUTO_PASSED in states(story)
    assert not {State.AUTH_QUEUED, State.DELIVERED} & set(states(story))
    assert "" == story.ask(GetCase(story.case_id)).deliver
    assert Code.STATE is code(story.deliver())


def test_prepare_carries_what_the_customer_wants() -> None:
    """The operation under the case's own key, with a verifier and no PIN."""
    story = Story()
    story.to_state(State.PREPARING)
    (effect,) = story.take("core")

    assert isinstance(effect.message, Prepare)
    assert story.case_id == effect.message.key
    assert 32 == len(effect.message.operation.pin_verifier)
