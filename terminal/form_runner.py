"""Runs any form by the kinds of its fields: what was typed becomes values, gaps get names.

Pure. It knows kinds, never products; the checks are the very functions that the office runs again.
"""

from __future__ import annotations

import re

from terminal.draft import Draft
from wire.checks import Context, check_form
from wire.form import (
    AmountValue,
    ChoiceValue,
    Field,
    FieldKind,
    PhoneValue,
    TextValue,
    Value,
)
from wire.masked import Phone
from wire.message import Code, Refusal

_YUAN = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)


def entered(field: Field, text: str) -> Value | Refusal:
    """What a teller typed or chose, as the field's kind of value.

    Amounts are typed in yuan with at most two decimals and become fen. Values that need a
    peripheral cannot be typed.
    """
    text = text.strip()
    match field.kind:
        case FieldKind.TEXT:
            return TextValue(text)
        case FieldKind.PHONE:
            return PhoneValue(Phone(text.replace(" ", "").replace("-", "")))
        case FieldKind.CHOICE:
            return ChoiceValue(text)
        case FieldKind.AMOUNT:
            amount = _YUAN.fullmatch(text)
            if amount is None:
                return Refusal(Code.FORMAT, "金额应为数字，最多两位小数", field.name)
            yuan, cents = amount.groups(default="")
            return AmountValue(int(yuan) * 100 + int(cents.ljust(2, "0") or 0))
        case (
            FieldKind.ID_CARD
            | FieldKind.PHOTO
            | FieldKind.BANK_CARD
            | FieldKind.NEW_PIN
            | FieldKind.PIN
        ):
            return Refusal(Code.FORMAT, "这一项只能通过外设采集", field.name)


def problems(draft: Draft, now_ms: int) -> dict[str, Refusal]:
    """The first problem of every field that is missing or wrong, by field name."""
    assert draft.product is not None
    context = Context(now_ms)
    found: dict[str, Refusal] = {}
    for refusal in check_form(draft.product.form, draft.values, context, draft.pins):
        found.setdefault(refusal.field, refusal)
    if draft.problem is not None and draft.problem.field:
        found.setdefault(draft.problem.field, draft.problem)
    return found


__all__ = ["entered", "problems"]
