"""A case in one line, for counting: a projection that every commit of the case keeps in step.

Documents of the collection `summary/<union>/<day>`, where the day is the one of the first
submission in China's time; a case never moves to another. No numbers of people or cards are in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.store import Document
from backoffice.cases.record import Case
from wire.case_state import State
from wire.checks import CHINA
from wire.codec import encode
from wire.messages.case import Step

DECIDED: Final = frozenset({State.AUTH_APPROVED, State.AUTH_RETURNED, State.AUTH_REJECTED})
"""The states that a decision leads to."""


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One case; times in Unix milliseconds, 0 for what has not happened.

    Attributes:
        state: where it stands.
        begun_ms: when the draft was made on the tablet.
        submitted_ms: when the office got the first revision.
        queued_ms: when it first waited for an authorizer.
        decided_ms: when an authorizer first decided.
        slip_ms: when the slip was ready.
        signed_ms: when the customer had signed.
        ended_ms: when it reached a final state.
        returns: how often it was sent back.
        approved: an authorizer let it pass.
        uploaded: bytes of its images.
    """

    case_id: str
    product: str
    outlet: str
    staff_id: str
    device: str
    state: State
    begun_ms: int
    submitted_ms: int
    queued_ms: int
    decided_ms: int
    slip_ms: int
    signed_ms: int
    ended_ms: int
    returns: int
    approved: bool
    uploaded: int


def day_of(at_ms: int) -> str:
    """The civil date in China of a moment, `YYYY-MM-DD`."""
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).date().isoformat()


def collection(union: str, day: str) -> str:
    """Where the summaries of a union's day are."""
    return f"summary/{union}/{day}"


def summary_of(case: Case) -> CaseSummary:
    """A submitted case in one line."""
    intake, steps = case.filed, case.steps
    return CaseSummary(
        case_id=case.case_id,
        product=intake.product,
        outlet=intake.operator.outlet,
        staff_id=intake.operator.staff_id,
        device=intake.device,
        state=case.state,
        begun_ms=steps[0].at_ms,
        submitted_ms=_first(steps, {State.SUBMITTED}),
        queued_ms=_first(steps, {State.AUTH_QUEUED}),
        decided_ms=_first(steps, DECIDED),
        slip_ms=_first(steps, {State.PREPARED}),
        signed_ms=_first(steps, {State.SIGNED}),
        ended_ms=_first(steps, ENDED),
        returns=case.returns,
        approved=any(step.state is State.AUTH_APPROVED for step in steps),
        uploaded=sum(card.size for card in intake.images),
    )


def summary_document(before: Case, after: Case) -> tuple[Document, ...]:
    """What a commit writes: the newest line, where the case has moved."""
    if after.state is before.state and after.intake is before.intake:
        return ()
    summary = summary_of(after)
    day = day_of(summary.submitted_ms)
    return (Document(collection(after.union, day), after.case_id, encode(summary)),)


ENDED: Final = frozenset(
    {
        State.CLOSED,
        State.ABORTED,
        State.CANCELLED,
        State.EXPIRED,
        State.DECLINED,
        State.AUTH_REJECTED,
    }
)
"""Where a case stands still for good."""


def _first(steps: Iterable[Step], states: Iterable[State]) -> int:
    wanted = set(states)
    return next((step.at_ms for step in steps if step.state in wanted), 0)


__all__ = ["CaseSummary", "collection", "day_of", "summary_document", "summary_of"]
