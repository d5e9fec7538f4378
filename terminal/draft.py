"""A case as the tablet knows it: a durable actor whose rules are the pure functions here.

The draft is the durable truth of the terminal. Whatever the teller does is journalled before the
page shows it; whatever must reach the office is an errand in the outbox of the same commit, so a
case survives a dead battery at any step and goes on when the link is back. The office decides:
its `CaseView` overrules everything that the tablet believes.

Stream `draft/<case_id>`. A list of all drafts is kept as documents in the collection `drafts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.behaviour import Behaviour, Effect, Verdict
from actors.store import Document
from terminal.draft_events import (
    AskIdentity,
    Done,
    DraftCommand,
    DraftEvent,
    Errand,
    ErrandRefused,
    GivenUp,
    GiveUpDraft,
    HandedOver,
    IdCardRead,
    IdentityAnswered,
    KeepHandover,
    KeepIdCard,
    KeepIdentity,
    KeepInk,
    KeepPhoto,
    KeepPin,
    KeepRefusal,
    KeepUpload,
    KeepValue,
    KeepView,
    OfficeAnswered,
    Open,
    Opened,
    PhotoTaken,
    PhotoUploaded,
    PinTaken,
    RefuseTheSlip,
    Reopen,
    Reopened,
    SeeSlip,
    SendCancel,
    SendHandover,
    SendInk,
    SendRefusal,
    SendSlipSeen,
    SendSubmission,
    SlipRefused,
    SlipSeen,
    SlipSigned,
    SubmissionRefused,
    SubmissionWanted,
    UploadPhoto,
    ValueEntered,
    WantSubmission,
)
from wire.case_state import FINAL_STATES, State
from wire.codec import encode
from wire.form import BankCardValue, IdCardValue, PhotoValue, Value
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Place, Signature, Slip, Step, Submission
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.session import ProductCard

PASSING: Final = frozenset({IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO})
"""Register answers with which a case may go on."""

EDITABLE_STATES: Final = frozenset({State.DRAFT, State.IDENTIFIED})
"""States in which the teller may still change what was captured."""


CANCELLABLE: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED, State.AUTH_RETURNED})
"""States of the office in which giving up is a cancellation."""

UNSIGNED: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""States of the office in which giving up releases what was reserved."""

LIST: Final = "drafts"
"""The collection of documents that lists every draft."""


class Listed(msgspec.Struct, frozen=True):
    """One line of that list: since when, and whether nothing can happen to the draft any more."""

    at_ms: int
    finished: bool


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One case on the tablet.

    Attributes:
        product: as it was when the case was opened; None before that.
        revision: counts submissions; rises when a returned case is reopened.
        uploaded: digests of photos that the office has.
        pins: fields whose PIN block is waiting in the `pins` document.
        wanted: the teller handed the case over and nothing was refused since.
        problem: why the last errand was refused, or None.
        view: the office's newest word, or None before the first submission was taken.
        wanted_ms: when the teller handed it over.
    """

    case_id: str
    product: ProductCard | None = None
    staff_id: str = ""
    revision: int = 1
    values: dict[str, Value] = {}
    uploaded: frozenset[bytes] = frozenset()
    pins: frozenset[str] = frozenset()
    identity: IdentityChecked | None = None
    trail: tuple[Step, ...] = ()
    place: Place | None = None
    wanted: bool = False
    wanted_ms: int = 0
    slip_seen: bool = False
    ink: Signature | None = None
    handed_over: bool = False
    given_up: bool = False
    given_up_reason: str = ""
    problem: Refusal | None = None
    view: CaseView | None = None

    @property
    def state(self) -> State:
        """Where the case stands, by the office's word where there is one."""
        if self.view is not None and not self._reopened:
            return self.view.state
        if self.given_up:
            return State.CANCELLED
        return self.trail[-1].state if self.trail else State.DRAFT

    @property
    def _reopened(self) -> bool:
        return self.view is not None and self.view.state is State.AUTH_RETURNED and bool(self.trail)

    @property
    def editable(self) -> bool:
        """Whether the teller may change what was captured."""
        return bool(self.trail) and self.state in EDITABLE_STATES and not self.wanted

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every state passed, the office's where it has spoken."""
        if self.view is None:
            return self.trail
        return self.view.steps + (self.trail if self._reopened else ())

    @property
    def id_card(self) -> IdCardValue | None:
        """The ID card that was read, or None."""
        return next((v for v in self.values.values() if isinstance(v, IdCardValue)), None)

    @property
    def photos(self) -> dict[str, PhotoValue]:
        """The photos by field."""
        return {f: v for f, v in self.values.items() if isinstance(v, PhotoValue)}

    @property
    def finished(self) -> bool:
        """Nothing can happen to it any more."""
        return self.state in FINAL_STATES


def card_digest(card: IdCardValue) -> bytes:
    """Tells one reading of a card from another: BLAKE2b-256 of the record."""
    return hashlib.blake2b(card.record, digest_size=32).digest()


