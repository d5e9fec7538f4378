"""The second member of staff: somebody else than the one who submits, by a record of the office.

Whether the record exists, and names this colleague and this case, only the office can look up.
"""

from __future__ import annotations

from wire.checks.limits import Context
from wire.message import Code, Refusal
from wire.value import ColleagueValue


def check_colleague(value: ColleagueValue, context: Context) -> list[Refusal]:
    """Complete, bounded, and a second person. Codes: `FORMAT`, `SELF_AUTH`."""
    limits = context.limits
    parts = (
        (value.staff_id, limits.staff_chars_max),
        (value.name, limits.staff_chars_max),
        (value.reference, limits.reference_chars_max),
    )
    if not all(0 < len(text) <= most for text, most in parts):
        return [context.refuse(Code.FORMAT, "同事的确认记录不完整，请重新确认。")]
    if value.staff_id == context.staff_id:
        return [context.refuse(Code.SELF_AUTH, "须由另一位同事确认，不能是经办人本人。")]
    return []


__all__ = ["check_colleague"]
