"""What was chosen from the office's list: that it names something at all.

Whether the office still lists it is a fact of the office (`E_STALE` there).
"""

from __future__ import annotations

from wire.checks.limits import Context
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import ListedValue


def check_listed(value: ListedValue, field: Field, context: Context) -> list[Refusal]:
    """A code and the title that the teller saw, both bounded. Code: `FORMAT`."""
    limits = context.limits
    if (
        not 0 < len(value.code) <= limits.item_code_chars_max
        or len(value.title) > limits.item_title_chars_max
    ):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的选择无效，请重新选择。")]
    return []


__all__ = ["check_listed"]
