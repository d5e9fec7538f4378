"""Settlement of what the machine gave up: it asks slowly on, and two persons say what is true.

While a case is MANUAL the office goes on asking about each open leg by itself, by the same key and
with bounded pauses. A definite answer that fits is taken, and the case goes on where it was given
up; one that does not fit is noted, and stays with people: they say per leg that it is done or not
done, or have what is done reversed. One proposes with evidence, another confirms exactly that.

Their word is said to the partner, too (COMMIT, ABORT or REVERSE, all of them idempotent), so that
what it holds is posted or released. Where it agrees, or is silent, the word counts; a silent one is
told again until it is heard. Where it contradicts, that is noted, and only the same word once more
counts against it.

What a partner does not reverse, or does not answer about, two persons make good elsewhere. That is
said to it under the reversal's own key, which spends it, and counts once the partner has heard it:
so nothing is given back twice. In its silence only the same word once more counts; should it have
reversed nevertheless, the case is with people again, who say so.

What partners and people said is then taken up as a whole: all of it is real, or what is real is to
be reversed before the case can end. Pure functions of the record.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level
from backoffice.cases.commands import InquireLegs, SettleLeg
from backoffice.cases.conversation import STAGES, abort, commit_ended, pause_ms, prepare_ended
from backoffice.cases.conversation import answered as answered_stage
from backoffice.cases.conversation import unanswered as unanswered_stage
from backoffice.cases.events import (
    AnyCaseEvent,
    GivenUp,
    InquiryLost,
    LegAnswered,
    LegContradicted,
    LegHeard,
    LegInquired,
    Reopened,
    ReversalRefused,
    SettlementConfirmed,
    SettlementProposed,
    SettlementWithdrawn,
    Stage,
    Standing,
    Statement,
)
from backoffice.cases.flow import wrong_state
from backoffice.cases.legs import OPEN, UNREAL, LegRecord, standing
from backoffice.cases.record import Case, evolve
from backoffice.cases.terms import Rules
from backoffice.partners.port import PartnerOutcome, PartnerStatus
from wire.case_state import State
from wire.checks import Context, check_moment, not_before
from wire.codec import decode_signed
from wire.errors import BadFrame
from wire.keys import SETTLEMENT
from wire.message import Code, Refusal
from wire.messages.settlement import EVIDENCE_CHARS_MAX, Act, Deed, Word
from wire.text import normalised, text_fault

Events = tuple[AnyCaseEvent, ...]

LEVEL: Final = Level.A4
"""Who may settle: overriding the machine is decided by two persons of the highest level."""

_STAGE_OF: Final = {now: stage for stage, now in OPEN.items()}

_OF_WHAT_IS: Final = frozenset({Deed.DONE, Deed.NOT_DONE})
"""Words about what is, not about what is to be undone."""

_AGREES: Final = {
    Deed.DONE: frozenset({PartnerStatus.COMMITTED}),
    Deed.NOT_DONE: frozenset({PartnerStatus.ABORTED, PartnerStatus.DECLINED}),
}
_CONTRADICTS: Final = {
    Deed.DONE: frozenset(
        {PartnerStatus.ABORTED, PartnerStatus.DECLINED, PartnerStatus.UNKNOWN_KEY}
    ),
    Deed.NOT_DONE: frozenset({PartnerStatus.COMMITTED}),
}
"""What a partner's answers mean for the word of two persons; others say nothing yet."""

_UNDONE: Final = Refusal(Code.STATE, "经人工核定，业务未办成，已撤销。")
_NOT_DONE: Final = Refusal(Code.STATE, "经人工核定，未办理")
_REVERSED: Final = Refusal(Code.STATE, "已冲正")
_MADE_GOOD: Final = Refusal(Code.STATE, "经人工核定，已另行处理")
_NOT_REVERSED: Final = Refusal(Code.CORE_UNKNOWN, "对方未能冲正，返回结果异常。")

