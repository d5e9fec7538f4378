"""What the teller's page shows of a draft: where the work stands, masked, whatever happens."""

from __future__ import annotations

import msgspec
import pytest

from terminal.draft_events import (
    KeepEvidence,
    KeepHandover,
    KeepIdCard,
    KeepPin,
    KeepRefusal,
    KeepValue,
    KeepView,
    Reopen,
    SeeSlip,
    WantSubmission,
)
from terminal.form_runner import problems
from terminal.page_model import CaseRow, OpenCase, Stage
from terminal.view import case_row, identity_view, open_case, product_view, stage
from tests.kit import submissions as make
from tests.terminal.draft_story import CASE, DEBIT_CARD, SLIP, DraftStory
from wire.case_state import State
from wire.codec import encode_json
from wire.form import Capability
from wire.message import Code, Refusal
from wire.messages.case import CaseView
from wire.messages.identity import IdentityResult
from wire.value import BankCardValue, IdCardValue, PhotoValue


def shown(story: DraftStory) -> OpenCase:
    return open_case(story.state, problems(story.state, story.now_ms))


def row(story: DraftStory) -> CaseRow:
    return case_row(story.state, story.now_ms)


def where(story: DraftStory) -> tuple[Stage, str]:
    """The stage, and what the case waits for."""
    return shown(story).stage, row(story).waiting


def test_the_stepper_follows_the_work() -> None:
    """Identify, photos, form, submit, wait, sign, hand over, done."""
    story = DraftStory()
    story.open()
    assert (Stage.IDENTIFY, "teller") == where(story)
    assert story.give(KeepIdCard("id_card", story.card)) is None
    assert (Stage.PHOTOS, "teller") == where(story)
    for name, value in story.values.items():
        if isinstance(value, PhotoValue):
            assert story.give(KeepEvidence(name, value)) is None
    assert (Stage.FORM, "teller") == where(story)
    for name, value in story.values.items():
        if not isinstance(value, PhotoValue | IdCardValue):
            assert story.give(KeepValue(name, value)) is None
    (pin,) = make.pins_for(DEBIT_CARD.form)
    assert story.give(KeepPin(pin)) is None
    assert (Stage.SUBMIT, "teller") == where(story)
    assert shown(story).can_submit

    assert story.give(WantSubmission(None)) is None
    assert (Stage.WAITING, "link") == where(story)
    assert not shown(story).can_submit
    story.identified()
    story.view(State.AUTH_QUEUED, 2)
    assert (Stage.WAITING, "office") == where(story)
    story.view(State.PREPARED, 5, slip=SLIP)
    assert (Stage.SIGN, "customer") == where(story)
    assert story.give(SeeSlip()) is None
    story.view(State.SLIP_SHOWN, 6, slip=SLIP)
    assert (Stage.SIGN, "customer") == where(story)
    story.view(State.COMMITTING, 8, slip=SLIP)
    assert (Stage.WAITING, "office") == where(story)
    story.view(State.COMMITTED, 9, slip=SLIP)
    assert (Stage.HANDOVER, "teller") == where(story)
    assert story.give(KeepHandover()) is None
    assert (Stage.DONE, "link") == where(story), "the office has not heard of it yet"
    story.view(State.CLOSED, 11, slip=SLIP)
    assert (Stage.DONE, "nothing") == where(story)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_stage(state: State) -> None:
    """Whatever the office says, the page knows where the teller is."""
    story = DraftStory()
    story.submitted()
    story.view(state, 3, slip=SLIP)

    view = shown(story)

    assert view.stage in Stage
    assert state.value == view.state == row(story).state
    finals = {State.CLOSED, State.ABORTED, State.CANCELLED, State.EXPIRED, State.DECLINED}
    assert (view.stage is Stage.DONE) == (state in finals | {State.AUTH_REJECTED})
    assert row(story).waiting in {"teller", "link", "office", "customer", "nothing"}


