"""V9: whether a photo can serve as evidence, judged on its facts and not on its pixels.

The facts are measured where the bytes are (`wire.photo`): on the tablet at capture, and by the
office again before it believes them. Whether the same photo was seen in another case is a fact of
the office; it raises a flag there, it does not refuse.
"""

from __future__ import annotations

from wire.checks.limits import Context
from wire.checks.moment import at_most_old, check_moment
from wire.message import Code, Refusal
from wire.value import PhotoValue

DIGEST_BYTES = 32


def check_photo(value: PhotoValue, context: Context) -> list[Refusal]:
    """V9 on one photo. Codes: `FORMAT`, `IMAGE_QUALITY`, `RANGE`."""
    limits = context.limits
    side = max(value.width, value.height)
    if len(value.digest) != DIGEST_BYTES or min(value.width, value.height, value.size) <= 0:
        return [context.refuse(Code.FORMAT, "照片信息不完整，请重新拍摄。")]
    if not limits.photo_side_min <= side <= limits.photo_side_max:
        return [context.refuse(Code.IMAGE_QUALITY, "照片尺寸不符合要求，请重新拍摄。")]
    if value.size > limits.photo_bytes_max:
        return [context.refuse(Code.IMAGE_QUALITY, "照片文件过大，请重新拍摄。")]
    if value.sharpness < limits.sharpness_min:
        return [context.refuse(Code.IMAGE_QUALITY, "照片模糊，请擦净镜头后重新拍摄。")]
    oldest_ms = at_most_old(limits.evidence_age_ms_max, context)
    return check_moment(value.taken_ms, context, "照片拍摄", oldest_ms)


__all__ = ["DIGEST_BYTES", "check_photo"]
