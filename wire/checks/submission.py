"""All checks of one form or submission: the terminal runs them, and the office runs them again.

A form's fields have kinds; each kind has its check (`_CHECKS`). Here also: that every required
field is answered, by a value of its own type, and that nothing is answered that was not asked.
Rules of one product (age, limits) are the product's; facts that only the office has are intake's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from wire.checks.amount import check_amount
from wire.checks.bank_card import check_bank_card
from wire.checks.chip import check_id_card
from wire.checks.limits import Context
from wire.checks.phone import check_phone
from wire.checks.photo_rules import check_photo
from wire.checks.place import check_place, check_time, check_trail
from wire.form import (
    VALUE_TYPES,
    AmountValue,
    BankCardValue,
    ChoiceValue,
    Field,
    FieldKind,
    Form,
    IdCardValue,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)
from wire.message import Code, Refusal
from wire.messages.case import Submission

PIN_KINDS: Final = (FieldKind.NEW_PIN, FieldKind.PIN)
"""Kinds answered by an enciphered block beside the form, never by a value in it."""


def check_value(field: Field, value: Value, context: Context) -> list[Refusal]:
    """One answer against its field's kind."""
    context = context.at(field.name)
    match value:
        case IdCardValue():
            return check_id_card(value, context)
        case PhotoValue():
            return check_photo(value, context)
        case TextValue():
            return _check_text(value, field, context)
        case PhoneValue():
            return check_phone(value, context)
        case ChoiceValue():
            if value.code not in {option.code for option in field.options}:
                return [context.refuse(Code.FORMAT, f"“{field.title_zh}”的选项无效。")]
            return []
        case AmountValue():
            return check_amount(value, field.fen_max, context)
        case BankCardValue():
            return check_bank_card(value, context)


def check_form(
    form: Form,
    values: Mapping[str, Value],
    context: Context,
    pins: Collection[str] | None = None,
) -> tuple[Refusal, ...]:
    """Every field of a form, in the form's order.

    Args:
        form: what was asked.
        values: the answers by field name.
        context: the moment and the bounds.
        pins: the fields for which a PIN block travels along; None leaves PINs unchecked.
    """
    asked = {field.name for field in form.fields if field.kind not in PIN_KINDS}
    problems = [
        context.at(name).refuse(Code.FORMAT, "表单中没有这一项。")
        for name in sorted(set(values) - asked)
    ]
    for field in form.fields:
        if field.kind in PIN_KINDS:
            if pins is not None and field.required and field.name not in pins:
                problems.append(_missing(field, context))
            continue
        value = values.get(field.name)
        if value is None:
            if field.required:
                problems.append(_missing(field, context))
        elif type(value) is not VALUE_TYPES[field.kind]:
            problems.append(
                context.at(field.name).refuse(Code.FORMAT, f"“{field.title_zh}”的类型不符。")
            )
        else:
            problems += check_value(field, value, context)
    problems += _same_photo_twice(values, context)
    return tuple(problems)


def check_submission(
    form: Form,
    submission: Submission,
    context: Context,
    pins: Collection[str] | None = None,
) -> tuple[Refusal, ...]:
    """A whole submission: form version, trail, time, place and every field."""
    if submission.form_version != form.version:
        return (context.at("form_version").refuse(Code.STALE, "业务表单已更新，请重新填写。"),)
    return (
        *check_trail(submission.trail, context.at("trail")),
        *check_time(submission.captured_ms, context.at("captured_ms")),
        *check_place(submission.place, context.at("place")),
        *check_form(form, submission.values, context, pins),
    )


def _check_text(value: TextValue, field: Field, context: Context) -> list[Refusal]:
    text = value.text
    if field.required and not text.strip():
        return [_missing(field, context)]
    if len(text) > field.chars_max:
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”不能超过{field.chars_max}个字。")]
    if any(ord(character) < ord(" ") and character != "\n" for character in text):
        return [context.refuse(Code.FORMAT, f"“{field.title_zh}”含有无法识别的字符。")]
    return []


_MISSING: Final[dict[FieldKind, tuple[Code, Callable[[Field], str]]]] = {
    FieldKind.ID_CARD: (Code.EVIDENCE, lambda field: "请先读取客户身份证。"),
    FieldKind.PHOTO: (Code.EVIDENCE, lambda field: f"缺少“{field.title_zh}”照片。"),
    FieldKind.NEW_PIN: (Code.PIN, lambda field: "请客户在密码键盘上设置密码。"),
    FieldKind.PIN: (Code.PIN, lambda field: "请客户在密码键盘上输入密码。"),
}


def _missing(field: Field, context: Context) -> Refusal:
    code, message = _MISSING.get(
        field.kind, (Code.FORMAT, lambda field: f"请填写“{field.title_zh}”。")
    )
    return context.at(field.name).refuse(code, message(field))


def _same_photo_twice(values: Mapping[str, Value], context: Context) -> list[Refusal]:
    seen: dict[bytes, str] = {}
    problems = []
    for name, value in values.items():
        if isinstance(value, PhotoValue) and seen.setdefault(value.digest, name) != name:
            problems.append(
                context.at(name).refuse(Code.EVIDENCE, "同一张照片不能用于两处，请重新拍摄。")
            )
    return problems


__all__ = ["PIN_KINDS", "check_form", "check_submission", "check_value"]