def test_a_returned_case_waits_for_the_teller() -> None:
    """With the office's reason; reopened, the PIN is what is missing."""
    story = DraftStory()
    story.submitted()
    reason = Refusal(Code.IMAGE_QUALITY, "影像不清晰，请重新拍摄。")
    view = CaseView(CASE, 4, State.AUTH_RETURNED, (), (reason,))
    assert story.give(KeepView(view)) is None

    assert "teller" == row(story).waiting
    assert (reason,) == shown(story).reasons
    assert story.give(Reopen()) is None
    assert (Stage.FORM, "teller") == where(story)
    assert {"new_pin"} == set(problems(story.state, story.now_ms))


def test_fields_show_what_was_captured() -> None:
    """Masked where it must be, dots for a PIN, digests for photos, problems where they belong."""
    story = DraftStory()
    story.open()
    story.capture()
    story.uploaded()
    refusal = Refusal(Code.DUPLICATE, "该卡号已用于其他业务", "card")
    assert story.give(KeepRefusal(refusal, submission=False)) is None

    fields = {one.name: one for one in shown(story).fields}

    assert [one.name for one in DEBIT_CARD.form.fields] == list(fields)
    card, photo = story.values["card"], story.values["id_front"]
    assert isinstance(card, BankCardValue)
    assert isinstance(photo, PhotoValue)
    assert card.pan.masked == fields["card"].shown
    assert refusal == fields["card"].problem
    assert "••••••" == fields["new_pin"].shown
    assert (photo.digest.hex(), 100, "1280×960") == (
        fields["id_front"].digest,
        fields["id_front"].uploaded,
        fields["id_front"].shown,
    )
    assert "" == fields["second_document"].shown
    assert (refusal,) == shown(story).reasons
    assert (100, refusal.message) == (row(story).uploaded, row(story).problem)


def test_uploads_count_by_size() -> None:
    """Nothing taken, some on the way, all there."""
    story = DraftStory()
    story.open()
    assert 0 == row(story).uploaded
    story.capture()
    assert 0 == row(story).uploaded
    story.owed = story.owed[:3]
    story.uploaded()
    assert 0 < row(story).uploaded < 100


def test_the_customer_as_the_card_says() -> None:
    """What the teller compares with the person; nothing before the card was read."""
    story = DraftStory()
    story.open()
    assert identity_view(story.state) is None
    assert story.give(KeepIdCard("id_card", story.card)) is None
    identity = identity_view(story.state)
    assert identity is not None
    assert ("李秀英", story.card.number.masked, "汉", "") == (
        identity.name,
        identity.number_masked,
        identity.nation,
        identity.result,
    )
    story.identified(IdentityResult.NAME_DIFFERS)
    identity = identity_view(story.state)
    assert identity is not None
    assert IdentityResult.NAME_DIFFERS == identity.result

    spoiled = msgspec.structs.replace(story.card, record=bytes(256))
    assert story.give(KeepIdCard("id_card", spoiled)) is None
    assert identity_view(story.state) is None


def test_no_number_reaches_the_page() -> None:
    """Neither the ID number nor the card number, nor the holder's full name in the list."""
    story = DraftStory()
    story.submitted()
    card = story.values["card"]
    assert isinstance(card, BankCardValue)
    for shown_json in (encode_json(shown(story)), encode_json(row(story))):
        assert story.card.number.number.encode() not in shown_json
        assert card.pan.digits.encode() not in shown_json
    assert story.card.name.encode() not in encode_json(row(story))


def test_a_business_is_offered_with_what_is_missing() -> None:
    """A kit without a PIN pad shows the business, and why it cannot be begun."""
    kit = frozenset(Capability) - {Capability.PIN_PAD}
    assert (Capability.PIN_PAD,) == product_view(DEBIT_CARD, kit).missing
    assert () == product_view(DEBIT_CARD, frozenset(Capability)).missing


def test_a_final_state_is_done_whatever_is_wrong() -> None:
    """Problems of a finished draft move nothing."""
    story = DraftStory()
    story.submitted()
    story.view(State.EXPIRED, 9)
    assert Stage.DONE is stage(story.state, {"id_card": Refusal(Code.FORMAT, "x", "id_card")})
