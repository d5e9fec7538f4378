"""A case's conversation with the core: what each answer, or its absence, leads to.

One key, three requests, and an inquiry for every answer that does not come. A new key is never
made, so nothing can be prepared or posted twice. What stays unknown after `inquiries_max` tries,
and every answer that cannot be true, goes to a person (MANUAL). Answers that come again or too late
lead to nothing. Pure functions of the record.
"""

from __future__ import annotations

from typing import Final

from backoffice.cases.events import (
    Aborted,
    AbortLost,
    AnyCaseEvent,
    Closed,
    CommitLost,
    CommitStarted,
    Committed,
    Declined,
    GivenUp,
    Intake,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Stage,
)
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules, Terms
from backoffice.cases.view import dossier_of
from backoffice.partners.core import CoreOutcome, CoreStatus, Prepare
from backoffice.slips.slip import build_slip, slip_hash
from wire.case_state import State
from wire.message import Code, Refusal

Events = tuple[AnyCaseEvent, ...]

PREPARE_STATES: Final = frozenset({State.PREPARING, State.PREPARE_UNKNOWN})
COMMIT_STATES: Final = frozenset({State.COMMITTING, State.COMMIT_UNKNOWN})

_DECLINED: Final = Refusal(Code.CORE_DECLINED, "核心系统拒绝了该业务。")
_SILENT: Final = Refusal(Code.CORE_UNKNOWN, "核心系统长时间无明确结果，已转人工核实。")
_CONTRADICTORY: Final = Refusal(Code.CORE_UNKNOWN, "核心系统结果异常，已转人工核实。")


def prepare(case: Case, intake: Intake, rules: Rules, now_ms: int) -> PrepareStarted:
    """The one request to the core, under the key that the case is."""
    operation = rules.products[intake.product].operation(dossier_of(intake))
    return PrepareStarted(now_ms, Prepare(case.case_id, case.union, operation))


def answered(case: Case, outcome: CoreOutcome, rules: Rules, now_ms: int) -> Events:
    """What a definite answer leads to; nothing, if it answers no open question."""
    if case.prepare is None or outcome.key != case.prepare.key:
        return ()
    if case.state in PREPARE_STATES:
        return _prepare_answered(case, outcome, rules, now_ms)
    if case.state in COMMIT_STATES:
        return _commit_answered(case, outcome, rules, now_ms)
    if case.state is State.ABORTING:
        return _abort_answered(case, outcome, rules, now_ms)
    return ()


def unanswered(case: Case, key: str, terms: Terms, now_ms: int) -> Events:
    """What silence leads to: another inquiry after a longer pause, or a person."""
    if case.prepare is None or key != case.prepare.key:
        return ()
    again_ms = now_ms + _pause_ms(case.attempts, terms)
    tired = case.attempts >= terms.inquiries_max
    if case.state in PREPARE_STATES:
        return (_given_up(now_ms, Stage.PREPARE) if tired else PrepareLost(now_ms, again_ms),)
    if case.state in COMMIT_STATES:
        return (_given_up(now_ms, Stage.COMMIT) if tired else CommitLost(now_ms, again_ms),)
    if case.state is State.ABORTING:
        return (_given_up(now_ms, Stage.ABORT) if tired else AbortLost(now_ms, again_ms),)
    return ()


def _prepare_answered(case: Case, outcome: CoreOutcome, rules: Rules, now_ms: int) -> Events:
    match outcome.status:
        case CoreStatus.PREPARED:
            product, dossier = rules.products[case.filed.product], dossier_of(case.filed)
            slip = build_slip(case, product, dossier, outcome.facts, now_ms)
            expires_ms = now_ms + rules.terms.prepared_ms
            return (Prepared(now_ms, outcome.facts, slip, slip_hash(slip), expires_ms),)
        case CoreStatus.DECLINED:
            return (Declined(now_ms, outcome.refusal or _DECLINED),)
        case CoreStatus.UNKNOWN_KEY if case.state is State.PREPARE_UNKNOWN:
            # The request never arrived: the very same one goes out again, under the same key.
            assert case.prepare is not None
            return (PrepareStarted(now_ms, case.prepare),)
        case CoreStatus.UNKNOWN_KEY:
            return unanswered(case, outcome.key, rules.terms, now_ms)
        case CoreStatus.COMMITTED | CoreStatus.ABORTED:
            return (GivenUp(now_ms, Stage.PREPARE, _CONTRADICTORY),)


def _commit_answered(case: Case, outcome: CoreOutcome, rules: Rules, now_ms: int) -> Events:
    match outcome.status:
        case CoreStatus.COMMITTED:
            return Committed(now_ms, outcome.facts), *closing(case, rules, now_ms)
        case CoreStatus.PREPARED if case.state is State.COMMIT_UNKNOWN:
            return (CommitStarted(now_ms),)
        case CoreStatus.PREPARED:
            return unanswered(case, outcome.key, rules.terms, now_ms)
        case CoreStatus.DECLINED | CoreStatus.ABORTED | CoreStatus.UNKNOWN_KEY:
            return (GivenUp(now_ms, Stage.COMMIT, outcome.refusal or _CONTRADICTORY),)


def _abort_answered(case: Case, outcome: CoreOutcome, rules: Rules, now_ms: int) -> Events:
    match outcome.status:
        case CoreStatus.ABORTED | CoreStatus.DECLINED:
            return (Aborted(now_ms),)
        case CoreStatus.COMMITTED:
            return (GivenUp(now_ms, Stage.ABORT, _CONTRADICTORY),)
        case CoreStatus.PREPARED | CoreStatus.UNKNOWN_KEY:
            return unanswered(case, outcome.key, rules.terms, now_ms)


def closing(case: Case, rules: Rules, now_ms: int) -> Events:
    """What follows COMMITTED at once: the end, where nothing is handed over."""
    return () if rules.products[case.filed.product].delivers else (Closed(now_ms),)


def _given_up(now_ms: int, stage: Stage) -> GivenUp:
    return GivenUp(now_ms, stage, _SILENT)


def _pause_ms(attempts: int, terms: Terms) -> int:
    doublings = min(attempts, 32)
    return min(terms.inquire_ms_first * (1 << doublings), terms.inquire_ms_max)


__all__ = ["COMMIT_STATES", "PREPARE_STATES", "answered", "closing", "prepare", "unanswered"]
