"""Explicit confirmations: that somebody said yes, and when."""

from __future__ import annotations

from wire.checks.limits import Context
from wire.message import Code, Refusal
from wire.value import ConfirmValue


def check_confirm(value: ConfirmValue, context: Context) -> list[Refusal]:
    """Said at a moment that has been. Code: `RANGE`.

    A case that came back keeps what was confirmed at its first capture, so age is no reason to
    refuse here; `wire.checks.place.check_time` bounds the age of a case as a whole.
    """
    if not 0 < value.at_ms <= context.now_ms + context.limits.skew_ms_max:
        return [context.refuse(Code.RANGE, "确认时间晚于系统时间，请校准终端时间后重新确认。")]
    return []


__all__ = ["check_confirm"]
