"""What a teller may do with a draft, and what follows: the pure rules of a durable actor.

The draft is the durable truth of the terminal. Whatever the teller does is journalled before the
page shows it; whatever must reach the office is an errand in the outbox of the same commit, so a
case survives a dead battery at any step and goes on when the link is back.

Stream `draft/<case_id>`. A list of all drafts is kept as documents in the collection `drafts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.behaviour import Behaviour, Effect, Verdict
from actors.store import Document
from terminal.draft import Draft, card_digest, pin_key, slip_hash, submission
from terminal.draft_events import (
    AnswerDropped,
    AskIdentity,
    Done,
    DraftCommand,
    DraftEvent,
    DropAnswer,
    Errand,
    ErrandRefused,
    EvidenceTaken,
    EvidenceUploaded,
    GivenUp,
    GiveUpDraft,
    HandedOver,
    IdCardRead,
    IdentityAnswered,
    KeepEvidence,
    KeepHandover,
    KeepIdCard,
    KeepIdentity,
    KeepInk,
    KeepLivePhoto,
    KeepPin,
    KeepRefusal,
    KeepUpload,
    KeepValue,
    KeepView,
    LivePhotoTaken,
    OfficeAnswered,
    Open,
    Opened,
    PinTaken,
    RefuseTheSlip,
    Reopen,
    Reopened,
    SeeSlip,
    SendCancel,
    SendDeferral,
    SendHandover,
    SendInk,
    SendLivePhoto,
    SendRefusal,
    SendSlipSeen,
    SendSubmission,
    SlipRefused,
    SlipSeen,
    SlipSigned,
    StopWaiting,
    SubmissionRefused,
    SubmissionWanted,
    UploadEvidence,
    ValueEntered,
    WaitGivenUp,
    WantSubmission,
)
from wire.case_state import TITLES, State
from wire.codec import encode
from wire.form import FieldKind
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Step
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.value import (
    BankCardValue,
    IdCardValue,
    PhoneValue,
    Value,
)

PASSING: Final = frozenset({IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO})
"""Register answers with which a case may go on."""

CANCELLABLE: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED, State.AUTH_RETURNED})
"""States of the office in which giving up is a cancellation."""

AWAITED: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED})
"""States of the office in which a customer may wait at the table."""

UNSIGNED: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""States of the office in which giving up releases what was reserved."""

LIST: Final = "drafts"
"""The collection of documents that lists every draft."""


class Listed(msgspec.Struct, frozen=True):
    """One line of that list: since when, and whether nothing can happen to the draft any more."""

    at_ms: int
    finished: bool


class DraftRules(Behaviour[Draft, DraftCommand, DraftEvent]):
    """What a teller may do with a draft, and what follows.

    Args:
        device: this terminal's id, which goes into submissions.
    """

    event_type = DraftEvent
    effect_types = Errand
    state_type = Draft

    def __init__(self, device: str) -> None:
        self._device = device

    def initial(self, key: str) -> Draft:
        """Nothing yet; `key` is the case id."""
        return Draft(case_id=key)

    def decide(
        self, state: Draft, command: DraftCommand, now_ms: int, who: str
    ) -> Verdict[DraftEvent] | Refusal:
        """Accept what the teller captured, or say why not."""
        del who
        events = _decide(state, command, now_ms)
        if isinstance(events, Refusal):
            return events
        after = state
        for event in events:
            after = _evolve(after, event)
        documents = [
            Document("pins", pin_key(state.case_id, f), None)
            for f in sorted(state.pins - after.pins)
        ]
        if isinstance(command, KeepPin):
            documents.append(
                Document("pins", pin_key(state.case_id, command.pin.field), encode(command.pin))
            )
        if isinstance(command, Open) or after.finished != state.finished:
            listed = Listed(now_ms, after.finished)
            documents.append(Document(LIST, state.case_id, encode(listed)))
        return Verdict(events, Done(), documents=tuple(documents))

    def evolve(self, state: Draft, event: DraftEvent) -> Draft:
        """Apply one event."""
        return _evolve(state, event)

    def react(self, state: Draft, event: DraftEvent) -> Iterable[Effect]:
        """Errands for the uplink that follow from an event."""
        return tuple(_errands(state, event, self._device))


