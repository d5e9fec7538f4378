"""What people said about legs that the machine gave up, checked once more: two of them, and why.

Written apart from `backoffice.cases.settlement`: who spoke, about what, on what evidence, and that
what a leg came to is what two persons said. Signatures are `backoffice.verify.rules`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backoffice.cases.events import (
    AnyCaseEvent,
    InquiryLost,
    LegAnswered,
    LegContradicted,
    LegHeard,
    LegInquired,
    ReversalRefused,
    SettlementConfirmed,
    SettlementProposed,
    SettlementWithdrawn,
    Standing,
    Statement,
)
from backoffice.cases.legs import LegRecord
from backoffice.cases.record import Case
from backoffice.verify.findings import Fault
from wire.case_state import FINAL_STATES, State
from wire.codec import decode_signed
from wire.errors import BadFrame
from wire.messages.session import StaffCard
from wire.messages.settlement import Act, Deed, Word

Spoken = SettlementProposed | SettlementConfirmed | SettlementWithdrawn
"""The events that a person signed for."""

Settling = Spoken | LegInquired | InquiryLost | LegContradicted | LegHeard | ReversalRefused

COMES_TO: Final = {
    Deed.DONE: frozenset({Standing.COMMITTED}),
    Deed.NOT_DONE: frozenset({Standing.ABORTED, Standing.MADE_GOOD}),
    Deed.REVERSE: frozenset({Standing.REVERSED}),
}
"""What a leg can be by the word of two persons."""

_ACTS: Final = {
    SettlementProposed: Act.PROPOSE,
    SettlementConfirmed: Act.CONFIRM,
    SettlementWithdrawn: Act.WITHDRAW,
}


def may_follow(case: Case, event: Settling) -> bool:
    """Whether the event can follow where the case, and its leg, stand."""
    leg = _exactly(case, event.key)
    if leg is None:
        return False
    match event:
        case SettlementProposed():
            return leg.proposed is None and case.state in FINAL_STATES | {State.MANUAL}
        case SettlementConfirmed() | SettlementWithdrawn():
            return leg.proposed is not None
        case ReversalRefused():
            return leg.word is Deed.REVERSE
        case LegHeard():
            return leg.unheard
        case _:
            return True


def is_their_word(leg: LegRecord, event: LegAnswered) -> bool:
    """Whether the answer is what two persons said of the leg; no partner's answer is unheard."""
    made_good = event.standing is Standing.MADE_GOOD
    return (
        leg.word is not None
        and event.standing in COMES_TO[leg.word]
        and (made_good == leg.by_hand or leg.word is not Deed.NOT_DONE)
    )


def spoke_before(case: Case, event: Spoken) -> Iterator[StaffCard]:
    """The persons of whom who speaks now must be none."""
    yield case.filed.operator
    leg = _exactly(case, event.key)
    if isinstance(event, SettlementConfirmed) and leg is not None and leg.proposed is not None:
        yield leg.proposed.staff


def faults(case: Case, event: AnyCaseEvent) -> Iterator[tuple[Fault, str]]:
    """What is wrong with a person's word: fault and detail."""
    if not isinstance(event, Spoken):
        return
    said, leg = event.statement, _exactly(case, event.key)
    proposed = leg.proposed if leg is not None else None
    if said.staff.union not in {case.union, case.filed.assessment.route.centre}:
        yield Fault.UNAUTHORIZED, said.staff.staff_id
    wrong = _differences(case, event, proposed)
    if wrong:
        yield Fault.DECISION_DIFFERS, ", ".join(wrong)


def _differences(case: Case, event: Spoken, proposed: Statement | None) -> list[str]:
    """Where the event is not what was signed."""
    said = event.statement
    try:
        word = decode_signed(Word, said.word)
    except BadFrame:
        return ["word"]
    proposing = isinstance(event, SettlementProposed)
    agree = {
        "case": (word.union, word.case_id) == (case.union, case.case_id),
        "leg": word.leg == event.key,
        "act": word.act is _ACTS[type(event)],
        "deed": word.deed is said.deed,
        "person": word.staff_id == said.staff.staff_id,
        "evidence": bool(said.evidence) or not proposing,
        "proposal": proposing or (proposed is not None and word.proposal == proposed.digest),
        "same": not isinstance(event, SettlementConfirmed)
        or (proposed is not None and proposed.deed is said.deed),
    }
    return [name for name, right in agree.items() if not right]


def _exactly(case: Case, key: str) -> LegRecord | None:
    """The leg whose own key this is."""
    return next((leg for leg in case.legs if leg.key == key), None)


__all__ = [
    "COMES_TO",
    "Settling",
    "Spoken",
    "faults",
    "is_their_word",
    "may_follow",
    "spoke_before",
]
