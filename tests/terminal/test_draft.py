"""A draft's rules: the teller's whole job as pure steps, what each step owes the office, and that
nothing that happens in any order can break it.
"""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backoffice.slips.slip import slip_hash as office_slip_hash
from terminal.draft import Draft, card_digest, pin_key, slip_hash, submission
from terminal.draft_events import (
    DeferPhoto,
    DraftCommand,
    DropAnswer,
    GiveUpDraft,
    HandInRescan,
    KeepEvidence,
    KeepHandover,
    KeepIdCard,
    KeepIdentity,
    KeepInk,
    KeepLivePhoto,
    KeepPin,
    KeepRefusal,
    KeepRescanRefusal,
    KeepUpload,
    KeepValue,
    KeepView,
    Open,
    RefuseTheSlip,
    RenewForm,
    Reopen,
    SeeSlip,
    StopWaiting,
    WantSubmission,
)
from terminal.draft_rules import Listed
from terminal.errands import (
    AskIdentity,
    SendCancel,
    SendHandover,
    SendInk,
    SendRefusal,
    SendSlipSeen,
    SendSubmission,
    UploadEvidence,
)
from tests.kit import submissions as make
from tests.kit.new_forms import next_form
from tests.terminal.draft_story import CASE, DEBIT_CARD, DEVICE, SLIP, DraftStory, answer
from wire.case_state import State
from wire.checks import TRAIL, Context, check_submission
from wire.codec import decode, encode
from wire.message import Code, Refusal
from wire.messages.case import CaseView, PinBlock, Place, Step, Submission
from wire.messages.identity import IdentityResult
from wire.value import BankCardValue, IdCardValue, PhotoValue, TextValue

BUSY = Refusal(Code.BUSY, "系统繁忙", retryable=True)
UNCLEAR = Refusal(Code.IMAGE_QUALITY, "照片不清晰", "id_front")
PLACE = Place(25_000_000, 102_000_000, 10)


def test_a_whole_job() -> None:
    """From the open draft to the card in the customer's hand, with everything that is owed."""
    story = DraftStory()
    story.open()
    assert (State.DRAFT, True) == (story.stands(), story.state.editable)

    story.capture()
    assert [story.card] == [errand.card for errand in story.sent(AskIdentity)]
    assert {"id_card", "phone", "card", "id_front"} < set(story.state.values)
    story.identified()
    assert State.IDENTIFIED is story.stands()

    assert story.give(WantSubmission(PLACE)) is None
    assert (State.CAPTURED, False) == (story.stands(), story.state.editable)
    (errand,) = story.sent(SendSubmission)
    assert ("new_pin",) == errand.pins
    assert {pin_key(CASE, "new_pin")} == story.pins

    story.view(State.AUTH_QUEUED, 2)
    assert State.AUTH_QUEUED is story.stands()
    story.view(State.PREPARED, 5, slip=SLIP)
    assert story.give(SeeSlip()) is None
    assert [slip_hash(SLIP)] == [errand.slip_hash for errand in story.sent(SendSlipSeen)]
    assert story.give(KeepInk(make.ink())) is None
    (ink,) = story.sent(SendInk)
    assert (slip_hash(SLIP), make.ink(), story.now_ms) == (ink.slip_hash, ink.ink, ink.signed_ms)

    story.view(State.COMMITTED, 9, slip=SLIP)
    assert story.give(KeepHandover()) is None
    (handover,) = story.sent(SendHandover)
    card = story.values["card"]
    assert isinstance(card, BankCardValue)
    assert (card.pan, story.now_ms) == (handover.pan, handover.delivered_ms)
    story.view(State.CLOSED, 11, slip=SLIP)
    assert story.state.finished


def test_what_is_submitted_passes_the_offices_checks() -> None:
    """The trail is complete, the values are those of the table, and every attempt is the same."""
    story = DraftStory()
    errand = story.submitted()

    sent = errand.submission
    assert () == check_submission(DEBIT_CARD.form, sent, Context(story.now_ms), errand.pins)
    assert (CASE, 1, DEVICE, "T001", f"{CASE}#1") == (
        sent.case_id,
        sent.revision,
        sent.device,
        sent.staff_id,
        sent.identity_reference,
    )
    assert story.values == sent.values
    assert encode(sent) == encode(submission(story.state, DEVICE))
    assert sent == decode(Submission, encode(sent))


