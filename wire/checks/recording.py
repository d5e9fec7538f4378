"""E11: whether a sound recording can serve as evidence, judged on its facts and not on its sound.

The facts are measured where the bytes are (`wire.sound`): on the tablet when the recording ends,
and by whoever receives the bytes before they believe them.
"""

from __future__ import annotations

from typing import Final

from wire.checks.limits import Context
from wire.checks.moment import at_most_old, check_moment
from wire.checks.photo_rules import DIGEST_BYTES
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import RecordingValue

_MS: Final = 1_000


def check_recording(value: RecordingValue, field: Field, context: Context) -> list[Refusal]:
    """One recording. Codes: `FORMAT`, `EVIDENCE`, `LIMIT`, `RANGE`."""
    limits = context.limits
    if len(value.digest) != DIGEST_BYTES or min(value.size, value.duration_ms) <= 0:
        return [context.refuse(Code.FORMAT, "录音信息不完整，请重新录音。")]
    if value.size > limits.recording_bytes_max:
        return [context.refuse(Code.LIMIT, "录音文件过大，请重新录音。")]
    if value.duration_ms < field.seconds_min * _MS:
        return [context.refuse(Code.EVIDENCE, f"录音过短，至少{field.seconds_min}秒。")]
    oldest_ms = at_most_old(limits.evidence_age_ms_max, context)
    return check_moment(value.taken_ms, context, "录音", oldest_ms)


__all__ = ["check_recording"]
