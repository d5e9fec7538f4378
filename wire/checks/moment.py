"""Times that a device tells: believed between two bounds of the checker's own clock, never alone.

A tablet's clock runs ahead or behind, is set by hand, and starts in 1970 after a flat battery. What
it says counts as evidence only if it lies after something that the checker knows the time of, and
not in the future; the checker's own time always stands beside it. Also here: what a clock that was
wrong for a while did to the times of a capture, put right where the capture ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from wire.checks.limits import Context, Limits
from wire.message import Code, Refusal
from wire.messages.case import Step
from wire.value import ConfirmValue, PhotoValue, RecordingValue, Value


def check_moment(at_ms: int, context: Context, what: str, since_ms: int) -> list[Refusal]:
    """Not ahead of the checker's clock beyond the skew, and not before `since_ms`. Code: `RANGE`.

    Args:
        at_ms: what the device says, Unix milliseconds.
        context: the checker's clock and bounds.
        what: whose time it is, in Chinese, as the teller calls it.
        since_ms: the earliest that can be true; `not_before` or `at_most_old` say it.
    """
    if at_ms > context.now_ms + context.limits.skew_ms_max:
        message = f"{what}时间晚于系统时间，请校准设备时间后重试。"
        return [context.refuse(Code.RANGE, message)]
    if at_ms < since_ms:
        message = f"{what}时间过早，请校准设备时间后重新办理。"
        return [context.refuse(Code.RANGE, message)]
    return []


def not_before(own_ms: int, limits: Limits) -> int:
    """The lower bound of what can only follow something that the checker itself did at `own_ms`."""
    return own_ms - limits.skew_ms_max


def at_most_old(age_ms_max: int, context: Context) -> int:
    """The lower bound of what may not be older than that."""
    return context.now_ms - age_ms_max


class Settled(msgspec.Struct, frozen=True):
    """The times of a capture, put right.

    Attributes:
        trail: in order, none later than the end.
        values: no photo, recording or confirmation is from the future or from before its case
            could have begun.
        skew_ms: by how much the worst of them was wrong; 0 where nothing had to be moved.
    """

    trail: tuple[Step, ...]
    values: dict[str, Value]
    skew_ms: int


def settle(
    trail: Sequence[Step], values: Mapping[str, Value], end_ms: int, limits: Limits
) -> Settled:
    """What a capture that ended at `end_ms` says of its times, after a clock was set meanwhile.

    A step that is later than the one after it, or impossibly early, was told by a wrong clock: it
    is put at the one after it. Any other time that cannot be is put at the end.
    """
    first_ms = end_ms - limits.evidence_age_ms_max
    skew_ms, next_ms = 0, end_ms
    steps = []
    for step in reversed(trail):
        if not first_ms <= step.at_ms <= next_ms:
            skew_ms = max(skew_ms, abs(next_ms - step.at_ms))
            step = Step(step.state, next_ms)
        next_ms = step.at_ms
        steps.append(step)
    settled: dict[str, Value] = {}
    for name, value in values.items():
        at_ms = told_at(value)
        settled[name] = value
        if at_ms is not None and not first_ms <= at_ms <= end_ms:
            skew_ms = max(skew_ms, abs(end_ms - at_ms))
            settled[name] = _at(value, end_ms)
    return Settled(tuple(reversed(steps)), settled, skew_ms)


def told_at(value: Value) -> int | None:
    """The device's time in an answer, or None where it tells none."""
    match value:
        case (
            PhotoValue(taken_ms=at_ms) | RecordingValue(taken_ms=at_ms) | ConfirmValue(at_ms=at_ms)
        ):
            return at_ms
        case _:
            return None


def _at(value: Value, at_ms: int) -> Value:
    match value:
        case PhotoValue() | RecordingValue():
            return msgspec.structs.replace(value, taken_ms=at_ms)
        case ConfirmValue():
            return ConfirmValue(at_ms)
        case _:
            return value


__all__ = ["Settled", "at_most_old", "check_moment", "not_before", "settle", "told_at"]
