"""A case under review: claim, heartbeat, release, judgement, and which events each leads to.

A claim is a lease on one desk. It ends by decision, by release, or by silence; then the case goes
back to the front of the queue with its original age. Each function returns events (none for a
repeat of what is done already) or a refusal.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from backoffice.authorization.hours import due_ms, expiry_ms
from backoffice.authorization.levels import Level, Route, Timing
from backoffice.authorization.waiting import kept_apart
from backoffice.cases.commands import Caller, Claim, Judge
from backoffice.cases.conversation import go_on
from backoffice.cases.decision import at_fields, check_decision, in_words
from backoffice.cases.events import (
    AnyCaseEvent,
    Approved,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    FirstApproved,
    Intake,
    LeaseLapsed,
    Queued,
    Rejected,
    Returned,
    Submitted,
    Waived,
)
from backoffice.cases.flow import wrong_state
from backoffice.cases.record import Case, evolve
from backoffice.cases.rescan import owing
from backoffice.cases.terms import Rules
from backoffice.cases.view import entry_of
from wire.case_state import State
from wire.message import Code, Refusal
from wire.messages.desk import DecisionTaken, Verdict

Events = tuple[AnyCaseEvent, ...]

_ANOTHERS: Final = Refusal(Code.STATE, "该业务由其他授权人员审核中。")
_LAPSED: Final = Refusal(Code.STATE, "领取已超时，请重新领取该业务。")


def accept(case: Case, intake: Intake, rules: Rules, now_ms: int) -> Events:
    """A new revision: straight on, or into the queue."""
    submitted = Submitted(now_ms, intake)
    if intake.assessment.level <= Level.A1:
        waived = Waived(now_ms)
        passed = evolve(evolve(case, submitted), waived)
        return submitted, waived, *go_on(passed, rules, now_ms)
    return submitted, _queued(intake.assessment.route, rules, now_ms)


def _queued(route: Route, rules: Rules, now_ms: int) -> Queued:
    """Whoever waits at the table counts every second; whoever waits for a desk, its hours."""
    expires_ms = expiry_ms(now_ms, rules.desks, route.locality)
    patience_ms = rules.thresholds.patience_ms(route.timing)
    if route.timing is Timing.SYNC:
        return Queued(now_ms, now_ms + patience_ms, expires_ms)
    by_ms = due_ms(now_ms, patience_ms, rules.desks, route.locality)
    return Queued(now_ms, by_ms, expires_ms)


def claim(case: Case, command: Claim, rules: Rules, now_ms: int) -> Events | Refusal:
    """Take the case, take a fresh look at it, or take over where a lease has lapsed."""
    caller, held = command.caller, case.claim
    refusal = kept_apart(entry_of(case), caller.authority)
    if refusal is not None:
        return refusal
    until_ms = now_ms + rules.terms.lease_ms
    claimed = Claimed(now_ms, caller.staff, caller.device, command.challenge, until_ms)
    if case.state is State.AUTH_QUEUED:
        return (claimed,)
    if held is None:
        return wrong_state(case.state)
    if _holds(case, caller):
        return (claimed,)
    return (LeaseLapsed(now_ms), claimed) if held.until_ms <= now_ms else _ANOTHERS


def renew(case: Case, caller: Caller, rules: Rules, now_ms: int) -> Events | Refusal:
    """A heartbeat; a lease that has lapsed is not revived, somebody may be about to take it."""
    refusal = not_holding(case, caller, now_ms)
    return refusal or (ClaimRenewed(now_ms, now_ms + rules.terms.lease_ms),)


def not_holding(case: Case, caller: Caller, now_ms: int) -> Refusal | None:
    """Why this desk does not hold the case now; None if it does."""
    if case.claim is None:
        return wrong_state(case.state)
    if not _holds(case, caller):
        return _ANOTHERS
    return _LAPSED if case.claim.until_ms <= now_ms else None


def release(case: Case, caller: Caller, now_ms: int) -> Events | Refusal:
    """Give it back undecided; a case that nobody holds is given back already."""
    if case.state is State.AUTH_QUEUED:
        return ()
    if case.claim is None:
        return wrong_state(case.state)
    return (ClaimReleased(now_ms),) if _holds(case, caller) else _ANOTHERS


def lapse(case: Case, now_ms: int) -> Events:
    """A reminder came: the lease has lapsed, or was renewed or ended meanwhile."""
    if case.claim is None or case.claim.until_ms > now_ms:
        return ()
    return (LeaseLapsed(now_ms),)


def judge(case: Case, command: Judge, rules: Rules, now_ms: int) -> Events | Refusal:
    """A signed decision; the same bytes again are the same decision."""
    if case.last is not None and case.last.decision == command.decision:
        return ()
    form = rules.forms[case.filed.undertaking.form]
    judgement = check_decision(case, form, command, now_ms, rules.verify)
    if isinstance(judgement, Refusal):
        return judgement
    match judgement.verdict:
        case Verdict.APPROVE if len(case.approvals) + 1 < case.filed.assessment.approvals:
            return (FirstApproved(now_ms, judgement),)
        case Verdict.APPROVE:
            passing = (Approved(now_ms, judgement), *owing(case, rules, now_ms))
            return *passing, *go_on(reduce(evolve, passing, case), rules, now_ms)
        case Verdict.RETURN:
            expires_ms = now_ms + rules.terms.returned_ms
            why, marks = in_words(judgement), at_fields(judgement)
            return (Returned(now_ms, judgement, why, expires_ms, marks),)
        case Verdict.REJECT:
            return (Rejected(now_ms, judgement, in_words(judgement)),)


def taken(case: Case) -> DecisionTaken:
    """What the newest judgement made of the case."""
    assert case.last is not None, "only a judged case is answered like this"
    if case.last.verdict is Verdict.APPROVE:
        complete = len(case.approvals) >= case.filed.assessment.approvals
        state = State.AUTH_APPROVED if complete else State.AUTH_QUEUED
    else:
        returned = case.last.verdict is Verdict.RETURN
        state = State.AUTH_RETURNED if returned else State.AUTH_REJECTED
    return DecisionTaken(case.case_id, state)


def _holds(case: Case, caller: Caller) -> bool:
    held = case.claim
    return (
        held is not None
        and held.device == caller.device
        and held.authorizer.person_id == caller.staff.person_id
    )


__all__ = ["accept", "claim", "judge", "lapse", "not_holding", "release", "renew", "taken"]