def test_both_sides_hash_a_slip_alike() -> None:
    """What the tablet signs is what the office asked for."""
    assert office_slip_hash(SLIP) == slip_hash(SLIP)


def test_photos_travel_at_once() -> None:
    """Each is owed when it is taken, and counts as uploaded when the office says so."""
    story = DraftStory()
    story.open()
    story.capture()
    photos = {n: v for n, v in story.values.items() if isinstance(v, PhotoValue)}
    owed = [e.message for e in story.owed if isinstance(e.message, UploadEvidence)]
    assert photos == {errand.field: errand.evidence for errand in owed} == story.state.evidence

    story.uploaded()
    assert {photo.digest for photo in photos.values()} == story.state.uploaded
    before = len(story.events)
    story.uploaded()
    assert before == len(story.events)


def test_a_refused_submission_can_be_corrected() -> None:
    """Same revision, because the office has kept nothing; the PIN block is still there."""
    story = DraftStory()
    first = story.submitted()
    assert story.give(KeepRefusal(UNCLEAR, submission=True)) is None
    assert (State.IDENTIFIED, True, UNCLEAR) == (
        story.stands(),
        story.state.editable,
        story.state.problem,
    )
    assert {pin_key(CASE, "new_pin")} == story.pins

    assert story.give(KeepValue("address", TextValue("新地址"))) is None
    assert story.give(WantSubmission(None)) is None

    (second,) = story.sent(SendSubmission)
    assert story.state.problem is None
    assert (1, 1) == (first.submission.revision, second.submission.revision)
    assert TextValue("新地址") == second.submission.values["address"]
    assert list(TRAIL) == [step.state for step in second.submission.trail]


def test_a_late_refusal_of_what_was_taken_is_ignored() -> None:
    """The first attempt had arrived; the second one's refusal changes nothing."""
    story = DraftStory()
    story.submitted()
    story.view(State.AUTH_QUEUED, 2)
    before = story.state

    assert story.give(KeepRefusal(UNCLEAR, submission=True)) is None

    assert before == story.state


def test_a_returned_case_becomes_the_next_revision() -> None:
    """Back to the form, with everything captured but the PIN; then another revision goes out."""
    story = DraftStory()
    story.submitted()
    story.view(State.AUTH_RETURNED, 4)
    refusal = story.give(KeepValue("address", TextValue("x")))
    assert isinstance(refusal, Refusal)
    assert Code.STATE is refusal.code

    assert story.give(Reopen()) is None

    assert (State.IDENTIFIED, True, 2) == (
        story.stands(),
        story.state.editable,
        story.state.revision,
    )
    assert story.values == story.state.values
    assert frozenset() == story.state.pins
    (pin,) = make.pins_for(DEBIT_CARD.form)
    assert story.give(KeepPin(pin)) is None
    assert story.give(WantSubmission(None)) is None
    (errand,) = story.sent(SendSubmission)
    assert (2, ("new_pin",)) == (errand.submission.revision, errand.pins)
    assert list(TRAIL) == [step.state for step in errand.submission.trail]
    story.view(State.AUTH_QUEUED, 6)
    assert State.AUTH_QUEUED is story.stands()
    assert isinstance(story.give(Reopen()), Refusal)


def test_pin_blocks_are_deleted_when_the_office_has_answered() -> None:
    """They wait beside the draft, never in it, and not a moment longer than needed."""
    story = DraftStory()
    story.submitted()
    assert {pin_key(CASE, "new_pin")} == story.pins
    (pin,) = make.pins_for(DEBIT_CARD.form)
    assert pin.block not in encode(story.state)
    assert pin.block not in b"".join(encode(event) for event in story.events)

    story.view(State.AUTH_QUEUED, 2)

    assert set() == story.pins
    assert frozenset() == story.state.pins


def test_a_given_up_draft_keeps_no_pin_block() -> None:
    """Before or after the submission was handed over."""
    for wanted in (False, True):
        story = DraftStory()
        story.open()
        story.capture()
        if wanted:
            assert story.give(WantSubmission(None)) is None
        assert story.give(GiveUpDraft("客户有事")) is None
        assert set() == story.pins
        assert (State.CANCELLED, True) == (story.stands(), story.state.finished)
        assert [] == story.sent(SendCancel), "the office has never heard of it"


