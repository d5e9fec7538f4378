"""V8: when and where a case was captured.

The tablet's clock may run a little ahead and a case may wait days for a link; beyond that the time
is refused (`wire.checks.moment`). A place is never a reason to refuse: valleys have poor fixes. A
case without a proven place inside the union's area goes to a higher authorizer instead
(`is_inside`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from wire.case_state import State
from wire.checks.known import Known
from wire.checks.limits import Context, Limits
from wire.checks.moment import at_most_old, check_moment
from wire.message import Code, Refusal
from wire.messages.case import Place, Step

TRAIL = (State.DRAFT, State.IDENTIFIED, State.CAPTURED)
"""The states that happen on the tablet, in order."""

_DEGREES_E6 = 1_000_000


class Area(msgspec.Struct, frozen=True):
    """A box of latitudes and longitudes, degrees × 10⁶ (WGS 84), edges included.

    Raises:
        ValueError: it holds no place.
    """

    south_e6: int
    west_e6: int
    north_e6: int
    east_e6: int

    def __post_init__(self) -> None:
        if self.south_e6 > self.north_e6 or self.west_e6 > self.east_e6:
            raise ValueError("south should not exceed north, nor west east")


Nowhere = Literal[Known.UNKNOWN]
"""The area of a union that has none set."""


def is_inside(place: Place | None, area: Area | Nowhere, limits: Limits) -> Known:
    """Whether the place lies in the area: unknown without an accurate fix, or without an area."""
    if isinstance(area, Known) or place is None or not is_accurate(place, limits.accuracy_m_max):
        return Known.UNKNOWN
    return Known.of(
        area.south_e6 <= place.latitude_e6 <= area.north_e6
        and area.west_e6 <= place.longitude_e6 <= area.east_e6
    )


def is_accurate(place: Place, metres_max: int) -> bool:
    """Whether a fix is known to be within so many metres; receivers say 0 for "unknown"."""
    return 0 < place.accuracy_m <= metres_max


def check_place(place: Place | None, context: Context) -> list[Refusal]:
    """Coordinates that exist on Earth. Code: `RANGE`."""
    if place is None:
        return []
    if (
        abs(place.latitude_e6) > 90 * _DEGREES_E6
        or abs(place.longitude_e6) > 180 * _DEGREES_E6
        or place.accuracy_m < 0
    ):
        return [context.refuse(Code.RANGE, "定位坐标无效，请重新定位。")]
    return []


def check_time(at_ms: int, context: Context) -> list[Refusal]:
    """When a capture ended: not in the future, not older than a case may wait. Code: `RANGE`."""
    oldest_ms = at_most_old(context.limits.capture_age_ms_max, context)
    return check_moment(at_ms, context, "采集完成", oldest_ms)


def check_trail(trail: Sequence[Step], context: Context) -> list[Refusal]:
    """The tablet's own states: exactly `TRAIL`, times in order, none in the future or too old.

    Codes: `FORMAT`, `RANGE`.
    """
    if tuple(step.state for step in trail) != TRAIL:
        return [context.refuse(Code.FORMAT, "终端办理步骤不完整。")]
    times = [step.at_ms for step in trail]
    if times != sorted(times):
        return [context.refuse(Code.RANGE, "终端办理步骤的时间次序有误。")]
    oldest_ms = at_most_old(context.limits.evidence_age_ms_max, context)
    return check_moment(times[0], context, "开始办理", oldest_ms) or check_time(times[-1], context)


__all__ = [
    "TRAIL",
    "Area",
    "Nowhere",
    "check_place",
    "check_time",
    "check_trail",
    "is_accurate",
    "is_inside",
]
