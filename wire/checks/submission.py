"""All checks of one form or submission: the terminal runs them, and the office runs them again.

A form's fields have kinds; each kind has its check (`_CHECKS`). Here also: that every required
field is answered, by a value of its own type, and that nothing is answered that was not asked.
Rules of one product (age, limits) are the product's; facts that only the office has are intake's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec

from wire.checks.bank_card import check_bank_card
from wire.checks.binding import check_bindings
from wire.checks.cell import check_cell, check_type
from wire.checks.chip import check_id_card
from wire.checks.choice import check_choices
from wire.checks.colleague import check_colleague
from wire.checks.confirmation import check_confirm
from wire.checks.ink import check_ink
from wire.checks.limits import Context
from wire.checks.listed import check_listed
from wire.checks.photo_rules import check_photo
from wire.checks.place import check_place, check_time, check_trail
from wire.checks.recording import check_recording
from wire.checks.relevance import asked_fields
from wire.checks.table import check_table
from wire.form import FIELDS_MAX, Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import Submission
from wire.value import (
    BankCardValue,
    ChoicesValue,
    ColleagueValue,
    ConfirmValue,
    IdCardValue,
    InkValue,
    ListedValue,
    PhotoValue,
    RecordingValue,
    TableValue,
    Value,
)

PIN_KINDS: Final = (FieldKind.NEW_PIN, FieldKind.PIN)
"""Kinds answered by an enciphered block beside the form, never by a value in it."""


def check_value(field: Field, value: Value, context: Context) -> list[Refusal]:  # long: the kinds
    """One answer, of its field's type, against its field's kind."""
    context = context.at(field.name)
    match value:
        case IdCardValue():
            return check_id_card(value, context)
        case PhotoValue():
            return check_photo(value, context)
        case BankCardValue():
            return check_bank_card(value, context)
        case ChoicesValue():
            return check_choices(value, field, context)
        case ConfirmValue():
            return check_confirm(value, context)
        case ListedValue():
            return check_listed(value, field, context)
        case TableValue():
            return check_table(value, field, context)
        case InkValue(ink=ink):
            return check_ink(ink, context)
        case ColleagueValue():
            return check_colleague(value, context)
        case RecordingValue():
            return check_recording(value, field, context)
        case _:
            return check_cell(value, field, context)


def check_form(
    form: Form,
    values: Mapping[str, Value],
    context: Context,
    pins: Collection[str] | None = None,
    deferred: Sequence[str] = (),
    bound: Mapping[str, bytes] | None = None,
) -> tuple[Refusal, ...]:
    """Every field of a form that these answers leave relevant, in the form's order.

    Args:
        form: what was asked.
        values: the answers by field name.
        context: the moment and the bounds.
        pins: the fields for which a PIN block travels along; None leaves PINs unchecked.
        deferred: the fields whose photos follow the next day.
        bound: what each answer was given for; None leaves that unchecked.

    More answers than a form may have fields are refused unread, and no check looks at more than
    its kind's bounds allow; so the work of one call is bounded by the form.
    """
    if max(len(values), len(deferred), len(bound or ()), len(pins or ())) > FIELDS_MAX:
        return (context.refuse(Code.FORMAT, "提交的项目数超出表单。"),)
    fields = asked_fields(form, values)
    asked = {field.name for field in fields if field.kind not in PIN_KINDS}
    problems = [
        context.at(name).refuse(Code.FORMAT, _not_asked(form, name))
        for name in sorted(set(values) - asked)
    ]
    for field in fields:
        if field.kind in PIN_KINDS:
            if pins is not None and field.required and field.name not in pins:
                problems.append(_missing(field, context))
            continue
        value = values.get(field.name)
        if value is None:
            if field.required and field.name not in deferred:
                problems.append(_missing(field, context))
        else:
            wrong_type = check_type(value, field, context.at(field.name))
            problems += wrong_type or check_value(field, value, context)
    problems += _wrongly_deferred(fields, values, deferred, context)
    if bound is not None:
        problems += check_bindings(form, values, pins or (), bound, context)
    problems += _same_evidence_twice(values, context)
    problems += _same_person_twice(form, values, context)
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
    context = msgspec.structs.replace(context, staff_id=submission.staff_id)
    return (
        *check_trail(submission.trail, context.at("trail")),
        *check_time(submission.captured_ms, context.at("captured_ms")),
        *check_place(submission.place, context.at("place")),
        *check_form(form, submission.values, context, pins, submission.deferred, submission.bound),
    )


_MISSING: Final[dict[FieldKind, tuple[Code, Callable[[Field], str]]]] = {
    FieldKind.ID_CARD: (Code.EVIDENCE, lambda field: f"请读取“{field.title_zh}”。"),
    FieldKind.PHOTO: (Code.EVIDENCE, lambda field: f"缺少“{field.title_zh}”照片。"),
    FieldKind.NEW_PIN: (Code.PIN, lambda field: "请客户在密码键盘上设置密码。"),
    FieldKind.PIN: (Code.PIN, lambda field: "请客户在密码键盘上输入密码。"),
    FieldKind.BANK_CARD: (Code.FORMAT, lambda field: f"请读取“{field.title_zh}”。"),
    FieldKind.CHOICE: (Code.FORMAT, lambda field: f"请选择“{field.title_zh}”。"),
    FieldKind.CHOICES: (Code.FORMAT, lambda field: f"请选择“{field.title_zh}”。"),
    FieldKind.LISTED: (Code.FORMAT, lambda field: f"请选择“{field.title_zh}”。"),
    FieldKind.CONFIRM: (Code.EVIDENCE, lambda field: f"请确认：{field.title_zh}"),
    FieldKind.INK: (Code.EVIDENCE, lambda field: f"缺少“{field.title_zh}”。"),
    FieldKind.COLLEAGUE: (Code.EVIDENCE, lambda field: f"请完成“{field.title_zh}”。"),
    FieldKind.RECORDING: (Code.EVIDENCE, lambda field: f"缺少“{field.title_zh}”。"),
}


def _missing(field: Field, context: Context) -> Refusal:
    code, message = _MISSING.get(
        field.kind, (Code.FORMAT, lambda field: f"请填写“{field.title_zh}”。")
    )
    return context.at(field.name).refuse(code, message(field))


def _not_asked(form: Form, name: str) -> str:
    field = form.field(name)
    if field is None or field.kind in PIN_KINDS:
        return "表单中没有这一项。"
    return f"按前面的选择不应填写“{field.title_zh}”。"


def _wrongly_deferred(
    fields: Sequence[Field],
    values: Mapping[str, Value],
    deferred: Sequence[str],
    context: Context,
) -> list[Refusal]:
    """Only a photo that the form lets follow does, named once, and only while it is not there."""
    may = {field.name for field in fields if field.deferrable} - values.keys()
    wrong = {name for name in deferred if name not in may or deferred.count(name) > 1}
    return [context.at(n).refuse(Code.FORMAT, "该项不能隔日补扫。") for n in sorted(wrong)]


def _same_evidence_twice(values: Mapping[str, Value], context: Context) -> list[Refusal]:
    seen: dict[bytes, str] = {}
    problems = []
    for name, value in values.items():
        if (
            isinstance(value, PhotoValue | RecordingValue)
            and seen.setdefault(value.digest, name) != name
        ):
            message = (
                "同一张照片不能用于两处，请重新拍摄。"
                if isinstance(value, PhotoValue)
                else "同一段录音不能用于两处，请重新录音。"
            )
            problems.append(context.at(name).refuse(Code.EVIDENCE, message))
    return problems


def _same_person_twice(form: Form, values: Mapping[str, Value], context: Context) -> list[Refusal]:
    """Who stands beside the customer (a guardian, a witness) is somebody else than the customer."""
    seen: dict[str, str] = {}
    problems = []
    for field in form.fields:
        card = values.get(field.name)
        if (
            isinstance(card, IdCardValue)
            and seen.setdefault(card.number.number, field.name) != field.name
        ):
            message = f"“{field.title_zh}”不能与其他证件属于同一个人。"
            problems.append(context.at(field.name).refuse(Code.ID_MISMATCH, message))
    return problems


__all__ = ["PIN_KINDS", "check_form", "check_submission", "check_value"]
