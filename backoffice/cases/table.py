"""A case at the customer's table: slip, signature, change of mind, hand-over.

What the submitting terminal may ask after the submission, and which events each request leads to;
none for a repeat of what is done already. Also the reminders that end what waits too long.
"""

from __future__ import annotations

from typing import Final

from backoffice.cases.commands import Caller, FromTerminal
from backoffice.cases.conversation import abort, commit_next
from backoffice.cases.deferral import defer
from backoffice.cases.events import (
    AnyCaseEvent,
    Cancelled,
    Expired,
    HandedOver,
    Signed,
    SlipSeen,
)
from backoffice.cases.flow import UNSIGNED, Trigger, allows, wrong_state
from backoffice.cases.live_photo import give_live
from backoffice.cases.record import Case, evolve
from backoffice.cases.rescan import give_rescan
from backoffice.cases.sampling import close
from backoffice.cases.terms import Rules
from wire.case_state import State
from wire.checks import Context, check_ink, check_moment, not_before
from wire.keys import SLIP
from wire.message import Code, Refusal
from wire.messages.case import (
    REASON_CHARS_MAX,
    CancelCase,
    ContinueLater,
    Delivered,
    GetCase,
    GiveLivePhoto,
    RefuseSlip,
    SignSlip,
    SlipShown,
    SubmitRescan,
    signed_body,
)
from wire.text import normalised, text_fault

Events = tuple[AnyCaseEvent, ...]

NOT_FOUND: Final = Refusal(Code.NOT_FOUND, "没有找到该业务。")

_SLIP_CHANGED: Final = Refusal(Code.STALE, "确认单内容已更新，请客户重新阅读。")
_SIGNED_OTHERWISE: Final = Refusal(Code.KEY_CONFLICT, "该确认单已由客户签字，不能再次签字。")
_FORGED: Final = Refusal(Code.FORBIDDEN, "签字数据的设备签名无效。")
_WRONG_CARD: Final = Refusal(Code.ID_MISMATCH, "交付的卡片与业务登记的卡片不一致。", "card")
_UNWANTED: Final = Refusal(Code.STATE, "客户放弃办理，业务已撤销。")
_UNSIGNED: Final = Refusal(Code.STATE, "客户逾期未签字，业务已自动撤销。")

_ABORT_BEGUN: Final = frozenset({State.ABORTING, State.ABORTED})


def at_table(case: Case, command: FromTerminal, rules: Rules, now_ms: int) -> Events | Refusal:
    """A request of the terminal that submitted the case; for any other the case does not exist."""
    if command.caller.device != case.filed.device:
        return NOT_FOUND
    match command.request:
        case GetCase():
            return ()
        case SlipShown(slip_hash=slip_hash):
            return _show(case, slip_hash, now_ms)
        case SignSlip() as request:
            return _sign(case, request, command.caller, rules, now_ms)
        case RefuseSlip():
            if case.state in _ABORT_BEGUN:
                return ()
            return _abort(case, _UNWANTED, now_ms)
        case ContinueLater():
            return defer(case, rules, now_ms)
        case GiveLivePhoto() as request:
            return give_live(case, request, now_ms)
        case SubmitRescan() as request:
            return give_rescan(case, request, rules, now_ms)
        case CancelCase(reason=reason):
            return _cancel(case, reason, now_ms)
        case Delivered() as request:
            return _deliver(case, request, rules, now_ms)


def expire(case: Case, now_ms: int) -> Events:
    """A reminder came: nobody decided, or corrected, in time."""
    if case.expires_ms > now_ms or not allows(case.state, Trigger.EXPIRE):
        return ()
    return (Expired(now_ms),)


def undo_unsigned(case: Case, now_ms: int) -> Events:
    """A reminder came: nobody signed in time; what is signed is never undone by itself."""
    if case.expires_ms > now_ms or case.state not in UNSIGNED:
        return ()
    return abort(case, _UNSIGNED, now_ms)


def _show(case: Case, slip_hash: bytes, now_ms: int) -> Events | Refusal:
    if not case.slip_hash:
        return wrong_state(case.state)
    if slip_hash != case.slip_hash:
        return _SLIP_CHANGED
    if case.state is State.PREPARED:
        return (SlipSeen(now_ms),)
    seen = any(step.state is State.SLIP_SHOWN for step in case.steps)
    return () if seen else wrong_state(case.state)


def _sign(
    case: Case, request: SignSlip, caller: Caller, rules: Rules, now_ms: int
) -> Events | Refusal:
    if case.signed is not None:
        same = (request.slip_hash, request.ink) == (case.slip_hash, case.signed.ink)
        return () if same else _SIGNED_OTHERWISE
    if not allows(case.state, Trigger.SIGN):
        return wrong_state(case.state)
    if request.slip_hash != case.slip_hash:
        return _SLIP_CHANGED
    context = Context(now_ms, case.filed.limits, "signature")
    assert case.slip is not None, "what has a hash was made"
    # Nobody signs what is not made yet; how long it may wait for a link is the case's own expiry.
    limits = case.filed.limits
    earliest_ms = not_before(case.slip.made_ms, limits)
    problems = check_ink(request.ink, context)
    problems += check_moment(request.signed_ms, context, "签字", earliest_ms)
    if problems:
        return problems[0]
    body = signed_body(request.slip_hash, request.ink, request.signed_ms)
    if not rules.verify(caller.signing, SLIP, body, request.signature):
        return _FORGED
    signed = Signed(now_ms, request.ink, request.signed_ms, request.signature)
    return signed, *commit_next(evolve(case, signed), now_ms)


def _abort(case: Case, reason: Refusal, now_ms: int) -> Events | Refusal:
    if case.state not in UNSIGNED:
        return wrong_state(case.state)
    return abort(case, reason, now_ms)


def _cancel(case: Case, reason: str, now_ms: int) -> Events | Refusal:
    if case.state is State.CANCELLED:
        return ()
    if not allows(case.state, Trigger.CANCEL):
        return wrong_state(case.state)
    reason = normalised(reason)
    fault = text_fault(reason, "原因", REASON_CHARS_MAX, "reason")
    return (Cancelled(now_ms, reason),) if fault is None else fault


def _deliver(case: Case, request: Delivered, rules: Rules, now_ms: int) -> Events | Refusal:
    card, limits = case.filed.undertaking.delivers, case.filed.limits
    delivered = any(step.state is State.DELIVERED for step in case.steps)
    if not delivered and (card is None or not allows(case.state, Trigger.DELIVER)):
        return wrong_state(case.state)
    if request.pan != card:
        return _WRONG_CARD
    if delivered:
        return ()
    earliest_ms = not_before(case.reached_ms(State.COMMITTED), limits)
    context = Context(now_ms, limits, "delivered_ms")
    for refusal in check_moment(request.delivered_ms, context, "交付", earliest_ms):
        return refusal
    return HandedOver(now_ms, request.delivered_ms), close(case, rules, now_ms)


__all__ = ["NOT_FOUND", "at_table", "expire", "undo_unsigned"]
