"""What each event makes of a draft.

Total: an event that was journalled always applies, whatever the rules accept today; what may happen
is `terminal.draft_rules`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from terminal import table_rows
from terminal.draft import Draft
from terminal.draft_answers import bound_now, with_answer
from terminal.draft_events import (
    AnswerDropped,
    DraftEvent,
    ErrandRefused,
    EvidenceTaken,
    EvidenceUploaded,
    FormRenewed,
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
from terminal.new_form import led_over
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Step
from wire.messages.identity import IdentityChecked, IdentityResult

PASSING: Final = frozenset({IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO})
"""Register answers with which a case may go on."""


def evolve(state: Draft, event: DraftEvent) -> Draft:  # long: one case per event, each one line
    """The draft after one more event."""
    change = msgspec.structs.replace
    match event:
        case Opened(product=product, staff_id=staff_id, at_ms=at):
            return change(state, product=product, staff_id=staff_id, trail=(Step(State.DRAFT, at),))
        case IdCardRead(field=name, card=card):
            read = with_answer(state, name, card)
            return change(read, identity=None, trail=state.trail[:1])
        case IdentityAnswered(answer=answer, at_ms=at):
            return _identified(state, answer, at)
        case ValueEntered(field=name, value=value) | EvidenceTaken(field=name, evidence=value):
            return with_answer(state, name, value)
        case RowEntered() | RowDropped() | RowRestored():
            return with_answer(*table_rows.changed(state, event))
        case AnswerDropped(field=name):
            return with_answer(change(state, pins=state.pins - {name}), name, None)
        case PhotoDeferred(field=name):
            without = with_answer(state, name, None)
            return change(without, following=state.following | {name})
        case EvidenceUploaded(digest=digest):
            return change(state, uploaded=state.uploaded | {digest})
        case PinTaken(field=name):
            marks = {field: mark for field, mark in state.marks.items() if field != name}
            taken = change(state, pins=state.pins | {name}, marks=marks, problem=None)
            return bound_now(taken, name)
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
        case FormRenewed(product=product):
            return led_over(state, product)
        case Revealed():
            return state  # what is kept is that it happened
        case RescanTaken() | RescanHandedIn() | RescanRefused():
            return _rescanned(state, event)
        case ErrandRefused(refusal=refusal):
            return _errand_refused(state, refusal)


def _errand_refused(state: Draft, refusal: Refusal) -> Draft:
    """What was to be told can be done anew; without the register's answer nothing can be handed
    over: the card is read again.
    """
    return msgspec.structs.replace(
        state,
        slip_refused=False,
        ink=None,
        handed_over=False,
        live=None,
        wanted=state.wanted and state.identified,
        problem=refusal,
    )


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
        problem=state.problem if passing else _MISMATCH,
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
