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
    LegAnswered,
    LegAsked,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Reopened,
    Settled,
    Stage,
    Standing,
)
from backoffice.partners.operations import Partner
from wire.message import Refusal
from wire.messages.case import LegResult

OPEN: Final = {
    Stage.PREPARE: Standing.ASKED,
    Stage.COMMIT: Standing.COMMITTING,
    Stage.ABORT: Standing.ABORTING,
}
"""How a leg stands that a stage still waits for."""

NOT_DONE: Final = "未办理"
"""The result of an item that failed without a reason."""


class LegRecord(msgspec.Struct, frozen=True):
    """One leg.

    Attributes:
        asked: exactly what its partner is asked.
        standing: where it stands.
        facts: what the partner said, already masked.
        refusal: why it was refused.
        attempts: how often the open question stayed without an answer.
        lost: the last request to the partner did; until it answers, it is only inquired.
    """

    asked: LegAsked
    standing: Standing = Standing.ASKED
    facts: dict[str, str] = {}
    refusal: Refusal | None = None
    attempts: int = 0
    lost: bool = False

    @property
    def key(self) -> str:
        """The key of the operation at its partner."""
        return self.asked.key

    @property
    def partner(self) -> Partner:
        """Who is asked."""
        return self.asked.partner

    @property
    def optional(self) -> bool:
        """Its failure fails itself alone."""
        return self.asked.optional

    @property
    def result(self) -> LegResult:
        """How it ended, in words."""
        done = self.standing is Standing.COMMITTED
        why = "" if done else self.refusal.message if self.refusal else NOT_DONE
        return LegResult(self.asked.title_zh, self.asked.title_en, done, why)


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
        case Reopened(stage=stage):
            return _all(legs, OPEN[stage], attempts=0, lost=True)
        case _:
            return _ended(legs, event)


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
        case Settled(done=done):
            refused = (Standing.DECLINED, Standing.FAILED)
            said = Standing.COMMITTED if done else Standing.ABORTED
            return tuple(
                leg if leg.standing in refused else msgspec.structs.replace(leg, standing=said)
                for leg in legs
            )
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
    "LegRecord",
    "Legs",
    "after",
    "next_to_commit",
    "stage_of",
    "standing",
]
