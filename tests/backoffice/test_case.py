"""The business case at the table: from the happy path to everything that can come between."""

from __future__ import annotations

from typing import Any

import msgspec

from backoffice.authorization.levels import THRESHOLDS
from backoffice.authorization.queue import collection
from backoffice.cases.commands import (
    Caller,
    FileCase,
    FromTerminal,
    PartnerSilent,
)
from backoffice.cases.events import Intake, SealSlip
from backoffice.cases.terms import TERMS
from backoffice.partners.operations import IssueCard
from backoffice.partners.port import Abort, Commit, Prepare
from tests.backoffice.case_story import (
    OTHER_TERMINAL,
    TELLER,
    UNION,
    Bank,
    Story,
    keys,
    signing,
)
from tests.kit import submissions as make
from wire.case_state import State
from wire.checks import LIMITS
from wire.ink import Signature
from wire.masked import Pan
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import CaseView, Delivered, GetCase, RefuseSlip, SlipShown

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


def test_every_change_has_its_own_version_and_a_finished_case_owes_nothing_but_its_slip() -> None:
    """What terminals see rises; the office is done when the customer is."""
    story = Story()
    versions = [story.case.version]
    for state in (State.AUTH_QUEUED, State.PREPARED, State.SLIP_SHOWN, State.CLOSED):
        other = Story()
        other.to_state(state)
        versions.append(other.case.version)
        story = other

    assert sorted(set(versions)) == versions
    assert [] == story.take("core")
    (slip,) = story.take("slip")
    assert isinstance(slip.message, SealSlip)
    assert story.case.slip_hash == slip.message.slip_hash


def test_nothing_is_known_of_a_case_that_was_never_submitted() -> None:
    """Whoever asks."""
    story = Story()

    assert Code.NOT_FOUND is code(story.ask(GetCase(story.case_id)))
    assert Code.NOT_FOUND is code(story.claim())
    assert Code.NOT_FOUND is code(story.give(PartnerSilent(story.case_id)))


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
    story.inquire()
    assert any(isinstance(effect.message, Abort) for effect in story.owed)
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
    made_ms = story.now_ms
    assert Code.RANGE is code(story.sign(signed_ms=made_ms + 600_000))
    assert Code.RANGE is code(story.sign(signed_ms=made_ms - LIMITS.skew_ms_max - 1))
    assert Code.RANGE is code(story.sign(signed_ms=0))
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
    pan, made_ms = story.case_pan(), story.now_ms
    for wrong_ms in (0, made_ms - LIMITS.skew_ms_max - 1, made_ms + LIMITS.skew_ms_max + 1):
        assert Code.RANGE is code(story.ask(Delivered(story.case_id, pan, wrong_ms)))
    assert State.COMMITTED is story.where()
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


def test_an_id_stands_in_the_pool_for_one_case_only() -> None:
    """A tablet of another union that hands the same id in cannot put itself before the first."""
    story = Story()
    place = ("pool/530000", story.case_id)
    story.bank.pooled[place] = "530199"

    assert Code.KEY_CONFLICT is code(story.file())
    assert "530199" == story.bank.pooled[place]
    del story.bank.pooled[place]
    story.file()
    assert UNION == story.bank.pooled[place]


def test_a_case_stands_in_its_unions_queue_and_in_the_pool() -> None:
    """Put, changed and taken away in the same commits; whose it was is kept."""
    story = Story()
    story.file()
    own, pool = ((collection(union), story.case_id) for union in (UNION, THRESHOLDS.centre))
    assert story.bank.documents[own] == story.bank.documents[pool]
    file = story.claim()
    assert story.bank.documents[own] == story.bank.documents[pool]
    story.judge(file)

    assert not {own, pool} & set(story.bank.documents)
    assert UNION == story.bank.pooled["pool/530000", story.case_id]


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
    assert isinstance(effect.message.operation, IssueCard)
    assert 32 == len(effect.message.operation.pin_verifier)