def test_a_reason_is_text_before_the_case_is_given_up() -> None:
    """The office would refuse it, and the wish would stay in the outbox for nothing."""
    story = DraftStory()
    story.open()
    for unwritten in ("", " ", "\u200b", "长" * 201, "客户\u202e有事"):
        refusal = story.give(GiveUpDraft(unwritten))
        assert isinstance(refusal, Refusal)
        assert (Code.FORMAT, "reason") == (refusal.code, refusal.field)
    assert story.give(GiveUpDraft(" 客户有事 ")) is None
    assert "客户有事" == story.state.given_up_reason


def test_giving_up_what_the_office_knows_is_the_offices_decision() -> None:
    """The wish is sent; the case is cancelled when the office says so."""
    story = DraftStory()
    story.submitted()
    story.view(State.AUTH_QUEUED, 2)

    assert story.give(GiveUpDraft("客户有事")) is None

    assert ["客户有事"] == [errand.reason for errand in story.sent(SendCancel)]
    assert State.AUTH_QUEUED is story.stands()
    story.view(State.CANCELLED, 3)
    assert story.state.finished
    assert isinstance(story.give(GiveUpDraft("again")), Refusal)


def test_the_office_has_the_last_word_and_the_newest() -> None:
    """An older view, or the same again, is not even written down."""
    story = DraftStory()
    story.submitted()
    story.view(State.PREPARED, 5, slip=SLIP)
    before = len(story.events)
    story.view(State.AUTH_QUEUED, 3)
    story.view(State.PREPARED, 5, slip=SLIP)

    assert before == len(story.events)
    assert State.PREPARED is story.stands()


def test_the_slip_is_read_before_it_is_signed() -> None:
    """And only while it may be signed; once signed, it cannot be refused any more."""
    story = DraftStory()
    story.submitted()
    for command in (SeeSlip(), KeepInk(make.ink()), RefuseTheSlip(), KeepHandover()):
        assert isinstance(story.give(command), Refusal), "not prepared yet"
    story.view(State.PREPARED, 5, slip=SLIP)
    assert isinstance(story.give(KeepInk(make.ink())), Refusal), "not read yet"
    assert story.give(SeeSlip()) is None
    assert story.give(KeepInk(make.ink())) is None
    assert isinstance(story.give(RefuseTheSlip()), Refusal)
    story.taken()

    assert story.give(KeepInk(make.ink(1))) is None, "a second signature is none"
    assert [] == story.sent(SendInk)
    assert make.ink() == story.state.ink


def test_a_refused_signature_can_be_given_again() -> None:
    """The office found it too small; the customer signs once more."""
    story = DraftStory()
    story.signed()
    story.taken()
    refusal = Refusal(Code.EVIDENCE, "签名过小", "signature")
    assert story.give(KeepRefusal(refusal, submission=False)) is None
    assert refusal == story.state.problem

    assert story.give(KeepInk(make.ink(1))) is None

    assert [make.ink(1)] == [errand.ink for errand in story.sent(SendInk)]
    assert story.state.problem is None


def test_a_customer_may_change_their_mind() -> None:
    """Until they have signed."""
    story = DraftStory()
    story.submitted()
    story.view(State.PREPARED, 5, slip=SLIP)
    story.taken()
    assert story.give(RefuseTheSlip()) is None
    assert 1 == len(story.sent(SendRefusal))


def test_every_draft_is_on_the_list() -> None:
    """From its first moment; marked when nothing can happen to it any more."""
    story = DraftStory()
    story.submitted()
    story.view(State.EXPIRED, 9)

    lines = [decode(Listed, body) for body in story.listed if body is not None]
    assert [False, True] == [line.finished for line in lines]
    before = len(story.listed)
    story.give(Open(DEBIT_CARD, "T001"))
    assert [False, True] == [line.finished for line in lines[:before]]


def test_nothing_is_captured_that_was_not_asked() -> None:
    """Unknown fields are refused; before the draft is open there is nothing at all."""
    story = DraftStory()
    refusal = story.give(KeepValue("address", TextValue("x")))
    assert isinstance(refusal, Refusal)
    assert Code.NOT_FOUND is refusal.code
    story.open()
    refusal = story.give(KeepValue("colour", TextValue("x")))
    assert isinstance(refusal, Refusal)
    assert (Code.FORMAT, "colour") == (refusal.code, refusal.field)