_NO_LEG: Final = Refusal(Code.NOT_FOUND, "该业务没有这个分项。", "leg")
_UNREADABLE: Final = Refusal(Code.FORMAT, "核定意见无法识别。")
_FORGED: Final = Refusal(Code.FORBIDDEN, "核定意见的签名无效。")
_NOT_THEIRS: Final = Refusal(Code.FORBIDDEN, "核定意见与当前人员或业务不符。")
_OWN_CASE: Final = Refusal(Code.SELF_AUTH, "不能核定本人经办的业务。")
_SAME_PERSON: Final = Refusal(Code.SELF_AUTH, "须由提出人以外的另一人复核。")
_TOO_JUNIOR: Final = Refusal(Code.FORBIDDEN, f"人工核定需要{LEVEL.name}级授权权限。")
_ELSEWHERE: Final = Refusal(Code.FORBIDDEN, "只能核定本联社的业务。")
_NONE_PROPOSED: Final = Refusal(Code.STATE, "该分项没有待复核的意见。")
_ANOTHER: Final = Refusal(Code.STATE, "该分项已有待复核的意见，请先复核或撤回。")
_CHANGED: Final = Refusal(Code.STALE, "待复核的意见已变更，请重新查看。")
_CERTAIN: Final = Refusal(Code.STATE, "该分项已有明确结果，无需核定。")
_REVERSE_IT: Final = Refusal(Code.STATE, "对方已入账，请办理冲正。")
_UNSIGNED: Final = Refusal(Code.STATE, "客户未签字或业务正在撤销，不能核定为已办理。")
_REVERSED_THERE: Final = Refusal(Code.STATE, "对方已冲正，请核对是否重复退款，并按冲正核定。")
_NOT_REAL: Final = Refusal(Code.STATE, "该分项未入账，无可冲正。")
_OTHERS_FIRST: Final = Refusal(Code.STATE, "请先核定其他结果不明的分项，再办理冲正。")
_NOTHING_OPEN: Final = Refusal(Code.STATE, "没有需要查询的分项。", "leg")


def is_stuck(case: Case) -> bool:
    """Whether people have something to do or to wait for: what `manual list` shows."""
    late = (leg.known_real or leg.twice for leg in case.legs if leg.standing in UNREAL)
    return case.state is State.MANUAL or any(late)


# What partners answer.


def answered(case: Case, outcome: PartnerOutcome, rules: Rules, now_ms: int) -> Events:
    """What an answer leads to, whenever it comes."""
    leg = case.leg(outcome.key)
    if leg is None:
        return ()
    if outcome.key == leg.reversal_key:
        return _reversal_answered(case, leg, outcome, rules, now_ms)
    if leg.word is Deed.REVERSE or leg.by_hand:
        # Not what it was asked: a late word about what is known to be real.
        return ()
    if leg.word is not None or leg.unheard:
        return _word_answered(case, leg, outcome, rules, now_ms)
    if case.state is State.MANUAL and leg.standing in _STAGE_OF:
        return _healed(case, leg, outcome, rules, now_ms)
    return answered_stage(case, outcome, rules, now_ms)


def unanswered(case: Case, key: str, rules: Rules, now_ms: int) -> Events:
    """What silence leads to: patience, or, where two persons spoke, that their word counts."""
    leg = case.leg(key)
    if leg is None:
        return ()
    if case.state in STAGES and not leg.unheard:
        return unanswered_stage(case, key, rules.terms, now_ms)
    waits = leg.unheard or (case.state is State.MANUAL and leg.open) or leg.word is not None
    if not waits or now_ms < leg.again_ms:
        # Nobody waits, or another reminder of the same is on its way.
        return ()
    terms = rules.terms
    pause = pause_ms(leg.attempts, terms.manual_ms_first, terms.manual_ms_max)
    lost = InquiryLost(now_ms, leg.key, now_ms + pause)
    if leg.word not in _OF_WHAT_IS or leg.by_hand:
        # Whether it reverses, a partner has to say: else money may be given back twice.
        return (lost,)
    answer = _answer(leg, now_ms, unheard=True)
    after = evolve(evolve(case, answer), lost)
    return answer, lost, *_taken_up(after, rules, now_ms)


