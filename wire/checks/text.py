"""Free text: there where it is required, no longer than asked, written, of the field's pattern."""

from __future__ import annotations

import re

from wire.checks.limits import Context
from wire.form import TEXT_CHARS_MAX, Field
from wire.message import Code, Refusal
from wire.text import text_fault
from wire.value import TextValue


def check_text(value: TextValue, field: Field, context: Context) -> list[Refusal]:
    """One text. Code: `FORMAT`.

    The length is looked at before the pattern, so that no text is matched that is longer than the
    form's author expected. A pattern's character classes are ASCII's: full-width digits are none.
    """
    text, most = value.text, min(field.chars_max, TEXT_CHARS_MAX)
    fault = text_fault(text, field.title_zh, most, context.field, required=field.required)
    if fault is not None:
        return [fault]
    if text and field.pattern and re.fullmatch(field.pattern, text, re.ASCII) is None:
        hint = f"：{field.hint_zh}" if field.hint_zh else "。"
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的格式不正确{hint}")]
    return []


__all__ = ["check_text"]
