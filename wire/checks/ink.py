"""V10: whether strokes on the glass are a signature: enough points, enough time, enough room.

Whose signature it is no rule can tell; that the slip's hash was signed is checked with the device's
key elsewhere. An empty or single-dash "signature" never leaves the tablet and never enters a case.
"""

from __future__ import annotations

from wire.checks.limits import Context
from wire.ink import INK_MS_MAX, PAD_UNITS_MAX, POINTS_MAX, PRESSURE_MAX, Point, Signature
from wire.message import Code, Refusal

_PERMILLE = 1_000


def check_ink(ink: Signature, context: Context) -> list[Refusal]:
    """V10 on the strokes. Codes: `FORMAT`, `EVIDENCE`."""
    limits = context.limits
    points = [point for stroke in ink.strokes for point in stroke]
    pad = 0 < ink.width <= PAD_UNITS_MAX and 0 < ink.height <= PAD_UNITS_MAX
    if not pad or len(points) > POINTS_MAX or not all(_on_pad(p, ink) for p in points):
        return [context.refuse(Code.FORMAT, "签名数据无效，请重新签名。")]
    if len(points) < limits.ink_points_min:
        return [context.refuse(Code.EVIDENCE, "签名笔画过少，请客户重新签名。")]
    times = [point.t_ms for point in points]
    if times != sorted(times):
        return [context.refuse(Code.FORMAT, "签名数据无效，请重新签名。")]
    if times[-1] - times[0] < limits.ink_ms_min:
        return [context.refuse(Code.EVIDENCE, "签名时间过短，请客户重新签名。")]
    width = max(p.x for p in points) - min(p.x for p in points)
    height = max(p.y for p in points) - min(p.y for p in points)
    if width * height * _PERMILLE < ink.width * ink.height * limits.ink_area_permille_min:
        return [context.refuse(Code.EVIDENCE, "签名过小，请客户重新签名。")]
    return []


def _on_pad(point: Point, ink: Signature) -> bool:
    return (
        0 <= point.x <= ink.width
        and 0 <= point.y <= ink.height
        and 0 <= point.t_ms <= INK_MS_MAX
        and 0 <= point.pressure <= PRESSURE_MAX
    )


__all__ = ["check_ink"]
