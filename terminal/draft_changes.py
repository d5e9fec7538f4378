"""What each event makes of a draft.

Total: an event that was journalled always applies, whatever the rules accept today; what may happen
is `terminal.draft_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from terminal import table_rows
from terminal.draft import Draft
from terminal.draft_events import (
    AnswerDropped,
    DraftEvent,
    ErrandRefused,
    EvidenceTaken,
    EvidenceUploaded,
    GivenUp,
    HandedOver,
    IdCardRead,
    IdentityAnswered,
    LivePhotoTaken,
    OfficeAnswered,
    Opened,
    PhotoDeferred,
    PinTaken,
    Reopened,
    RescanHandedIn,
    RescanRefused,
    RescanTaken,
    Revealed,
    RowDropped,
    RowEntered,
    RowRestored,
    SlipRefused,
    SlipSeen,
    SlipSigned,
    SubmissionRefused,
    SubmissionWanted,
    ValueEntered,
    WaitGivenUp,
)
from wire.case_state import State
from wire.checks import again as redo
from wire.checks import binding, loosened
from wire.form import Field, Form
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Step
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.value import BankCardValue, IdCardValue, Value

PASSING: Final = frozenset({IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO})
"""Register answers with which a case may go on."""


def evolve(state: Draft, event: DraftEvent) -> Draft:  # long: one case per event, each one line
    """The draft after one more event."""
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
        case RowEntered() | RowDropped() | RowRestored():
            return _with_answer(*table_rows.changed(state, event))
        case AnswerDropped(field=name):
            return _with_answer(change(state, pins=state.pins - {name}), name, None)
        case PhotoDeferred(field=name):
            without = _with_answer(state, name, None)
            return change(without, following=state.following | {name})
        case EvidenceUploaded(digest=digest):
            return change(state, uploaded=state.uploaded | {digest})
        case PinTaken(field=name):
            marks = {field: mark for field, mark in state.marks.items() if field != name}
            taken = change(state, pins=state.pins | {name}, marks=marks, problem=None)
            return _bound_now(taken, name)
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
            return change(state, slip_refused=True, problem=None)
        case HandedOver():
            return change(state, handed_over=True, problem=None)
        case GivenUp(reason=reason):
            given_up = change(state, given_up=True, given_up_reason=reason, wanted=False)
            return change(given_up, problem=None, **_without_pins(state))
        case Reopened(at_ms=at):
            return _reopened(state, at)
        case Revealed():
            return state  # what is kept is that it happened
        case RescanTaken() | RescanHandedIn() | RescanRefused():
            return _rescanned(state, event)
        case ErrandRefused(refusal=refusal):
            # Without the register's answer nothing can be handed over: the card is read again.
            wanted = state.wanted and state.identified
            again = change(state, slip_refused=False, ink=None, handed_over=False, live=None)
            return change(again, problem=refusal, wanted=wanted)


def _with_answer(state: Draft, name: str, value: Value | None) -> Draft:
    """One more answer, or one less, and what falls away with what was there before."""
    values = {field: one for field, one in state.values.items() if field != name}
    if value is not None:
        values = {**state.values, name: value}
    answered = msgspec.structs.replace(
        state,
        values=values,
        marks=_unmended(state, name, value),
        following=state.following - {name},
        problem=None,
    )
    return _without_fallen(_bound_now(answered, name), name)


def _bound_now(state: Draft, name: str) -> Draft:
    """What the answer to this field, given now, was given for."""
    field = state.product.form.field(name) if state.product is not None else None
    if state.product is None or field is None:
        return state
    bound = {one: digest for one, digest in state.bound.items() if one != name}
    digest = binding(state.product.form, field, state.values)
    if digest and (name in state.values or name in state.pins):
        bound[name] = digest
    return msgspec.structs.replace(state, bound=bound)


def _without_fallen(state: Draft, changed: str) -> Draft:
    """The draft without what was given for something that is another thing now, and without what
    is answered, promised or marked where nothing is asked any more; the teller is told what has to
    be taken again.
    """
    if state.product is None:
        return state
    form = state.product.form
    gone = {*loosened(form, state.values, state.pins, state.bound)}
    kept = msgspec.structs.replace(
        state,
        values={name: value for name, value in state.values.items() if name not in gone},
        pins=state.pins - gone,
        bound={name: digest for name, digest in state.bound.items() if name not in gone},
    )
    asked, marks = kept.asked, kept.marks.items()
    again = [field for field in form.fields if field.name in gone and field.name in asked]
    told = {one.name: _again(form, changed, (one,)) for one in again if one.required}
    return msgspec.structs.replace(
        kept,
        following=kept.following & asked,
        marks={at: mark for at, mark in marks if at.partition(".")[0] in asked} | told,
        problem=_again(form, changed, again) if again else kept.problem,
    )


def _again(form: Form, changed: str, fields: Sequence[Field]) -> Refusal:
    """What has to be taken again, and why; at its field where it is one."""
    cause = form.field(changed)
    why = f"“{cause.title_zh if cause is not None else changed}”已变更"
    if len(fields) == 1:
        (only,) = fields
        return Refusal(Code.STALE, f"{why}，请重新{redo(only)}“{only.title_zh}”。", only.name)
    titles = "、".join(f"“{one.title_zh}”" for one in fields)
    return Refusal(Code.STALE, f"{why}，以下内容须重新办理：{titles}。")


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
        slip_refused=False,
        ink=None,
        problem=None,
    )


def _answered_by_office(state: Draft, view: CaseView) -> Draft:
    """What the office knows of the case replaces what the tablet only hoped."""
    live = state.live if view.live_wanted else None
    told = msgspec.structs.replace(state, view=view, trail=(), live=live, **_without_pins(state))
    if not view.owed:
        told = msgspec.structs.replace(told, rescan={}, rescan_given=False)
    return msgspec.structs.replace(told, wanted=False, marks={}, problem=None)


def _without_pins(state: Draft) -> dict[str, Any]:
    """What changes when no PIN block waits any more."""
    bound = {name: digest for name, digest in state.bound.items() if name not in state.pins}
    return {"pins": frozenset(), "bound": bound}


def _rescanned(state: Draft, event: RescanTaken | RescanHandedIn | RescanRefused) -> Draft:
    """What the case owes is taken, handed in, or to be taken anew; the case itself stands."""
    change = msgspec.structs.replace
    match event:
        case RescanTaken(field=name, photo=photo):
            return change(state, rescan={**state.rescan, name: photo}, problem=None)
        case RescanHandedIn():
            return change(state, rescan_given=True, problem=None)
        case RescanRefused(refusal=refusal):
            return change(state, rescan_given=False, problem=refusal)


def _captured(trail: tuple[Step, ...], at_ms: int) -> tuple[Step, ...]:
    """The trail of a finished capture; where the register disagrees, a second document tells."""
    if trail[-1].state is not State.IDENTIFIED:
        trail = (*trail, Step(State.IDENTIFIED, at_ms))
    return (*trail, Step(State.CAPTURED, at_ms))


_MISMATCH = Refusal(Code.ID_MISMATCH, "联网核查结果与证件信息不一致，请核对证件", "id_card")


__all__ = ["PASSING", "evolve"]
