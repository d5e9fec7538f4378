"""A photo taken on request, now, while somebody looks: the customer is really there.

The desk that holds the case asks; the submitting terminal takes the picture and hands it in. From
then on it is one of the images that every decision binds. It is evidence only if it is new: taken
after it was asked for, and none of those handed in before. Where a remote witness is what lets a
case through and the customer waits at the table, nobody approves without one.
"""

from __future__ import annotations

from typing import Final

from backoffice.cases.commands import AskLive
from backoffice.cases.events import AnyCaseEvent, LiveAsked, LiveGiven
from backoffice.cases.flow import wrong_state
from backoffice.cases.record import Case
from backoffice.cases.review import not_holding
from wire.case_state import State
from wire.checks import Context, check_moment, not_before
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO, GiveLivePhoto
from wire.messages.desk import ImageCard

Events = tuple[AnyCaseEvent, ...]

_UNASKED: Final = Refusal(Code.STATE, "授权人员没有要求补拍现场照片。", LIVE_PHOTO.name)
_OLD: Final = Refusal(Code.EVIDENCE, "须为现场新拍的照片，请重新拍摄。", LIVE_PHOTO.name)

_AWAITED: Final = frozenset({State.AUTH_QUEUED, State.AUTH_CLAIMED})


def ask_live(case: Case, command: AskLive, now_ms: int) -> Events | Refusal:
    """The holder of the case asks; asked for already, it is not asked for again."""
    refusal = not_holding(case, command.caller, now_ms)
    if refusal is not None:
        return refusal
    return () if case.live_asked_ms else (LiveAsked(now_ms),)


def give_live(case: Case, request: GiveLivePhoto, now_ms: int) -> Events | Refusal:
    """The terminal hands it in; the bytes and their measures the office has checked before."""
    photo = request.photo
    if case.live is not None and case.live.digest == photo.digest:
        return ()
    if case.state not in _AWAITED:
        return wrong_state(case.state)
    if not case.live_asked_ms:
        return _UNASKED
    known = {image.digest for image in case.images}
    if photo.digest in known:
        return _OLD
    context = Context(now_ms, case.filed.limits, LIVE_PHOTO.name)
    earliest_ms = not_before(case.live_asked_ms, case.filed.limits)
    for refusal in check_moment(photo.taken_ms, context, "现场照片拍摄", earliest_ms):
        return refusal
    card = ImageCard(
        photo.digest,
        photo.size,
        LIVE_PHOTO.name,
        LIVE_PHOTO.title_zh,
        LIVE_PHOTO.title_en,
        LIVE_PHOTO.evidence,
    )
    return (LiveGiven(now_ms, card),)


__all__ = ["ask_live", "give_live"]
