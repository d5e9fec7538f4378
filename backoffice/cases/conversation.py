"""A case's conversation with the partners: what each answer, or its absence, leads to.

Every leg has one key, three requests, and an inquiry for every answer that does not come. A new key
is never made, so nothing can be prepared or posted twice. All legs are prepared at once, and the
case goes on when every answer is definite; one leg after the other is made real, each when the one
before is; what stands prepared is released when the whole fails. What stays unknown after
`inquiries_max` tries, every answer that cannot be true, and a whole that is real in part, are given
up (MANUAL): what follows then is `backoffice.cases.settlement`'s. Answers that come again or too
late lead to nothing. Pure functions of the record.
"""

from __future__ import annotations

from typing import Final

from backoffice.cases.events import (
    Aborted,
    AbortLost,
    AbortStarted,
    AnyCaseEvent,
    CommitLost,
    CommitStarted,
    Committed,
    Declined,
    GivenUp,
    LegAnswered,
    LegContradicted,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Stage,
    Standing,
    Stored,
)
from backoffice.cases.legs import OPEN, UNREAL, LegRecord, next_to_commit, standing
from backoffice.cases.record import Case, evolve
from backoffice.cases.sampling import close
from backoffice.cases.terms import Rules, Terms
from backoffice.partners.port import PartnerOutcome, PartnerStatus
from backoffice.slips.slip import STORED, build_slip, slip_hash
from wire.case_state import State
from wire.message import Code, Refusal

Events = tuple[AnyCaseEvent, ...]

STAGES: Final = {
    State.PREPARING: Stage.PREPARE,
    State.PREPARE_UNKNOWN: Stage.PREPARE,
    State.COMMITTING: Stage.COMMIT,
    State.COMMIT_UNKNOWN: Stage.COMMIT,
    State.ABORTING: Stage.ABORT,
}
"""The states in which a partner's answer is waited for."""

_DECLINED: Final = Refusal(Code.CORE_DECLINED, "业务系统拒绝办理该业务。")
_SILENT: Final = Refusal(Code.CORE_UNKNOWN, "业务系统长时间无明确结果，已转人工核实。")
_CONTRADICTORY: Final = Refusal(Code.CORE_UNKNOWN, "业务系统返回结果异常，已转人工核实。")


def go_on(case: Case, rules: Rules, now_ms: int) -> Events:
    """What follows the authorization at once: every leg is asked, or pure information is kept."""
    undertaking = case.filed.undertaking
    if undertaking.signed:
        return (PrepareStarted(now_ms, undertaking.plan),)
    receipt = build_slip(case, {}, now_ms, result=STORED)
    return Stored(now_ms, receipt), close(case, rules, now_ms)


def answered(case: Case, outcome: PartnerOutcome, rules: Rules, now_ms: int) -> Events:
    """What a definite answer leads to; nothing, if it answers no open question."""
    leg = _open_leg(case, outcome.key)
    if leg is None:
        return ()
    match STAGES[case.state]:
        case Stage.PREPARE:
            return _prepare_answered(case, leg, outcome, rules, now_ms)
        case Stage.COMMIT:
            return _commit_answered(case, leg, outcome, rules, now_ms)
        case Stage.ABORT:
            return _abort_answered(case, leg, outcome, rules, now_ms)


def unanswered(case: Case, key: str, terms: Terms, now_ms: int) -> Events:
    """What silence leads to: another inquiry after a longer pause, or a person."""
    leg = _open_leg(case, key)
    if leg is None:
        return ()
    stage = STAGES[case.state]
    if leg.attempts >= terms.inquiries_max:
        return (GivenUp(now_ms, stage, _SILENT, now_ms + terms.manual_ms_first),)
    again_ms = now_ms + pause_ms(leg.attempts, terms.inquire_ms_first, terms.inquire_ms_max)
    match stage:
        case Stage.PREPARE:
            return (PrepareLost(now_ms, again_ms, key),)
        case Stage.COMMIT:
            return (CommitLost(now_ms, again_ms, key),)
        case Stage.ABORT:
            return (AbortLost(now_ms, again_ms, key),)


def commit_next(case: Case, now_ms: int) -> Events:
    """The next leg's turn to be made real; nothing, when each has had its own."""
    leg = next_to_commit(case.legs)
    return () if leg is None else (CommitStarted(now_ms, leg.key),)


def abort(case: Case, reason: Refusal, now_ms: int) -> Events:
    """Release whatever stands prepared; where nothing does, that is done already."""
    started = AbortStarted(now_ms, reason)
    waited_for = standing(case.legs, Standing.PREPARED)
    return (started,) if waited_for else (started, Aborted(now_ms))


def closing(case: Case, rules: Rules, now_ms: int) -> Events:
    """What follows COMMITTED at once: the end, where nothing is handed over."""
    return () if case.filed.undertaking.delivers else (close(case, rules, now_ms),)


