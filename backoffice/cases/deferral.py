"""A customer who waits no longer: a case that was SYNC goes on as ASYNC, with that patience.

The terminal offers it when the countdown is over; nothing happens by itself, because the customer
may still be sitting there. A case that is being reviewed, or is decided, is not deferred: the
authorizer would have to look again, and there is nothing left to wait for.
"""

from __future__ import annotations

from backoffice.authorization.hours import due_ms
from backoffice.authorization.levels import Timing
from backoffice.cases.events import AnyCaseEvent, Deferred
from backoffice.cases.record import Case
from backoffice.cases.terms import Rules
from wire.case_state import State


def defer(case: Case, rules: Rules, now_ms: int) -> tuple[AnyCaseEvent, ...]:
    """The customer leaves; nothing where nobody waits at the table, or not for this any more."""
    if case.state is not State.AUTH_QUEUED or case.timing is Timing.ASYNC:
        return ()
    wait_ms = case.filed.undertaking.numbers.thresholds.async_ms
    locality = case.filed.assessment.route.locality
    by_ms = due_ms(case.queued_ms, wait_ms, rules.desks, locality)
    return (Deferred(now_ms, by_ms),)


__all__ = ["defer"]
