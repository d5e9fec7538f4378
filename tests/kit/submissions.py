"""Valid submissions for any form, made from a seed: the counterpart of a tablet with a kit.

It knows kinds of fields, not products, exactly as a terminal does. Who wants something wrong makes
something right here and changes one thing.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping

from wire.case_state import State
from wire.checks import CHINA, PIN_KINDS, check_character, luhn_digit
from wire.chip_record import CHIP_PHOTO_BYTES, ChipRecord, Sex, build_chip_record
from wire.form import (
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
from wire.masked import IdNumber, Pan, Phone
from wire.messages.case import PinBlock, Place, Point, Signature, Step, Submission

NOW_MS = 1_750_000_000_000
"""The moment at which stories begin: 15 June 2025, 23:06:40 in China."""

REGION = "530102"
PREFIX = "621700"


def today(now_ms: int = NOW_MS) -> dt.date:
    return dt.datetime.fromtimestamp(now_ms / 1000, CHINA).date()


def id_number(birth: dt.date, order: int, region: str = REGION) -> str:
    """A right number; an odd order is a man's."""
    body = f"{region}{birth:%Y%m%d}{order:03}"
    return body + check_character(body)


def person(
    seed: int | str = 0, *, age: int = 35, now_ms: int = NOW_MS, name: str = "李秀英"
) -> ChipRecord:
    """Somebody with a valid card, `age` years old today."""
    dice = random.Random(f"{seed}:person")
    day = today(now_ms)
    birth = dt.date(day.year - age, 1, dice.randint(1, 28))
    order = dice.randint(1, 999)
    issued = dt.date(day.year - 1, 1, 29)
    age_then = issued.year - birth.year
    years = next((term for below, term in ((16, 5), (26, 10), (46, 20)) if age_then < below), None)
    return ChipRecord(
        name=name,
        sex=Sex.MALE if order % 2 else Sex.FEMALE,
        nation="01",
        birth=birth,
        address="云南省昆明市五华区匹河路12号",
        number=id_number(birth, order),
        issuer="昆明市公安局五华分局",
        valid_from=issued,
        valid_to=issued.replace(year=issued.year + years) if years else None,
    )


def id_card(record: ChipRecord) -> IdCardValue:
    return IdCardValue(
        record=build_chip_record(record),
        portrait=bytes(CHIP_PHOTO_BYTES),
        sam_id="05.03-20190101-0000000001-0000000001",
        number=IdNumber(record.number),
        name=record.name,
    )


def pan(dice: random.Random, prefix: str = PREFIX) -> Pan:
    body = prefix + "".join(dice.choices("0123456789", k=12))
    return Pan(body + luhn_digit(body))


def value_for(field: Field, dice: random.Random, holder: ChipRecord, now_ms: int) -> Value:
    """A right answer to one field, by its kind."""
    match field.kind:
        case FieldKind.ID_CARD:
            return id_card(holder)
        case FieldKind.PHOTO:
            return PhotoValue(dice.randbytes(32), 90_000, 1280, 960, 500, now_ms - 60_000)
        case FieldKind.TEXT:
            return TextValue("云南省昆明市五华区匹河路12号"[: field.chars_max])
        case FieldKind.PHONE:
            return PhoneValue(Phone("138" + "".join(dice.choices("0123456789", k=8))))
        case FieldKind.CHOICE:
            return ChoiceValue(field.options[0].code)
        case FieldKind.AMOUNT:
            return AmountValue(dice.randint(1, field.fen_max))
        case FieldKind.BANK_CARD:
            return BankCardValue(pan(dice), f"{today(now_ms).year % 100 + 5:02}12")
        case FieldKind.NEW_PIN | FieldKind.PIN:
            raise AssertionError("a PIN is never a value")


def values_for(
    form: Form,
    seed: int | str = 0,
    *,
    holder: ChipRecord | None = None,
    now_ms: int = NOW_MS,
    optional: bool = False,
) -> dict[str, Value]:
    """Right answers to a form; optional fields only when asked for."""
    dice = random.Random(f"{seed}:values")
    holder = holder or person(seed, now_ms=now_ms)
    return {
        field.name: value_for(field, dice, holder, now_ms)
        for field in form.fields
        if field.kind not in PIN_KINDS and (field.required or optional)
    }


def pins_for(form: Form, seed: int | str = 0) -> tuple[PinBlock, ...]:
    """Blocks that look like a PIN pad's."""
    dice = random.Random(f"{seed}:pins")
    fields = (field for field in form.fields if field.kind in PIN_KINDS)
    return tuple(PinBlock(f.name, dice.randbytes(12), dice.randbytes(16)) for f in fields)


def case_id(seed: int | str = 0) -> str:
    """A UUIDv7 of the moment `NOW_MS`."""
    dice = random.Random(f"{seed}:case")
    digits = f"{NOW_MS:012x}7{dice.getrandbits(12):03x}{dice.choice('89ab')}"
    digits += f"{dice.getrandbits(60):015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def trail(now_ms: int = NOW_MS) -> tuple[Step, ...]:
    return (
        Step(State.DRAFT, now_ms - 300_000),
        Step(State.IDENTIFIED, now_ms - 200_000),
        Step(State.CAPTURED, now_ms - 10_000),
    )


def submission(
    product: str,
    form: Form,
    seed: int | str = 0,
    *,
    values: Mapping[str, Value] | None = None,
    revision: int = 1,
    now_ms: int = NOW_MS,
    staff_id: str = "T001",
    device: str = "T-0001",
) -> Submission:
    """A whole submission that passes every check of the terminal."""
    return Submission(
        case_id=case_id(seed),
        revision=revision,
        product=product,
        form_version=form.version,
        staff_id=staff_id,
        device=device,
        trail=trail(now_ms),
        values=dict(values) if values is not None else values_for(form, seed, now_ms=now_ms),
        identity_reference=f"{case_id(seed)}#1",
        place=Place(25_040_000, 102_710_000, 12),
        captured_ms=now_ms - 10_000,
    )


def ink(seed: int | str = 0, points: int = 60) -> Signature:
    """A signature of two strokes that passes V10."""
    dice = random.Random(f"{seed}:ink")
    half = points // 2
    first = tuple(Point(i * 20, 100 + i * 15, 100 + dice.randint(0, 150)) for i in range(half))
    start = half * 20
    second = tuple(
        Point(start + i * 20, 150 + i * 12, 300 - dice.randint(0, 150))
        for i in range(points - half)
    )
    return Signature(1000, 400, (first, second))


__all__ = [
    "NOW_MS",
    "case_id",
    "id_card",
    "id_number",
    "ink",
    "pan",
    "person",
    "pins_for",
    "submission",
    "today",
    "trail",
    "value_for",
    "values_for",
]