def _prepare_answered(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    match outcome.status:
        case PartnerStatus.PREPARED:
            answer = LegAnswered(now_ms, leg.key, Standing.PREPARED, outcome.facts)
        case PartnerStatus.DECLINED:
            refusal = outcome.refusal or _DECLINED
            answer = LegAnswered(now_ms, leg.key, Standing.DECLINED, refusal=refusal)
        case PartnerStatus.UNKNOWN_KEY if leg.lost:
            # The request never arrived: the very same one goes out again, under the same key.
            return (PrepareStarted(now_ms, (leg.asked,)),)
        case PartnerStatus.UNKNOWN_KEY:
            return unanswered(case, leg.key, rules.terms, now_ms)
        case _:
            return _contradicted(leg, outcome, Stage.PREPARE, rules, now_ms)
    return *_told(case, answer), *prepare_ended(evolve(case, answer), rules, now_ms)


def prepare_ended(case: Case, rules: Rules, now_ms: int) -> Events:
    """Once every answer is definite: the slip, or the end."""
    if standing(case.legs, Standing.ASKED):
        return ()
    declined = standing(case.legs, *UNREAL)
    # An essential leg's reason comes first: it is the one that everything failed for.
    decisive = min(declined, key=lambda leg: leg.optional, default=None)
    if decisive is not None and not standing(case.legs, Standing.PREPARED):
        return (Declined(now_ms, decisive.refusal or _DECLINED),)
    if decisive is not None and not decisive.optional:
        return abort(case, decisive.refusal or _DECLINED, now_ms)
    slip = build_slip(case, case.facts, now_ms)
    expires_ms = now_ms + rules.terms.prepared_ms
    return (Prepared(now_ms, case.facts, slip, slip_hash(slip), expires_ms),)


def _commit_answered(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    match outcome.status:
        case PartnerStatus.COMMITTED:
            answer = LegAnswered(now_ms, leg.key, Standing.COMMITTED, outcome.facts)
            return *_told(case, answer), *commit_ended(evolve(case, answer), rules, now_ms)
        case PartnerStatus.PREPARED if leg.lost:
            return (CommitStarted(now_ms, leg.key),)
        case PartnerStatus.PREPARED:
            return unanswered(case, leg.key, rules.terms, now_ms)
        case PartnerStatus.DECLINED | PartnerStatus.ABORTED if outcome.refusal is not None:
            return _commit_refused(case, leg, outcome, outcome.refusal, rules, now_ms)
        case _:
            return _contradicted(leg, outcome, Stage.COMMIT, rules, now_ms)


def _commit_refused(
    case: Case,
    leg: LegRecord,
    outcome: PartnerOutcome,
    refusal: Refusal,
    rules: Rules,
    now_ms: int,
) -> Events:
    """A partner says no after all: an item fails alone, the whole is undone, or people must."""
    if not leg.optional and standing(case.legs, Standing.COMMITTED):
        return _contradicted(leg, outcome, Stage.COMMIT, rules, now_ms)
    answer = LegAnswered(now_ms, leg.key, Standing.FAILED, refusal=refusal)
    after = evolve(case, answer)
    if leg.optional:
        return answer, *commit_ended(after, rules, now_ms)
    return answer, *abort(after, refusal, now_ms)


def commit_ended(case: Case, rules: Rules, now_ms: int) -> Events:
    """The next leg, or the end: something is real, or nothing is."""
    following = commit_next(case, now_ms)
    if following:
        return following
    if standing(case.legs, Standing.COMMITTED):
        return Committed(now_ms, case.facts), *closing(case, rules, now_ms)
    refusals = (leg.refusal for leg in standing(case.legs, *UNREAL))
    return abort(case, next(filter(None, refusals), _DECLINED), now_ms)


def _abort_answered(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    match outcome.status:
        case PartnerStatus.ABORTED | PartnerStatus.DECLINED:
            answer = LegAnswered(now_ms, leg.key, Standing.ABORTED)
            waited_for = standing(evolve(case, answer).legs, Standing.ABORTING)
            return *_told(case, answer), *(() if waited_for else (Aborted(now_ms),))
        case PartnerStatus.PREPARED | PartnerStatus.UNKNOWN_KEY:
            return unanswered(case, leg.key, rules.terms, now_ms)
        case _:
            return _contradicted(leg, outcome, Stage.ABORT, rules, now_ms)


def _open_leg(case: Case, key: str) -> LegRecord | None:
    """The leg under a key, if the case waits for its partner's answer."""
    leg, stage = case.leg(key), STAGES.get(case.state)
    return leg if leg is not None and stage and leg.standing is OPEN[stage] else None


def _told(case: Case, answer: LegAnswered) -> Events:
    """The answer of an only leg is told by the event of the whole."""
    return (answer,) if len(case.legs) > 1 else ()


def _contradicted(
    leg: LegRecord, outcome: PartnerOutcome, stage: Stage, rules: Rules, now_ms: int
) -> Events:
    """What the partner says cannot be true, or must not be: people decide what is."""
    said = LegContradicted(now_ms, leg.key, outcome.status, outcome.refusal)
    reason = outcome.refusal or _CONTRADICTORY
    return said, GivenUp(now_ms, stage, reason, now_ms + rules.terms.manual_ms_first)


def pause_ms(attempts: int, first_ms: int, most_ms: int) -> int:
    """The pause after so many attempts: twice as long each time, up to the most."""
    return min(first_ms * (1 << min(attempts, 32)), most_ms)


__all__ = [
    "STAGES",
    "abort",
    "answered",
    "closing",
    "commit_ended",
    "commit_next",
    "go_on",
    "pause_ms",
    "prepare_ended",
    "unanswered",
]