def _decide(  # long: one case per command, each a line or two
    state: Draft, command: DraftCommand, now_ms: int
) -> tuple[DraftEvent, ...] | Refusal:
    if isinstance(command, Open):
        if state.product is not None:
            return ()
        return (Opened(command.product, command.staff_id, now_ms),)
    if state.product is None:
        return Refusal(Code.NOT_FOUND, "没有这笔业务")
    match command:
        case KeepIdentity(card_digest=digest, answer=answer):
            # Only the first answer counts: a second one would change what is being submitted.
            awaited = bool(state.trail) and state.identity is None
            card = state.id_card if awaited else None
            if card is not None and card_digest(card) == digest:
                return (IdentityAnswered(digest, answer, now_ms),)
            return _other_answered(state, digest, answer, now_ms)
        case KeepUpload(digest=digest):
            return () if digest in state.uploaded else (EvidenceUploaded(digest),)
        case KeepRefusal(refusal=refusal, submission=True):
            return (SubmissionRefused(refusal, now_ms),) if state.wanted else ()
        case KeepRefusal(refusal=refusal):
            return (ErrandRefused(refusal, now_ms),)
        case KeepView(view=view):
            older = state.view is not None and view.version <= state.view.version
            return () if older else (OfficeAnswered(view),)
        case GiveUpDraft(reason=reason):
            if state.finished:
                return _stale(state)
            return (GivenUp(reason, now_ms),)
        case Reopen():
            if state.state is not State.AUTH_RETURNED:
                return _stale(state)
            return (Reopened(now_ms),)
        case KeepLivePhoto(photo=photo):
            if state.view is None or not state.view.live_wanted:
                return _stale(state)
            return () if state.live is not None else (LivePhotoTaken(photo),)
        case StopWaiting():
            if state.state not in AWAITED:
                return _stale(state)
            return () if state.deferred else (WaitGivenUp(now_ms),)
        case SeeSlip() | KeepInk() | RefuseTheSlip() | KeepHandover():
            return _conclude(state, command, now_ms)
        case (
            KeepIdCard()
            | KeepValue()
            | DropAnswer()
            | KeepEvidence()
            | KeepPin()
            | WantSubmission()
        ):
            return _capture(state, command, now_ms)


def _other_answered(
    state: Draft, digest: bytes, answer: IdentityChecked, now_ms: int
) -> tuple[DraftEvent, ...]:
    """Of other persons than the customer only a disagreement is worth a word: it has no cure."""
    if answer.result in PASSING or not state.editable:
        return ()
    cards = state.other_cards.items()
    found = (name for name, card in cards if card_digest(card) == digest)
    return tuple(ErrandRefused(_other_mismatch(name), now_ms) for name in found)


def _capture(
    state: Draft,
    command: KeepIdCard | KeepValue | DropAnswer | KeepEvidence | KeepPin | WantSubmission,
    now_ms: int,
) -> tuple[DraftEvent, ...] | Refusal:
    if not state.editable:
        return () if isinstance(command, WantSubmission) and state.wanted else _stale(state)
    assert state.product is not None
    if isinstance(command, WantSubmission):
        return (SubmissionWanted(command.place, now_ms, command.link_kbps),)
    name = command.pin.field if isinstance(command, KeepPin) else command.field
    if state.product.form.field(name) is None:
        return Refusal(Code.FORMAT, "表单中没有这一项", name)
    match command:
        case KeepPin():
            return (PinTaken(name),)
        case KeepIdCard(card=card):
            if state.id_field is None or state.id_field.name != name:
                return (ValueEntered(name, card),)
            return (IdCardRead(name, card, now_ms),)
        case KeepValue(value=value):
            return () if _says_nothing_new(state, name, value) else (ValueEntered(name, value),)
        case DropAnswer():
            if state.id_field is not None and state.id_field.name == name:
                return Refusal(Code.STATE, "客户身份证不能清除，请重新读取", name)
            answered = name in state.values or name in state.pins
            return (AnswerDropped(name),) if answered else ()
        case KeepEvidence(evidence=evidence):
            return (EvidenceTaken(name, evidence),)


def _says_nothing_new(state: Draft, name: str, value: Value) -> bool:
    """A proven phone number that is merely typed once more stays proven."""
    before = state.values.get(name)
    return (
        isinstance(before, PhoneValue)
        and isinstance(value, PhoneValue)
        and before.phone == value.phone
        and value.proof in ("", before.proof)
    )


