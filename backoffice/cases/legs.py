"""The legs of a case's plan: where each stands with its partner, as a fold of the case's events.

All legs are prepared together; essential ones are then made real in the plan's order, and optional
ones after them, so that nothing optional is ever real without the whole; what stands prepared when
an essential one fails is released. The decisions are `backoffice.cases.conversation`'s. Events that
name no leg of the case, or none that is open, change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

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
    InquiryLost,
    LegAnswered,
    LegAsked,
    LegContradicted,
    LegHeard,
    LegInquired,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Reopened,
    ReversalRefused,
    SettlementConfirmed,
    SettlementProposed,
    SettlementWithdrawn,
    Stage,
    Standing,
    Statement,
)
from backoffice.partners.operations import Partner
from backoffice.partners.operations.parties import TITLES as PARTNERS
from backoffice.partners.port import PartnerStatus
from wire.message import Refusal
from wire.messages.case import LegResult
from wire.messages.settlement import Deed

OPEN: Final = {
    Stage.PREPARE: Standing.ASKED,
    Stage.COMMIT: Standing.COMMITTING,
    Stage.ABORT: Standing.ABORTING,
}
"""How a leg stands that a stage still waits for."""

UNREAL: Final = frozenset(
    {
        Standing.DECLINED,
        Standing.FAILED,
        Standing.ABORTED,
        Standing.REVERSED,
        Standing.MADE_GOOD,
    }
)
"""Ends of a leg at which it is not, or no longer, real to the customer."""

NOT_DONE: Final = "未办理"
"""The result of an item that failed without a reason."""

UNDECIDED: Final = "核实中"
"""The result of an item of which nobody knows yet what its partner has done."""


class LegRecord(msgspec.Struct, frozen=True):
    """One leg.

    Attributes:
        asked: exactly what its partner is asked.
        standing: where it stands.
        facts: what the partner said, already masked.
        refusal: why it was refused.
        attempts: how often the open question stayed without an answer.
        lost: the last request to the partner did; until it answers, it is only inquired.
        again_ms: when the office asks by itself about what was given up; 0 where it does not.
        said: what the partner last said that the case does not believe; `refusal` has its words.
        proposed: what one person says, and nobody has confirmed.
        settled: what two persons said last, the second one's statement.
        word: the same while the partner has not answered to it.
        unheard: their word counts, though the partner never answered.
        reversals: how many reversals the partner refused.
    """

    asked: LegAsked
    standing: Standing = Standing.ASKED
    facts: dict[str, str] = {}
    refusal: Refusal | None = None
    attempts: int = 0
    lost: bool = False
    again_ms: int = 0
    said: PartnerStatus | None = None
    proposed: Statement | None = None
    settled: Statement | None = None
    word: Deed | None = None
    unheard: bool = False
    reversals: int = 0

    @property
    def key(self) -> str:
        """The key of the operation at its partner."""
        return self.asked.key

    @property
    def partner(self) -> Partner:
        """Who is asked."""
        return self.asked.partner

    @property
    def reversal_key(self) -> str:
        """The key of the next reversal; one that was refused spends its own."""
        return f"{self.key}:reversal{self.reversals + 1 if self.reversals else ''}"

    @property
    def open(self) -> bool:
        """Its partner owes an answer, or two persons do."""
        return self.standing in OPEN.values() or self.word is not None

    @property
    def known_real(self) -> bool:
        """Its partner has said that it is done."""
        heard = self.standing is Standing.COMMITTED and not self.unheard
        return heard or self.said is PartnerStatus.COMMITTED

    @property
    def by_hand(self) -> bool:
        """Two persons say that they made good elsewhere what the partner has done."""
        said_so = self.word is Deed.NOT_DONE and self.known_real
        return said_so or self.standing is Standing.MADE_GOOD

    @property
    def twice(self) -> bool:
        """The partner has reversed after all what two persons made good elsewhere."""
        return self.said is PartnerStatus.REVERSED

    @property
    def optional(self) -> bool:
        """Its failure fails itself alone."""
        return self.asked.optional

    @property
    def result(self) -> LegResult:
        """How it ended, in words."""
        done = self.standing is Standing.COMMITTED
        why = "" if done else self.refusal.message if self.refusal else NOT_DONE
        if self.open:
            done, why = False, UNDECIDED
        zh, en = PARTNERS[self.partner]
        return LegResult(self.asked.title_zh or zh, self.asked.title_en or en, done, why)


Legs = tuple[LegRecord, ...]


def standing(legs: Legs, *which: Standing) -> Legs:
    """The legs that stand so, in the plan's order."""
    return tuple(leg for leg in legs if leg.standing in which)


def next_to_commit(legs: Legs) -> LegRecord | None:
    """Whose turn it is to be made real: essential legs in the plan's order, then optional ones."""
    prepared = standing(legs, Standing.PREPARED)
    return min(prepared, key=lambda leg: leg.optional, default=None)


def stage_of(legs: Legs) -> Stage:
    """The conversation that is open, or was open last."""
    if standing(legs, Standing.ABORTING):
        return Stage.ABORT
    return Stage.COMMIT if standing(legs, Standing.COMMITTING) else Stage.PREPARE


