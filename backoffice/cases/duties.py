"""What the office owes after each event of a case, and what the case wants to be reminded of.

Requests to a partner may go out twice, their key makes that harmless; so may the slip, and what is
learned about the customer, which are the same both times. Reminders follow from where the case
stands alone; one that comes in vain leads to nothing. Hints to terminals and queues are not owed:
they may be missed, so whoever runs the case gives them as its state changes, unstored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actors.durable import Effect, Reminder
from backoffice.cases.events import (
    AbortLost,
    AbortStarted,
    AnyCaseEvent,
    CommitLost,
    CommitStarted,
    Committed,
    CustomerLearned,
    GivenUp,
    InquiryLost,
    LeaseDue,
    LegInquired,
    PatienceEnded,
    PrepareLost,
    PrepareStarted,
    Reopened,
    SealSlip,
    SettlementConfirmed,
    SlipDue,
    Standing,
    Stored,
    TargetAnswered,
)
from backoffice.cases.flow import UNSIGNED, Trigger, allows
from backoffice.cases.legs import OPEN, LegRecord, standing
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from backoffice.partners.port import Abort, Commit, Inquire, PartnerRequest, Reverse
from wire.codec import decode_signed
from wire.messages.case import Submission
from wire.messages.settlement import Deed

SLIP: Final = "slip"
CUSTOMER: Final = "customer"


def duties(case: Case, event: AnyCaseEvent, rules: Rules) -> Iterator[Effect]:
    """The effects of one event; `case` is the one after it. Partners are named by `Partner`."""
    yield from _to_partners(case, event)
    match event:
        case Committed():
            if case.slip is not None and case.signed is not None:
                signed, device = case.signed, case.filed.device
                seal = SealSlip(
                    slip_hash=case.slip_hash,
                    ink=signed.ink,
                    device=device,
                    signed_ms=signed.signed_ms,
                    taken_ms=signed.at_ms,
                    results=case.results,
                )
                yield Effect(SLIP, seal)
            yield from _learned(case, event, rules)
        case Stored():
            yield from _learned(case, event, rules)
        case _:
            return


def reminders(case: Case) -> Iterator[Reminder]:
    """What ends by itself where the case stands: a lease, the wait for people, for a signature.

    While somebody looks at a case its day does not end; given back too late, it ends then.
    """
    if case.claim is not None:
        yield Reminder(LeaseDue(), case.claim.until_ms)
    if allows(case.state, Trigger.EXPIRE):
        yield Reminder(PatienceEnded(), case.expires_ms)
    if case.state in UNSIGNED:
        yield Reminder(SlipDue(), case.expires_ms)


def _to_partners(case: Case, event: AnyCaseEvent) -> Iterator[Effect]:
    match event:
        case PrepareStarted(legs=legs):
            for asked in legs:
                yield _effect(asked.partner, asked.request)
        case CommitStarted(key=key):
            for leg in _under(case, key):
                yield _effect(leg.partner, Commit(key, case.union))
        case AbortStarted():
            for leg in standing(case.legs, Standing.ABORTING):
                yield _effect(leg.partner, Abort(leg.key, case.union))
        case AbortLost(key=key, again_ms=again_ms):
            for leg in _under(case, key):
                yield _effect(leg.partner, Abort(key, case.union), again_ms)
        case PrepareLost(key=key, inquire_ms=ms) | CommitLost(key=key, inquire_ms=ms):
            for leg in _under(case, key):
                yield _effect(leg.partner, Inquire(key, case.union), ms)
        case GivenUp(stage=stage, again_ms=ms):
            for leg in standing(case.legs, OPEN[stage]):
                if leg.said is None:
                    yield _effect(leg.partner, _again(case, leg), ms)
        case Reopened(stage=stage, key=key):
            for leg in standing(case.legs, OPEN[stage]):
                if leg.key != key:
                    yield _effect(leg.partner, _again(case, leg))
        case LegInquired(key=key) | SettlementConfirmed(key=key):
            for leg in _under(case, key):
                yield _effect(leg.partner, _again(case, leg))
        case InquiryLost(key=key, again_ms=ms):
            for leg in _under(case, key):
                yield _effect(leg.partner, _again(case, leg), ms)
        case _:
            return


def _again(case: Case, leg: LegRecord) -> PartnerRequest:
    """What a partner is asked that did not answer: to do what two persons said, or how it stands.

    Each may be said again for ever: its key makes it harmless.
    """
    if leg.word is Deed.REVERSE:
        return Reverse(leg.reversal_key, case.union, leg.key, leg.asked.request.operation)
    if leg.by_hand:
        # Spends the key of the reversal, so that none can come in late.
        return Abort(leg.reversal_key, case.union)
    if leg.word is Deed.DONE or (leg.unheard and leg.standing is Standing.COMMITTED):
        return Commit(leg.key, case.union)
    if leg.word is Deed.NOT_DONE or leg.unheard or leg.standing is Standing.ABORTING:
        return Abort(leg.key, case.union)
    return Inquire(leg.key, case.union)


def _learned(case: Case, event: AnyCaseEvent, rules: Rules) -> Iterator[Effect]:
    """What a case that became real taught the office about its customer, if it has one.

    Somebody whose card was not read has no record: what they said goes to whoever named them.
    """
    intake, undertaking = case.filed, case.filed.undertaking
    if not rules.learn or undertaking.learned is None:
        return
    if undertaking.customer is None:
        if undertaking.target:
            answered = TargetAnswered(
                case_id=case.case_id,
                union=case.union,
                target=undertaking.target,
                profile=undertaking.learned,
                at_ms=event.at_ms,
            )
            yield Effect(CUSTOMER, answered)
        return
    learned = CustomerLearned(
        case_id=case.case_id,
        union=case.union,
        product=intake.product,
        outlet=intake.operator.outlet,
        staff_id=intake.operator.staff_id,
        number=undertaking.customer.number,
        name=undertaking.customer.name,
        profile=undertaking.learned,
        at_ms=event.at_ms,
        place=decode_signed(Submission, intake.submission).place,
    )
    yield Effect(CUSTOMER, learned)


def _under(case: Case, key: str) -> tuple[LegRecord, ...]:
    """The leg of a key; none in a stream that names one which the case never had."""
    return tuple(leg for leg in case.legs if leg.key == key)


def _effect(partner: str, request: PartnerRequest, due_ms: int = 0) -> Effect:
    return Effect(partner, request, due_ms)


__all__ = ["CUSTOMER", "SLIP", "duties", "reminders"]