def slip_hash(slip: Slip) -> bytes:
    """What the customer signs: BLAKE2b-256 of the slip's canonical encoding."""
    return hashlib.blake2b(encode(slip), digest_size=32).digest()


def submission(draft: Draft, device: str) -> Submission:
    """The submission of the draft's current revision: the same value at every attempt."""
    assert draft.product is not None
    assert draft.identity is not None
    return Submission(
        case_id=draft.case_id,
        revision=draft.revision,
        product=draft.product.code,
        form_version=draft.product.form.version,
        staff_id=draft.staff_id,
        device=device,
        trail=draft.trail,
        values=dict(sorted(draft.values.items())),
        identity_reference=draft.identity.reference,
        place=draft.place,
        captured_ms=draft.wanted_ms,
    )


def pin_key(case_id: str, field: str) -> str:
    """Where a PIN block waits in the documents `pins`, until the office has answered."""
    return f"{case_id}/{field}"


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
            current = card is not None and card_digest(card) == digest
            return (IdentityAnswered(digest, answer, now_ms),) if current else ()
        case KeepUpload(digest=digest):
            return () if digest in state.uploaded else (PhotoUploaded(digest),)
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
        case SeeSlip() | KeepInk() | RefuseTheSlip() | KeepHandover():
            return _conclude(state, command, now_ms)
        case KeepIdCard() | KeepValue() | KeepPhoto() | KeepPin() | WantSubmission():
            return _capture(state, command, now_ms)


def _capture(
    state: Draft,
    command: KeepIdCard | KeepValue | KeepPhoto | KeepPin | WantSubmission,
    now_ms: int,
) -> tuple[DraftEvent, ...] | Refusal:
    if not state.editable:
        return () if isinstance(command, WantSubmission) and state.wanted else _stale(state)
    assert state.product is not None
    if isinstance(command, WantSubmission):
        return (SubmissionWanted(command.place, now_ms),)
    name = command.pin.field if isinstance(command, KeepPin) else command.field
    if state.product.form.field(name) is None:
        return Refusal(Code.FORMAT, "表单中没有这一项", name)
    match command:
        case KeepPin():
            return (PinTaken(name),)
        case KeepIdCard(card=card):
            return (IdCardRead(name, card, now_ms),)
        case KeepValue(value=value):
            return (ValueEntered(name, value),)
        case KeepPhoto(photo=photo):
            return (PhotoTaken(name, photo),)


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
            return change(
                state,
                values={**state.values, name: card},
                identity=None,
                trail=state.trail[:1],
                problem=None,
            )
        case IdentityAnswered(answer=answer, at_ms=at):
            return _identified(state, answer, at)
        case ValueEntered(field=name, value=value):
            return change(state, values={**state.values, name: value}, problem=None)
        case PhotoTaken(field=name, photo=photo):
            return change(state, values={**state.values, name: photo}, problem=None)
        case PhotoUploaded(digest=digest):
            return change(state, uploaded=state.uploaded | {digest})
        case PinTaken(field=name):
            return change(state, pins=state.pins | {name}, problem=None)
        case SubmissionWanted(place=place, at_ms=at):
            trail = _captured(state.trail, at) if state.identity is not None else state.trail
            return change(state, wanted=True, wanted_ms=at, place=place, trail=trail, problem=None)
        case SubmissionRefused(refusal=refusal):
            trail = tuple(step for step in state.trail if step.state is not State.CAPTURED)
            return change(state, wanted=False, trail=trail, problem=refusal)
        case OfficeAnswered(view=view):
            return change(state, view=view, trail=(), wanted=False, pins=frozenset(), problem=None)
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
            wanted = state.wanted and state.identity is not None
            return change(state, problem=refusal, ink=None, handed_over=False, wanted=wanted)


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
    return msgspec.structs.replace(
        state,
        trail=trail,
        revision=state.revision + 1,
        slip_seen=False,
        ink=None,
        problem=None,
    )


def _captured(trail: tuple[Step, ...], at_ms: int) -> tuple[Step, ...]:
    """The trail of a finished capture; where the register disagrees, a second document tells."""
    if trail[-1].state is not State.IDENTIFIED:
        trail = (*trail, Step(State.IDENTIFIED, at_ms))
    return (*trail, Step(State.CAPTURED, at_ms))


def _errands(state: Draft, event: DraftEvent, device: str) -> Iterable[Effect]:
    match event:
        case IdCardRead(card=card):
            yield Effect("identity", AskIdentity(card))
        case PhotoTaken(field=name, photo=photo):
            yield Effect("upload", UploadPhoto(name, photo))
        case SubmissionWanted() | IdentityAnswered() if _complete(state):
            pins = tuple(sorted(state.pins))
            yield Effect("office", SendSubmission(submission(state, device), pins))
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


def _stale(state: Draft) -> Refusal:
    return Refusal(Code.STATE, f"业务当前状态为{state.state}，不能进行该操作")


__all__ = [
    "EDITABLE_STATES",
    "LIST",
    "PASSING",
    "Draft",
    "DraftRules",
    "Listed",
    "card_digest",
    "pin_key",
    "slip_hash",
    "submission",
]