def after(legs: Legs, event: AnyCaseEvent) -> Legs:
    """The legs after one more event of the case."""
    match event:
        case PrepareStarted(legs=asked):
            return _asked(legs, asked)
        case PrepareLost(key=key) | CommitLost(key=key) | AbortLost(key=key):
            return _one(legs, key, lambda leg: {"attempts": leg.attempts + 1, "lost": True})
        case LegAnswered():
            return _one(legs, event.key, lambda leg: _answered(leg, event))
        case CommitStarted(key=key):
            return _one(legs, key, _committing)
        case AbortStarted():
            return _all(legs, Standing.PREPARED, standing=Standing.ABORTING, attempts=0)
        case GivenUp(stage=stage, again_ms=again_ms):
            return _all(legs, OPEN[stage], attempts=0, again_ms=again_ms)
        case Reopened(stage=stage):
            quiet = tuple(msgspec.structs.replace(leg, proposed=None, again_ms=0) for leg in legs)
            return _all(quiet, OPEN[stage], attempts=0, lost=True, said=None)
        case _:
            return _settling(_ended(legs, event), event)


def _settling(legs: Legs, event: AnyCaseEvent) -> Legs:
    """What the machine gave up."""
    match event:
        case LegInquired(key=key):
            return _one(legs, key, lambda _: {"attempts": 0, "again_ms": 0})
        case InquiryLost(key=key, again_ms=again_ms):
            return _one(
                legs,
                key,
                lambda leg: {"attempts": leg.attempts + 1, "lost": True, "again_ms": again_ms},
            )
        case LegContradicted(key=key, status=status, refusal=refusal):
            quiet = {"word": None, "unheard": False, "again_ms": 0}
            return _one(legs, key, lambda _: {"said": status, "refusal": refusal, **quiet})
        case LegHeard(key=key):
            return _one(legs, key, lambda _: {"unheard": False, "again_ms": 0})
        case SettlementProposed(key=key, statement=statement):
            return _one(legs, key, lambda _: {"proposed": statement})
        case SettlementWithdrawn(key=key):
            return _one(legs, key, lambda _: {"proposed": None})
        case SettlementConfirmed(key=key, statement=statement):
            word = {"proposed": None, "settled": statement, "word": statement.deed}
            return _one(legs, key, lambda _: {**word, "attempts": 0, "again_ms": 0})
        case ReversalRefused(key=key, refusal=refusal):
            return _one(
                legs,
                key,
                lambda leg: {
                    "word": None,
                    "said": PartnerStatus.COMMITTED,
                    "refusal": refusal,
                    "reversals": leg.reversals + 1,
                    "again_ms": 0,
                },
            )
        case _:
            return legs


def _ended(legs: Legs, event: AnyCaseEvent) -> Legs:
    """A stage is over: what was open until now stands as the event says."""
    match event:
        case Prepared(facts=facts):
            settled = {"standing": Standing.PREPARED, "facts": facts}
            return _all(legs, Standing.ASKED, **settled, attempts=0, lost=False)
        case Declined(refusal=refusal):
            return _all(legs, Standing.ASKED, standing=Standing.DECLINED, refusal=refusal)
        case Committed(facts=facts):
            settled = {"standing": Standing.COMMITTED, "facts": facts}
            return _all(legs, Standing.COMMITTING, **settled, attempts=0, lost=False)
        case Aborted():
            return _all(legs, Standing.ABORTING, standing=Standing.ABORTED)
        case _:
            return legs


def _asked(legs: Legs, asked: tuple[LegAsked, ...]) -> Legs:
    """New legs stand behind those that there are; one that is asked again is waited for again."""
    again = {one.key for one in asked}
    known = {leg.key for leg in legs}
    return (
        *(msgspec.structs.replace(leg, lost=leg.lost and leg.key not in again) for leg in legs),
        *(LegRecord(one) for one in asked if one.key not in known),
    )


def _answered(leg: LegRecord, event: LegAnswered) -> dict[str, object]:
    return {
        "standing": event.standing,
        "facts": {**leg.facts, **event.facts},
        "refusal": event.refusal,
        "attempts": 0,
        "lost": False,
        "again_ms": 0,
        "said": None,
        "proposed": None,
        "word": None,
        "unheard": event.unheard,
    }


def _committing(leg: LegRecord) -> dict[str, object]:
    """A COMMIT that goes out again after an inquiry is still the same patience."""
    again = leg.standing is Standing.COMMITTING
    attempts = leg.attempts if again else 0
    return {"standing": Standing.COMMITTING, "attempts": attempts, "lost": False}


def _one(legs: Legs, key: str, change: Callable[[LegRecord], dict[str, object]]) -> Legs:
    return tuple(
        msgspec.structs.replace(leg, **change(leg)) if leg.key == key else leg for leg in legs
    )


def _all(legs: Legs, now: Standing, **changes: object) -> Legs:
    return tuple(
        msgspec.structs.replace(leg, **changes) if leg.standing is now else leg for leg in legs
    )


__all__ = [
    "NOT_DONE",
    "OPEN",
    "UNDECIDED",
    "UNREAL",
    "LegRecord",
    "Legs",
    "after",
    "next_to_commit",
    "stage_of",
    "standing",
]