def _conclude(
    state: Draft, command: SeeSlip | KeepInk | RefuseTheSlip | KeepHandover, now_ms: int
) -> tuple[DraftEvent, ...] | Refusal:
    ready = state.state in UNSIGNED
    match command:
        case SeeSlip() if ready:
            return () if state.slip_seen else (SlipSeen(now_ms),)
        case KeepInk(ink=ink) if ready and state.slip_seen:
            return () if state.ink is not None else (SlipSigned(ink, now_ms),)
        case RefuseTheSlip() if ready and state.ink is None:
            return (SlipRefused(now_ms),)
        case KeepHandover() if state.state is State.COMMITTED:
            card = next((v for v in state.values.values() if isinstance(v, BankCardValue)), None)
            pan = card.pan if card is not None else None
            return () if state.handed_over else (HandedOver(pan, now_ms),)
        case _:
            return _stale(state)


def _evolve(state: Draft, event: DraftEvent) -> Draft:  # long: one case per event, each one line
    change = msgspec.structs.replace
    match event:
        case Opened(product=product, staff_id=staff_id, at_ms=at):
            return change(state, product=product, staff_id=staff_id, trail=(Step(State.DRAFT, at),))
        case IdCardRead(field=name, card=card):
            read = _with_answer(state, name, card)
            return change(read, identity=None, trail=state.trail[:1])
        case IdentityAnswered(answer=answer, at_ms=at):
            return _identified(state, answer, at)
        case ValueEntered(field=name, value=value) | EvidenceTaken(field=name, evidence=value):
            return _with_answer(state, name, value)
        case AnswerDropped(field=name):
            return change(_with_answer(state, name, None), pins=state.pins - {name})
        case EvidenceUploaded(digest=digest):
            return change(state, uploaded=state.uploaded | {digest})
        case PinTaken(field=name):
            marks = {field: mark for field, mark in state.marks.items() if field != name}
            return change(state, pins=state.pins | {name}, marks=marks, problem=None)
        case SubmissionWanted(place=place, at_ms=at, link_kbps=kbps):
            trail = _captured(state.trail, at) if state.identified else state.trail
            handed = change(state, wanted=True, wanted_ms=at, place=place, link_kbps=kbps)
            return change(handed, trail=trail, problem=None)
        case SubmissionRefused(refusal=refusal):
            trail = tuple(step for step in state.trail if step.state is not State.CAPTURED)
            return change(state, wanted=False, trail=trail, problem=refusal)
        case OfficeAnswered(view=view):
            return _answered_by_office(state, view)
        case LivePhotoTaken(photo=photo):
            return change(state, live=photo, problem=None)
        case WaitGivenUp():
            return change(state, deferred=True)
        case SlipSeen():
            return change(state, slip_seen=True)
        case SlipSigned(ink=ink):
            return change(state, ink=ink, problem=None)
        case SlipRefused():
            return change(state, problem=None)
        case HandedOver():
            return change(state, handed_over=True, problem=None)
        case GivenUp(reason=reason):
            return change(
                state,
                given_up=True,
                given_up_reason=reason,
                wanted=False,
                pins=frozenset(),
                problem=None,
            )
        case Reopened(at_ms=at):
            return _reopened(state, at)
        case ErrandRefused(refusal=refusal):
            # Without the register's answer nothing can be handed over: the card is read again.
            wanted = state.wanted and state.identified
            again = change(state, ink=None, handed_over=False, live=None)
            return change(again, problem=refusal, wanted=wanted)


def _with_answer(state: Draft, name: str, value: Value | None) -> Draft:
    """One more answer, or one less, and what it settles."""
    return msgspec.structs.replace(
        state,
        values=_answered(state, name, value),
        marks=_unmended(state, name, value),
        problem=None,
    )


def _answered(state: Draft, name: str, value: Value | None) -> dict[str, Value]:
    """The answers with one more, or one less, and without those that it makes void.

    What was chosen from a list counts for the answers that the list was asked with, and for the
    customer whose card was read: when one of these changes, it is chosen anew.
    """
    values = {**state.values}
    before = values.pop(name, None)
    if value is not None:
        values = {**state.values, name: value}
    if before == value or state.product is None:
        return values
    another_customer = state.id_field is not None and state.id_field.name == name
    changed = {name}
    listed = [field for field in state.product.form.fields if field.kind is FieldKind.LISTED]
    for _ in listed:  # a list may depend on what was chosen from another one
        for field in listed:
            if field.name != name and (another_customer or changed & {*field.depends}):
                values.pop(field.name, None)
                changed.add(field.name)
    return values


def _unmended(state: Draft, name: str, value: Value | None) -> dict[str, Refusal]:
    """What is still to be mended after one more answer: typing the same again mends nothing,
    while a card that is read again may well be the right one.
    """
    if value == state.values.get(name) and not isinstance(value, IdCardValue | BankCardValue):
        return state.marks
    return {field: mark for field, mark in state.marks.items() if field != name}