CARDS = [make.id_card(make.person(n)) for n in range(2)]
PHOTO = PhotoValue(bytes(32), 90_000, 1280, 960, 500, make.NOW_MS)
FIELDS = st.sampled_from([field.name for field in DEBIT_CARD.form.fields] + ["nonsense"])
VIEWS = st.builds(
    lambda state, version, with_slip, owed: CaseView(
        CASE, version, state, (Step(state, 1),), slip=SLIP if with_slip else None, owed=owed
    ),
    st.sampled_from(list(State)),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([(), ("id_front",)]),
)
ANSWERS = st.sampled_from([one for one in IdentityResult if one is not IdentityResult.UNAVAILABLE])
OTHERS = [replace(DEBIT_CARD, form=next_form(DEBIT_CARD.form, Random(n))) for n in range(9)]
COMMANDS: st.SearchStrategy[DraftCommand] = st.one_of(
    st.just(Open(DEBIT_CARD, "T001")),
    st.builds(RenewForm, st.sampled_from(OTHERS)),
    st.builds(KeepIdCard, FIELDS, st.sampled_from(CARDS)),
    st.builds(
        KeepIdentity, st.sampled_from([card_digest(card) for card in CARDS]), ANSWERS.map(answer)
    ),
    st.builds(
        KeepValue,
        FIELDS,
        st.sampled_from([TextValue("x"), make.values_for(DEBIT_CARD.form)["card"]]),
    ),
    st.builds(DropAnswer, FIELDS),
    st.builds(KeepEvidence, FIELDS, st.just(PHOTO)),
    st.just(KeepUpload(PHOTO.digest)),
    st.builds(KeepPin, st.builds(PinBlock, FIELDS, st.just(bytes(12)), st.just(bytes(16)))),
    st.just(WantSubmission(None)),
    st.builds(KeepRefusal, st.sampled_from([BUSY, UNCLEAR]), st.booleans()),
    st.builds(KeepView, VIEWS),
    st.just(SeeSlip()),
    st.just(KeepInk(make.ink())),
    st.just(RefuseTheSlip()),
    st.just(StopWaiting()),
    st.builds(KeepLivePhoto, st.just(PHOTO)),
    st.just(KeepHandover()),
    st.just(GiveUpDraft("x")),
    st.just(Reopen()),
    st.builds(DeferPhoto, FIELDS),
    st.just(HandInRescan()),
    st.just(KeepRescanRefusal(UNCLEAR)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(COMMANDS, max_size=40))
def test_every_command_in_every_state(commands: list[DraftCommand]) -> None:
    """Whatever comes, in any order: an answer, never a crash; and what must always hold, holds."""
    story = DraftStory()
    story.open()
    sent: dict[int, bytes] = {}
    refused = False
    for command in commands:
        before, events = story.state, len(story.events)
        refusal = story.give(command)

        if refusal is not None:
            assert (before, events) == (story.state, len(story.events)), "a no changes nothing"
        draft = story.state
        assert draft.case_id == CASE
        assert {pin_key(CASE, name) for name in draft.pins} == story.pins
        assert not (draft.wanted and draft.editable)
        assert draft.rescan.keys() <= {*draft.owed}
        assert not draft.rescan_given or draft.rescan.keys() == {*draft.owed}
        assert not draft.following & draft.values.keys()
        assert draft.editable or draft.wanted or draft.trail == () or draft.given_up
        assert all(isinstance(step, Step) for step in draft.steps)
        refused = refused or (isinstance(command, KeepRefusal) and command.submission)
        for errand in story.sent(SendSubmission):
            trail = [step.state for step in errand.submission.trail]
            assert list(TRAIL) == trail
            body = encode(errand.submission)
            assert refused or sent.setdefault(errand.submission.revision, body) == body
        assert draft == decode(Draft, encode(draft)), "a snapshot is the draft"
    card = story.state.values.get("id_card")
    assert story.state.id_card is (card if isinstance(card, IdCardValue) else None)
    assert msgspec.msgpack.encode(story.state)
