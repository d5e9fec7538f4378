"""What the office owes after each event of a case: requests to the core, the slip, reminders.

Requests to the core may go out twice, its key makes that harmless; so may the slip, which is the
same both times. Reminders that come in vain lead to nothing. Hints to terminals and queues are not
owed: they may be missed, so whoever runs the case gives them as its state changes, unstored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actors.behaviour import Effect
from actors.outbox import SELF
from backoffice.cases.events import (
    AbortLost,
    AbortStarted,
    AnyCaseEvent,
    Claimed,
    ClaimReleased,
    ClaimRenewed,
    CommitLost,
    CommitStarted,
    Committed,
    DayEnded,
    FileSlip,
    FirstApproved,
    LeaseDue,
    LeaseLapsed,
    Prepared,
    PrepareLost,
    PrepareStarted,
    Queued,
    Reopened,
    Returned,
    SlipDue,
    Stage,
)
from backoffice.cases.record import Case
from backoffice.partners.core import Abort, Commit, CoreRequest, Inquire

CORE: Final = "core"
SLIP: Final = "slip"


def duties(case: Case, event: AnyCaseEvent) -> Iterator[Effect]:
    """The effects of one event; `case` is the one after it."""
    yield from _to_core(case, event)
    yield from _reminders(case, event)
    if isinstance(event, Committed) and case.slip is not None and case.signed is not None:
        yield Effect(SLIP, FileSlip(case.slip, case.signed.ink, case.signed.signature))


def _to_core(case: Case, event: AnyCaseEvent) -> Iterator[Effect]:
    key, union = case.case_id, case.union
    match event:
        case PrepareStarted(request=request):
            yield _core(request)
        case CommitStarted():
            yield _core(Commit(key, union))
        case AbortStarted():
            yield _core(Abort(key, union))
        case AbortLost(again_ms=again_ms):
            yield _core(Abort(key, union), again_ms)
        case PrepareLost(inquire_ms=inquire_ms) | CommitLost(inquire_ms=inquire_ms):
            yield _core(Inquire(key, union), inquire_ms)
        case Reopened(stage=stage):
            yield _core(Abort(key, union) if stage is Stage.ABORT else Inquire(key, union))
        case _:
            return


def _reminders(case: Case, event: AnyCaseEvent) -> Iterator[Effect]:
    match event:
        case Claimed(until_ms=until_ms) | ClaimRenewed(until_ms=until_ms):
            yield Effect(SELF, LeaseDue(), until_ms)
        case Queued(expires_ms=expires_ms) | Returned(expires_ms=expires_ms):
            yield Effect(SELF, DayEnded(), expires_ms)
        case ClaimReleased() | LeaseLapsed() | FirstApproved():
            # The day may have ended while somebody was looking; then its reminder came in vain.
            if case.expires_ms <= event.at_ms:
                yield Effect(SELF, DayEnded(), case.expires_ms)
        case Prepared(expires_ms=expires_ms):
            yield Effect(SELF, SlipDue(), expires_ms)
        case _:
            return


def _core(request: CoreRequest, due_ms: int = 0) -> Effect:
    return Effect(CORE, request, due_ms)  # type: ignore[arg-type]  # a request is a message, too


__all__ = ["CORE", "SLIP", "duties"]
