"""Runs any form by the kinds of its fields: what was typed becomes values, gaps get names.

Pure. It knows kinds, never products; the checks are the very functions that the office runs again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from terminal.draft import Draft
from wire.checks import Context, bindings, check_form, normalise_id_number, settle
from wire.form import Field, FieldKind
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.text import normalised
from wire.value import (
    AmountValue,
    Cell,
    ChoicesValue,
    ChoiceValue,
    ConfirmValue,
    IdNumberValue,
    NumberValue,
    PhoneValue,
    TextValue,
    Value,
)

YES: Final = "yes"
"""How a confirmation is entered."""

_YUAN: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)
_NUMBER: Final = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,4}))?", re.ASCII)


def entered(field: Field, text: str, now_ms: int) -> Value | Refusal | None:
    """What a teller typed or chose, as the field's kind of value; None for nothing.

    Amounts are typed in yuan with at most two decimals and become fen, numbers with at most the
    field's decimals. What needs a peripheral, a list or another person cannot be typed.
    """
    text = normalised(text)
    read = _READERS.get(field.kind)
    if field.kind is FieldKind.CONFIRM:
        return ConfirmValue(now_ms) if text == YES else None
    if field.kind is FieldKind.CHOICES:
        return _choices(field, text)
    if read is None:
        return Refusal(Code.FORMAT, "这一项不能用键盘录入", field.name)
    return read(field, text) if text else None


def entered_row(
    table: Field, number: int, before: Mapping[str, Cell], texts: Mapping[str, str]
) -> dict[str, Cell] | Refusal:
    """A row of a table after some of its cells were typed.

    Args:
        table: the table.
        number: of the row, from 1, for refusals (`members.2.number`).
        before: the row as it was.
        texts: by column; a column that is left out keeps its cell, an empty text takes it away.
    """
    columns = {column.name: column for column in table.columns}
    row = dict(before)
    for name, text in texts.items():
        column = columns.get(name)
        where = f"{table.name}.{number}.{name}"
        read = _READERS.get(column.kind) if column is not None else None
        if column is None or read is None:
            return Refusal(Code.FORMAT, "表格中没有这一列", where)
        row.pop(name, None)
        if typed := normalised(text):
            cell = read(column, typed)
            if isinstance(cell, Refusal):
                return Refusal(cell.code, cell.message, where)
            row[name] = cell
    return row


def problems(draft: Draft, now_ms: int) -> dict[str, Refusal]:
    """The first problem of every field that is missing or wrong, by field name.

    A problem inside a table stands at its cell (`members.2.number`) and at its table. An answer
    that an authorizer sent back is a problem until it is another one. A photo that is to follow is
    none, until the case owes it.
    """
    assert draft.product is not None
    context = Context(now_ms, staff_id=draft.staff_id)
    # A clock that was wrong meanwhile is no reason to take everything again: see `submission`.
    taken = settle((), draft.values, now_ms, context.limits).values
    values = {**taken, **draft.rescan}
    deferred = () if draft.owed else tuple(sorted(draft.following))
    form = draft.product.form
    bound = draft.bound
    if draft.rescan:
        now = bindings(form, values)
        bound = bound | {name: now[name] for name in draft.rescan if name in now}
    # Why something has to be taken again says more than that it is missing.
    refusals = [mark for name, mark in draft.marks.items() if name not in values]
    refusals += check_form(form, values, context, draft.pins, deferred, bound)
    if draft.problem is not None and form.field(draft.problem.field.partition(".")[0]):
        # What is about no answer of the form, no other answer can mend.
        refusals.append(draft.problem)
    refusals += draft.marks.values()
    found: dict[str, Refusal] = {}
    for refusal in refusals:
        found.setdefault(refusal.field.partition(".")[0], refusal)
        found.setdefault(refusal.field, refusal)
    return found


def _text(field: Field, text: str) -> Cell | Refusal:
    del field
    return TextValue(text)


def _phone(field: Field, text: str) -> Cell | Refusal:
    del field
    return PhoneValue(Phone(text.replace(" ", "").replace("-", "")))


def _choice(field: Field, text: str) -> Cell | Refusal:
    del field
    return ChoiceValue(text)


def _id_number(field: Field, text: str) -> Cell | Refusal:
    del field
    return IdNumberValue(IdNumber(normalise_id_number(text.replace(" ", ""))))


def _amount(field: Field, text: str) -> Cell | Refusal:
    amount = _YUAN.fullmatch(text)
    if amount is None:
        return Refusal(Code.FORMAT, "金额应为数字，最多两位小数", field.name)
    yuan, cents = amount.groups(default="")
    return AmountValue(int(yuan) * 100 + int(cents.ljust(2, "0") or 0))


def _number(field: Field, text: str) -> Cell | Refusal:
    number = _NUMBER.fullmatch(text)
    sign, whole, decimals = number.groups(default="") if number is not None else ("", "", "")
    if number is None or len(decimals) > field.decimals:
        most = f"最多{field.decimals}位小数" if field.decimals else "不带小数"
        return Refusal(Code.FORMAT, f"“{field.title_zh}”应为数字，{most}", field.name)
    units = int(whole + decimals.ljust(field.decimals, "0"))
    return NumberValue(-units if sign else units)


def _choices(field: Field, text: str) -> ChoicesValue | Refusal | None:
    """Codes joined by commas, in any order; kept once each, in the form's order."""
    typed = {code.strip() for code in text.split(",") if code.strip()}
    if not typed:
        return None
    known = tuple(option.code for option in field.options if option.code in typed)
    if len(known) != len(typed):
        return Refusal(Code.FORMAT, f"“{field.title_zh}”的选项无效", field.name)
    return ChoicesValue(known)


_READERS: Final[Mapping[FieldKind, Callable[[Field, str], Cell | Refusal]]] = {
    FieldKind.TEXT: _text,
    FieldKind.PHONE: _phone,
    FieldKind.CHOICE: _choice,
    FieldKind.AMOUNT: _amount,
    FieldKind.NUMBER: _number,
    FieldKind.ID_NUMBER: _id_number,
}
"""How the kinds that can stand in a cell are read; `wire.form.CELL_KINDS`."""


__all__ = ["YES", "entered", "entered_row", "problems"]
