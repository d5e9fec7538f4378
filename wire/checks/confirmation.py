"""Explicit confirmations: that somebody said yes, and when."""

from __future__ import annotations

from wire.checks.limits import Context
from wire.checks.moment import at_most_old, check_moment
from wire.message import Refusal
from wire.value import ConfirmValue


def check_confirm(value: ConfirmValue, context: Context) -> list[Refusal]:
    """Said at a moment that has been, while this case can have been under way. Code: `RANGE`.

    A case that came back keeps what was confirmed at its first capture.
    """
    oldest_ms = at_most_old(context.limits.evidence_age_ms_max, context)
    return check_moment(value.at_ms, context, "确认", oldest_ms)


__all__ = ["check_confirm"]
