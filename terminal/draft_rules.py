"""What a teller may do with a draft: the pure rules of a durable actor.

The draft is the durable truth of the terminal. Whatever the teller does is journalled before the
page shows it; whatever must reach the office is an errand in the outbox of the same commit, so a
case survives a dead battery at any step and goes on when the link is back.

Stream `draft/<case_id>`. A list of all drafts is kept as documents in the collection `drafts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from actors.durable import Behaviour, Effect, Verdict
from actors.store import Document
from terminal import table_rows
from terminal.draft import UNSIGNED, Draft, card_digest, pin_key
from terminal.draft_changes import PASSING, evolve
from terminal.draft_events import (
    AnswerDropped,
    DeferPhoto,
    Done,
    DraftCommand,
    DraftEvent,
    DropAnswer,
    DropRow,
    ErrandRefused,
    EvidenceTaken,
    EvidenceUploaded,
    FormRenewed,
    GivenUp,
    GiveUpDraft,
    HandedOver,
    HandInRescan,
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
    KeepRescanRefusal,
    KeepReveal,
    KeepRow,
    KeepUpload,
    KeepValue,
    KeepView,
    LivePhotoTaken,
    OfficeAnswered,
    Open,
    Opened,
    PhotoDeferred,
    PinTaken,
    RefuseTheSlip,
    RenewForm,
    Reopen,
    Reopened,
    RescanHandedIn,
    RescanRefused,
    RescanTaken,
    RestoreRow,
    Revealed,
    SeeSlip,
    SlipRefused,
    SlipSeen,
    SlipSigned,
    StopWaiting,
    SubmissionRefused,
    SubmissionWanted,
    ValueEntered,
    WaitGivenUp,
    WantSubmission,
)
from terminal.errands import Errand, errands
from wire.case_state import FINAL_STATES, TITLES, State
from wire.checks import again as redo
from wire.checks import anchors
from wire.codec import encode
from wire.form import Field
from wire.message import Code, Refusal
from wire.messages.case import REASON_CHARS_MAX
from wire.messages.identity import IdentityChecked
from wire.text import normalised, text_fault
from wire.value import (
    BankCardValue,
    PhoneValue,
    PhotoValue,
    Value,
)

AWAITED: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED})
"""States of the office in which a customer may wait at the table."""

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
            after = evolve(after, event)
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
        return evolve(state, event)

    def react(self, state: Draft, event: DraftEvent) -> Iterable[Effect]:
        """Errands for the uplink that follow from an event."""
        return tuple(errands(state, event, self._device))


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
        case RenewForm(product=product):
            return (FormRenewed(product, now_ms),) if state.outdated_by(product) else ()
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
            if state.state in FINAL_STATES:
                return _stale(state)
            reason = normalised(reason)
            fault = text_fault(reason, "原因", REASON_CHARS_MAX, "reason")
            return (GivenUp(reason, now_ms),) if fault is None else fault
        case KeepReveal(place=place, staff_id=staff_id):
            return (Revealed(place, staff_id, now_ms),)
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
        case KeepEvidence(field=name, evidence=PhotoValue() as photo) if name in state.owed:
            return _STANDS if state.rescan_given else (RescanTaken(name, photo),)
        case HandInRescan():
            return _hand_in(state, now_ms)
        case KeepRescanRefusal(refusal=refusal):
            return (RescanRefused(refusal, now_ms),) if state.rescan_given else ()
        case _:
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
    command: KeepIdCard
    | KeepValue
    | KeepRow
    | DropRow
    | RestoreRow
    | DropAnswer
    | KeepEvidence
    | DeferPhoto
    | KeepPin
    | WantSubmission,
    now_ms: int,
) -> tuple[DraftEvent, ...] | Refusal:
    if not state.editable:
        return () if isinstance(command, WantSubmission) and state.wanted else _stale(state)
    assert state.product is not None
    if isinstance(command, WantSubmission):
        return (SubmissionWanted(command.place, now_ms, command.link_kbps),)
    name = command.pin.field if isinstance(command, KeepPin) else command.field
    field = state.product.form.field(name)
    if field is None or name not in state.asked:
        return Refusal(Code.FORMAT, "表单中没有这一项", name)
    if not isinstance(command, DropAnswer | DeferPhoto):
        value = command.value if isinstance(command, KeepValue) else None
        for lacking in _lacking(state, field, value):
            return lacking
    match command:
        case KeepPin():
            return (PinTaken(name),)
        case KeepIdCard(card=card):
            if state.id_field is None or state.id_field.name != name:
                return (ValueEntered(name, card),)
            return (IdCardRead(name, card, now_ms),)
        case KeepValue(value=value):
            return () if _says_nothing_new(state, name, value) else (ValueEntered(name, value),)
        case KeepRow() | DropRow() | RestoreRow():
            return table_rows.decide(state, field, command)
        case DropAnswer():
            if state.id_field is not None and state.id_field.name == name:
                return Refusal(Code.STATE, "客户身份证不能清除，请重新读取", name)
            answered = name in state.values or name in state.pins | state.following
            return (AnswerDropped(name),) if answered else ()
        case DeferPhoto():
            if not field.deferrable:
                return Refusal(Code.FORMAT, "这一项须当场拍摄，不能次日补拍", name)
            return () if name in state.following else (PhotoDeferred(name),)
        case KeepEvidence(evidence=evidence):
            return (EvidenceTaken(name, evidence),)


def _lacking(state: Draft, field: Field, value: Value | None) -> Iterator[Refusal]:
    """What an answer is given for has to be there first."""
    assert state.product is not None
    form = state.product.form
    for name in anchors(form, field, value):
        needed = form.field(name)
        if needed is not None and name in state.asked and name not in state.values:
            words = f"请先{redo(needed)}“{needed.title_zh}”"
            yield Refusal(Code.STATE, words, field.name)


def _hand_in(state: Draft, now_ms: int) -> tuple[DraftEvent, ...] | Refusal:
    """All at once, and once: the office takes nothing else."""
    if not state.owed:
        return Refusal(Code.STATE, "这笔业务没有待补扫的影像")
    for name in state.owed:
        if name not in state.rescan:
            return Refusal(Code.EVIDENCE, "请先拍齐全部待补扫的影像", name)
    return () if state.rescan_given else (RescanHandedIn(now_ms),)


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
        case KeepInk(ink=ink) if ready and state.slip_seen and not state.slip_refused:
            return () if state.ink is not None else (SlipSigned(ink, now_ms),)
        case RefuseTheSlip() if ready and state.ink is None:
            return () if state.slip_refused else (SlipRefused(now_ms),)
        case KeepHandover() if state.state is State.COMMITTED:
            card = next((v for v in state.values.values() if isinstance(v, BankCardValue)), None)
            pan = card.pan if card is not None else None
            return () if state.handed_over else (HandedOver(pan, now_ms),)
        case _:
            return _stale(state)


def _other_mismatch(field: str) -> Refusal:
    message = "该身份证联网核查结果不一致，不能在此办理，请引导客户到柜面"
    return Refusal(Code.ID_MISMATCH, message, field)


_STANDS: Final = Refusal(Code.STATE, "补扫影像已提交，不能再更换")


def _stale(state: Draft) -> Refusal:
    return Refusal(Code.STATE, f"业务当前状态为“{TITLES[state.state][0]}”，不能进行此操作")


__all__ = ["LIST", "DraftRules", "Listed"]