def _healed(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    """A partner is back: what fits goes on where it was given up, the rest is noted."""
    others = [one for one in case.legs if one.word is not None]
    broken = [one for one in case.legs if one.standing in UNREAL and not one.optional]
    if others or (broken and leg.standing is Standing.COMMITTING):
        return _noted(leg, outcome, now_ms)
    reopened = Reopened(now_ms, _STAGE_OF[leg.standing], leg.key)
    events = answered_stage(evolve(case, reopened), outcome, rules, now_ms)
    if any(isinstance(event, GivenUp) for event in events):
        return _noted(leg, outcome, now_ms)
    return (reopened, *events) if events else ()


def _noted(leg: LegRecord, outcome: PartnerOutcome, now_ms: int) -> Events:
    if leg.said is outcome.status:
        return ()
    return (LegContradicted(now_ms, leg.key, outcome.status, outcome.refusal),)


def _word_answered(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    """The partner's answer to what two persons said, when they did or long afterwards."""
    deed = leg.word or (Deed.DONE if leg.standing is Standing.COMMITTED else Deed.NOT_DONE)
    if outcome.status in _CONTRADICTS[deed]:
        return (LegContradicted(now_ms, leg.key, outcome.status, outcome.refusal),)
    if outcome.status not in _AGREES[deed]:
        return ()
    if leg.word is None:
        return (LegHeard(now_ms, leg.key),)
    return _settled(case, _answer(leg, now_ms, outcome.facts), rules, now_ms)


def _reversal_answered(
    case: Case, leg: LegRecord, outcome: PartnerOutcome, rules: Rules, now_ms: int
) -> Events:
    """What was asked for is reversed or refused; what was made good by hand never will be."""
    undone = outcome.status is PartnerStatus.REVERSED
    if leg.word is Deed.REVERSE:
        if not undone:
            return (ReversalRefused(now_ms, leg.key, outcome.refusal or _NOT_REVERSED),)
        return _settled(case, _reversed(leg, now_ms), rules, now_ms)
    if not leg.by_hand or leg.twice:
        return ()
    if undone:
        return (LegContradicted(now_ms, leg.key, outcome.status),)
    if outcome.status not in _AGREES[Deed.NOT_DONE]:
        return ()
    if leg.word is None:
        return (LegHeard(now_ms, leg.key),) if leg.unheard else ()
    return _settled(case, _answer(leg, now_ms), rules, now_ms)


# What people say.


def inquire(case: Case, command: InquireLegs, now_ms: int) -> Events | Refusal:
    """Have partners asked again now, about one leg or about all that are open."""
    named = [leg for leg in case.legs if command.leg in (leg.key, leg.asked.name)]
    if command.leg and not named:
        return _NO_LEG
    asked = [leg for leg in (named or case.legs) if leg.open or leg.unheard]
    if case.state is not State.MANUAL and not any(leg.unheard for leg in asked):
        return wrong_state(case.state)
    if not asked:
        return _NOTHING_OPEN
    return tuple(LegInquired(now_ms, leg.key, command.by) for leg in asked)


def settle(case: Case, command: SettleLeg, rules: Rules, now_ms: int) -> Events | Refusal:
    """A person's signed word about a leg; the same again leads to nothing new."""
    try:
        word = decode_signed(Word, command.word)
    except BadFrame:
        return _UNREADABLE
    leg = case.leg(word.leg)
    refusal = _not_entitled(case, command, word, rules, now_ms)
    if refusal is not None:
        return refusal
    if leg is None or leg.key != word.leg:
        return _NO_LEG
    statement = Statement(
        word=command.word,
        signature=command.signature,
        staff=command.caller.staff,
        device=command.caller.device,
        deed=word.deed,
        evidence=normalised(word.evidence),
        at_ms=now_ms,
    )
    match word.act:
        case Act.PROPOSE:
            return _propose(case, leg, statement, now_ms)
        case Act.CONFIRM:
            return _confirm(case, leg, statement, word, rules, now_ms)
        case Act.WITHDRAW:
            return _withdraw(leg, statement, word, now_ms)


def _not_entitled(
    case: Case, command: SettleLeg, word: Word, rules: Rules, now_ms: int
) -> Refusal | None:
    """Why this word does not count, whatever it says."""
    caller = command.caller
    if not rules.verify(caller.signing, SETTLEMENT, command.word, command.signature):
        return _FORGED
    named = (word.union, word.case_id, word.staff_id)
    if named != (case.union, case.case_id, caller.staff.staff_id):
        return _NOT_THEIRS
    if caller.staff.person_id == case.filed.operator.person_id:
        return _OWN_CASE
    if caller.level < LEVEL:
        return _TOO_JUNIOR
    if caller.staff.union not in settling_unions(case):
        return _ELSEWHERE
    fault = text_fault(
        normalised(word.evidence),
        "核实依据",
        EVIDENCE_CHARS_MAX,
        "evidence",
        required=word.act is Act.PROPOSE,
        lines=True,
    )
    if fault is not None:
        return fault
    limits = case.filed.limits
    earliest_ms = not_before(case.filed.received_ms, limits)
    context = Context(now_ms, limits, "said_ms")
    return next(iter(check_moment(word.said_ms, context, "人工处理", earliest_ms)), None)


def settling_unions(case: Case) -> frozenset[str]:
    """Whose staff settle a case: its own union's, and the centre's where it was pooled there."""
    return frozenset({case.union, case.filed.assessment.route.centre} - {""})


def _propose(case: Case, leg: LegRecord, said: Statement, now_ms: int) -> Events | Refusal:
    known = leg.proposed
    if known is not None:
        same = (known.staff.person_id, known.deed, known.evidence)
        return () if same == (said.staff.person_id, said.deed, said.evidence) else _ANOTHER
    refusal = _unfit(case, leg, said.deed)
    if refusal is not None:
        return refusal
    return (SettlementProposed(now_ms, leg.key, said),)


def _confirm(
    case: Case, leg: LegRecord, said: Statement, word: Word, rules: Rules, now_ms: int
) -> Events | Refusal:
    known = leg.proposed
    if known is None:
        return () if _repeats(leg.settled, word) else _NONE_PROPOSED
    if known.staff.person_id == said.staff.person_id:
        return _SAME_PERSON
    if (word.proposal, said.deed) != (known.digest, known.deed):
        return _CHANGED
    refusal = _unfit(case, leg, said.deed)
    if refusal is not None:
        return refusal
    confirmed = SettlementConfirmed(now_ms, leg.key, said)
    after = evolve(case, confirmed)
    now = after.leg(leg.key) or leg
    if said.deed is Deed.REVERSE and leg.twice:
        return confirmed, *_settled(after, _reversed(leg, now_ms), rules, now_ms)
    if now.by_hand:
        insisted = leg.by_hand and leg.attempts > 0
        counts = _answer(now, now_ms, unheard=True)
        return confirmed, *(_settled(after, counts, rules, now_ms) if insisted else ())
    if said.deed in _OF_WHAT_IS and leg.said in _CONTRADICTS[said.deed]:
        # What the partner says was known to both, and they say otherwise all the same.
        return confirmed, *_settled(after, _answer(now, now_ms), rules, now_ms)
    return (confirmed,)


def _withdraw(leg: LegRecord, said: Statement, word: Word, now_ms: int) -> Events | Refusal:
    """Whoever may settle may take a proposal back; one that is gone is taken back already."""
    if leg.proposed is None:
        return ()
    if word.proposal != leg.proposed.digest:
        return _CHANGED
    return (SettlementWithdrawn(now_ms, leg.key, said),)


def _repeats(settled: Statement | None, word: Word) -> bool:
    """Whether the same person has confirmed the same proposal already."""
    if settled is None:
        return False
    known = decode_signed(Word, settled.word)
    return (known.staff_id, known.proposal, known.deed) == (
        word.staff_id,
        word.proposal,
        word.deed,
    )


def _unfit(case: Case, leg: LegRecord, deed: Deed) -> Refusal | None:
    """Why this cannot be said of a leg that stands like this; None if it can."""
    if not is_stuck(case):
        return wrong_state(case.state)
    if deed is Deed.REVERSE:
        if leg.word is not None or not (leg.known_real or leg.twice):
            return _NOT_REAL
        return _OTHERS_FIRST if any(o.open for o in case.legs if o.key != leg.key) else None
    if leg.twice:
        return _REVERSED_THERE
    if deed is Deed.NOT_DONE and leg.known_real:
        # What its partner does not reverse, or does not answer about, is made good elsewhere.
        return None if leg.reversals or leg.word is not None else _REVERSE_IT
    if case.state is not State.MANUAL:
        return wrong_state(case.state)
    if leg.standing not in _STAGE_OF:
        return _REVERSE_IT if leg.standing is Standing.COMMITTED else _CERTAIN
    if deed is Deed.NOT_DONE:
        return None
    return _UNSIGNED if case.signed is None or _undoing(case) else None


# What follows.


def _answer(
    leg: LegRecord, now_ms: int, facts: dict[str, str] | None = None, *, unheard: bool = False
) -> LegAnswered:
    """What a leg is by the word of two persons that it carries."""
    known = facts or {}
    if leg.by_hand:
        return LegAnswered(now_ms, leg.key, Standing.MADE_GOOD, known, _MADE_GOOD, unheard)
    if leg.word is Deed.DONE:
        return LegAnswered(now_ms, leg.key, Standing.COMMITTED, known, None, unheard)
    refusal = leg.refusal or _NOT_DONE
    return LegAnswered(now_ms, leg.key, Standing.ABORTED, known, refusal, unheard)


def _reversed(leg: LegRecord, now_ms: int) -> LegAnswered:
    return LegAnswered(now_ms, leg.key, Standing.REVERSED, refusal=_REVERSED)


def _settled(case: Case, answer: LegAnswered, rules: Rules, now_ms: int) -> Events:
    return answer, *_taken_up(evolve(case, answer), rules, now_ms)


def _taken_up(case: Case, rules: Rules, now_ms: int) -> Events:
    """Once no leg is open: the whole goes on, or is undone; nothing while it is real in part."""
    if case.state is not State.MANUAL or any(leg.open for leg in case.legs):
        return ()
    real = standing(case.legs, Standing.COMMITTED)
    broken = [leg for leg in case.legs if leg.standing in UNREAL and not leg.optional]
    if _undoing(case) or broken or not (real or standing(case.legs, Standing.PREPARED)):
        # What is real is reversed first, by people, so that the end is the truth.
        return () if real else abort(case, _UNDONE, now_ms)
    stage, go_on = (Stage.PREPARE, prepare_ended), (Stage.COMMIT, commit_ended)
    which, ended = stage if case.signed is None else go_on
    reopened = Reopened(now_ms, which)
    return reopened, *ended(evolve(case, reopened), rules, now_ms)


def _undoing(case: Case) -> bool:
    """The customer was told that it is undone."""
    return any(step.state is State.ABORTING for step in case.steps)


__all__ = [
    "LEVEL",
    "answered",
    "inquire",
    "is_stuck",
    "settle",
    "settling_unions",
    "unanswered",
]
