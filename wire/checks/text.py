"""Free text: there where it is required, no longer than asked, readable, of the field's pattern."""

from __future__ import annotations

import re

from wire.checks.limits import Context
from wire.form import TEXT_CHARS_MAX, Field
from wire.message import Code, Refusal
from wire.value import TextValue


def check_text(value: TextValue, field: Field, context: Context) -> list[Refusal]:
    """One text. Code: `FORMAT`.

    The length is looked at before the pattern, so that no text is matched that is longer than the
    form's author expected. A pattern's character classes are ASCII's: full-width digits are none.
    """
    text = value.text
    if not text.strip():
        if field.required:
            return [context.refuse(Code.FORMAT, f"请填写“{field.title_zh}”。")]
        if not text:
            return []
    most = min(field.chars_max, TEXT_CHARS_MAX)
    if len(text) > most:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”不能超过{most}个字。")]
    if any(ord(character) < ord(" ") and character != "\n" for character in text):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”含有无法识别的字符。")]
    if field.pattern and re.fullmatch(field.pattern, text, re.ASCII) is None:
        hint = f"：{field.hint_zh}" if field.hint_zh else "。"
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的格式不正确{hint}")]
    return []


__all__ = ["check_text"]