def _identified(state: Draft, answer: IdentityChecked, at_ms: int) -> Draft:
    """The register has answered; a case that waited for it goes on, or back to the teller."""
    passing = answer.result in PASSING
    wanted = state.wanted and passing
    trail = (*state.trail[:1], Step(State.IDENTIFIED, at_ms)) if passing else state.trail[:1]
    return msgspec.structs.replace(
        state,
        identity=answer,
        trail=_captured(trail, at_ms) if wanted else trail,
        wanted=wanted,
        wanted_ms=at_ms if wanted else state.wanted_ms,
        problem=None if passing else _MISMATCH,
    )


def _reopened(state: Draft, at_ms: int) -> Draft:
    """A returned case: everything captured is kept, nothing that followed."""
    trail = (Step(State.DRAFT, at_ms), Step(State.IDENTIFIED, at_ms))
    reasons = state.view.reasons if state.view is not None else ()
    return msgspec.structs.replace(
        state,
        trail=trail,
        marks={reason.field: reason for reason in reasons if reason.field},
        revision=state.revision + 1,
        deferred=False,
        slip_seen=False,
        ink=None,
        problem=None,
    )


def _answered_by_office(state: Draft, view: CaseView) -> Draft:
    """What the office knows of the case replaces what the tablet only hoped."""
    live = state.live if view.live_wanted else None
    told = msgspec.structs.replace(state, view=view, trail=(), live=live, pins=frozenset())
    return msgspec.structs.replace(told, wanted=False, marks={}, problem=None)


def _captured(trail: tuple[Step, ...], at_ms: int) -> tuple[Step, ...]:
    """The trail of a finished capture; where the register disagrees, a second document tells."""
    if trail[-1].state is not State.IDENTIFIED:
        trail = (*trail, Step(State.IDENTIFIED, at_ms))
    return (*trail, Step(State.CAPTURED, at_ms))


def _errands(state: Draft, event: DraftEvent, device: str) -> Iterable[Effect]:
    match event:
        case IdCardRead(card=card) | ValueEntered(value=IdCardValue() as card):
            yield Effect("identity", AskIdentity(card))
        case EvidenceTaken(field=name, evidence=evidence):
            yield Effect("upload", UploadEvidence(name, evidence))
        case SubmissionWanted() | IdentityAnswered() if _complete(state):
            pins = tuple(sorted(state.pins))
            others = tuple(card for _, card in sorted(state.other_cards.items()))
            yield Effect("office", SendSubmission(submission(state, device), pins, others))
        case SubmissionWanted() if state.id_card is not None and not state.identified:
            # The question may have been refused meanwhile; asked twice, it has the same answer.
            yield Effect("identity", AskIdentity(state.id_card))
        case LivePhotoTaken(photo=photo):
            yield Effect("office", SendLivePhoto(photo))
        case WaitGivenUp():
            yield Effect("office", SendDeferral())
        case SlipSeen() if state.view is not None and state.view.slip is not None:
            yield Effect("office", SendSlipSeen(slip_hash(state.view.slip)))
        case SlipSigned(ink=ink, at_ms=at) if state.view and state.view.slip:
            yield Effect("office", SendInk(slip_hash(state.view.slip), ink, at))
        case SlipRefused():
            yield Effect("office", SendRefusal())
        case HandedOver(pan=pan, at_ms=at):
            yield Effect("office", SendHandover(pan, at))
        case GivenUp(reason=reason) if state.view is not None:
            yield Effect("office", SendCancel(reason))
        # Given up while the submission was on its way: the office took it, and is told now.
        case OfficeAnswered(view=view) if state.given_up and view.state in CANCELLABLE:
            yield Effect("office", SendCancel(state.given_up_reason))
        case OfficeAnswered(view=view) if state.given_up and view.state in UNSIGNED:
            yield Effect("office", SendRefusal())
        case _:
            return


def _complete(state: Draft) -> bool:
    return state.wanted and bool(state.trail) and state.trail[-1].state is State.CAPTURED


_MISMATCH = Refusal(Code.ID_MISMATCH, "联网核查结果与证件信息不一致，请核对证件", "id_card")


def _other_mismatch(field: str) -> Refusal:
    message = "该身份证联网核查结果不一致，不能在此办理，请引导客户到柜面"
    return Refusal(Code.ID_MISMATCH, message, field)


def _stale(state: Draft) -> Refusal:
    return Refusal(Code.STATE, f"业务当前状态为“{TITLES[state.state][0]}”，不能进行此操作")


__all__ = ["LIST", "PASSING", "DraftRules", "Listed"]
