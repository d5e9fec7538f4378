"""What an answer was given for, and what falls away when that becomes another thing.

A PIN is given for a card, a photo of the customer for this customer, a choice from a list for what
the list was asked with. So an answer carries the digest of what it hung on when it was given; once
that is another thing, or is gone, the answer counts for nothing, and neither does what hangs on
it. One rule for both sides: the terminal lets such answers go and says which, the office refuses a
submission that has one, because what was bound to what is part of what the device signed.

What is typed or chosen by hand hangs on nothing by itself: it is the teller's word, stands before
the teller's eyes, and is corrected there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Final

from wire.checks.limits import Context
from wire.checks.relevance import asked_fields
from wire.codec import encode
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.value import BankCardValue, IdCardValue, ListedValue, PhoneValue, Value

BINDING_BYTES: Final = 16
"""BLAKE2b-128: tells what was bound apart, and is no longer than it must be in a submission."""

FOR_CUSTOMER: Final = frozenset(
    {
        FieldKind.ID_CARD,
        FieldKind.PHOTO,
        FieldKind.BANK_CARD,
        FieldKind.NEW_PIN,
        FieldKind.PIN,
        FieldKind.CONFIRM,
        FieldKind.LISTED,
        FieldKind.INK,
        FieldKind.COLLEAGUE,
        FieldKind.RECORDING,
    }
)
"""Kinds of what is captured, shown, confirmed or witnessed for the customer at the table."""

FOR_CARD: Final = frozenset({FieldKind.NEW_PIN, FieldKind.PIN})
"""Kinds that are enciphered together with the number of the form's bank card."""

_AGAIN: Final = {
    FieldKind.ID_CARD: "读取",
    FieldKind.PHOTO: "拍摄",
    FieldKind.PHONE: "验证",
    FieldKind.BANK_CARD: "读取",
    FieldKind.NEW_PIN: "设置",
    FieldKind.PIN: "输入",
    FieldKind.CONFIRM: "确认",
    FieldKind.LISTED: "选择",
    FieldKind.INK: "签名",
    FieldKind.COLLEAGUE: "确认",
    FieldKind.RECORDING: "录音",
}


def customer_field(form: Form) -> Field | None:
    """The question about the customer's own ID card: the first of its kind; None without one."""
    return next((field for field in form.fields if field.kind is FieldKind.ID_CARD), None)


def pin_card_field(form: Form) -> Field | None:
    """The question about the bank card that every PIN of a form belongs to; None without one."""
    return next((field for field in form.fields if field.kind is FieldKind.BANK_CARD), None)


def anchors(form: Form, field: Field, value: Value | None = None) -> tuple[str, ...]:
    """The fields that an answer hangs on: by its kind, and by `Field.depends`; sorted.

    Of a phone number it is the proof that does: whoever is at the table holds this phone.
    """
    found = {*field.depends}
    if field.kind in FOR_CUSTOMER or (isinstance(value, PhoneValue) and value.proof):
        customer = customer_field(form)
        found |= {customer.name} if customer is not None else set()
    if field.kind in FOR_CARD:
        card = pin_card_field(form)
        found |= {card.name} if card is not None else set()
    return tuple(sorted(found - {field.name}))


def binding(form: Form, field: Field, values: Mapping[str, Value]) -> bytes:
    """What the answer to this field, given now, hangs on; empty where it hangs on nothing."""
    names = anchors(form, field, values.get(field.name))
    if not names:
        return b""
    body = encode([(name, _subject(values.get(name))) for name in names])
    return hashlib.blake2b(body, digest_size=BINDING_BYTES, person=b"backpack/bound").digest()


def bindings(
    form: Form, values: Mapping[str, Value], pins: Collection[str] = ()
) -> dict[str, bytes]:
    """The bindings of answers that are all given for each other, by field."""
    held = {*values, *pins}
    bound = {one.name: binding(form, one, values) for one in form.fields if one.name in held}
    return {name: digest for name, digest in bound.items() if digest}


def loosened(
    form: Form, values: Mapping[str, Value], pins: Collection[str], bound: Mapping[str, bytes]
) -> tuple[str, ...]:
    """The answers that count for nothing, in the form's order: what they were given for is another
    thing or gone, or they are not asked any more; and whatever hangs on those.
    """
    kept = dict(values)
    held = {*pins}
    gone: set[str] = set()
    for _ in range(len(form.fields) + 1):
        fallen = _fallen(form, kept, held, bound)
        if not fallen:
            break
        gone |= fallen
        held -= fallen
        kept = {name: value for name, value in kept.items() if name not in fallen}
    return tuple(field.name for field in form.fields if field.name in gone)


def check_bindings(
    form: Form,
    values: Mapping[str, Value],
    pins: Collection[str],
    bound: Mapping[str, bytes],
    context: Context,
) -> list[Refusal]:
    """Every answer counts for what is there, and nothing else is said to be bound.

    Codes: `STALE`, `FORMAT`. What is not asked, or missing, is refused elsewhere (`check_form`).
    """
    if not bound.keys() <= {*values, *(field.name for field in form.fields)}:
        return [context.at("bound").refuse(Code.FORMAT, "提交的绑定信息与填写的项目不符。")]
    asked = {field.name for field in asked_fields(form, values)}
    problems = []
    for field in form.fields:
        if field.name not in {*values, *pins} or field.name not in asked:
            continue
        if bound.get(field.name, b"") != binding(form, field, values):
            message = f"“{field.title_zh}”所对应的内容已变更，请重新{again(field)}。"
            problems.append(context.at(field.name).refuse(Code.STALE, message))
    return problems


def again(field: Field) -> str:
    """What is to be done once more where an answer fell away, as a Chinese verb."""
    return _AGAIN.get(field.kind, "填写")


def _fallen(
    form: Form, values: Mapping[str, Value], pins: Collection[str], bound: Mapping[str, bytes]
) -> set[str]:
    asked = {field.name for field in asked_fields(form, values)}
    return {
        field.name
        for field in form.fields
        if field.name in {*values, *pins}
        and (field.name not in asked or bound.get(field.name, b"") != binding(form, field, values))
    }


def _subject(value: Value | None) -> object:
    """What another answer hangs on in a value: the thing itself, not how it was read or proven."""
    match value:
        case IdCardValue(record=record):
            return record
        case BankCardValue(pan=pan, expiry=expiry):
            return pan.digits, expiry
        case PhoneValue(phone=phone):
            return phone.digits
        case ListedValue(code=code, branch=branch):
            return code, branch
        case _:
            return value


__all__ = [
    "BINDING_BYTES",
    "again",
    "anchors",
    "binding",
    "bindings",
    "check_bindings",
    "customer_field",
    "loosened",
    "pin_card_field",
]
