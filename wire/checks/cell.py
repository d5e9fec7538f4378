"""What is typed or chosen: the kinds that can also stand in a table (`wire.form.CELL_KINDS`)."""

from __future__ import annotations

from wire.checks.amount import check_amount, check_number
from wire.checks.choice import check_choice
from wire.checks.id_number import check_id_number
from wire.checks.limits import Context
from wire.checks.phone import check_phone
from wire.checks.text import check_text
from wire.form import Field
from wire.message import Code, Refusal
from wire.value import (
    VALUE_TYPES,
    AmountValue,
    Cell,
    ChoiceValue,
    IdNumberValue,
    NumberValue,
    PhoneValue,
    TextValue,
    Value,
)


def check_cell(value: Cell, field: Field, context: Context) -> list[Refusal]:
    """One typed or chosen answer, of its field's type, by its kind."""
    match value:
        case TextValue():
            return check_text(value, field, context)
        case PhoneValue():
            return check_phone(value, field, context)
        case ChoiceValue():
            return check_choice(value, field, context)
        case AmountValue():
            return check_amount(value, field, context)
        case NumberValue():
            return check_number(value, field, context)
        case IdNumberValue(number=number):
            return check_id_number(number.number, context)


def check_type(value: Value, field: Field, context: Context) -> list[Refusal]:
    """That an answer is of its field's type at all. Code: `FORMAT`."""
    if type(value) is not VALUE_TYPES[field.kind]:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的类型不符。")]
    return []


def missing_cell(field: Field, context: Context) -> Refusal:
    """A required answer that nobody gave. Code: `FORMAT`."""
    return context.refuse(Code.FORMAT, f"请填写“{field.title_zh}”。")


__all__ = ["check_cell", "check_type", "missing_cell"]
