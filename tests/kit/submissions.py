"""Valid submissions for any form, made from a seed: the counterpart of a tablet with a kit.

It knows kinds of fields, not products, exactly as a terminal does. Who wants something wrong makes
something right here and changes one thing.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Mapping

from wire.card_stock import training_box
from wire.case_state import State
from wire.checks import CHINA, PIN_KINDS, asked_fields, bindings, check_character, luhn_digit
from wire.chip_record import CHIP_PHOTO_BYTES, ChipRecord, Sex, build_chip_record
from wire.form import Field, FieldKind, Form
from wire.ink import Point, Signature
from wire.masked import IdNumber, Pan, Phone
from wire.messages.case import PinBlock, Place, Step, Submission
from wire.value import (
    AmountValue,
    BankCardValue,
    Cell,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
    ConfirmValue,
    IdCardValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)

NOW_MS = 1_750_000_000_000
"""The moment at which stories begin: 15 June 2025, 23:06:40 in China."""

REGION = "530102"
SOUND_BYTES_PER_S = 16_000
FEW = 3
"""How far above the least a number is drawn: years, heads and acres of a small household."""


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


def pan(dice: random.Random, terminal: str = "T-0001") -> Pan:
    """A card of a terminal's stock."""
    box = training_box(terminal)
    body = f"{dice.randint(int(box.first), int(box.last))}"
    return Pan(body + luhn_digit(body))


def cell_for(field: Field, dice: random.Random, now_ms: int = NOW_MS) -> Cell:
    """A right answer to a typed or chosen field, in a form or in a table."""
    match field.kind:
        case FieldKind.TEXT:
            return TextValue(text_for(field, dice))
        case FieldKind.PHONE:
            proof = f"proof-{dice.getrandbits(32):08x}" if field.proven else ""
            return PhoneValue(Phone("138" + "".join(dice.choices("0123456789", k=8))), proof)
        case FieldKind.CHOICE:
            return ChoiceValue(field.options[0].code)
        case FieldKind.AMOUNT:
            return AmountValue(dice.randint(max(field.fen_min, 1), field.fen_max))
        case FieldKind.NUMBER:
            most = min(field.number_max, field.number_min + FEW)
            return NumberValue(dice.randint(field.number_min, most))
        case FieldKind.ID_NUMBER:
            somebody = person(f"{dice.random()}", age=dice.randint(18, 80), now_ms=now_ms)
            return IdNumberValue(IdNumber(somebody.number))
        case _:
            raise AssertionError(f"{field.kind} is neither typed nor chosen")


def text_for(field: Field, dice: random.Random) -> str:
    """A text of the field's pattern: the first of a few usual ones that fits."""
    digits = "".join(dice.choices("0123456789", k=20))
    usual = ["云南省昆明市五华区匹河路12号", *(digits[:size] for size in range(1, 21)), "2025-01"]
    fitting = (text[: field.chars_max] for text in usual)
    if not field.pattern:
        return next(fitting)
    found = next((text for text in fitting if re.fullmatch(field.pattern, text)), None)
    assert found is not None, f"{field.name} wants a text that this kit does not know"
    return found


def table_for(field: Field, dice: random.Random, now_ms: int = NOW_MS) -> TableValue:
    """One or two full rows."""
    rows = min(field.rows_max, dice.randint(1, 2))
    return TableValue(
        tuple(
            {column.name: cell_for(column, dice, now_ms) for column in field.columns}
            for _ in range(rows)
        )
    )


def value_for(  # long: one case per kind, each a line or two
    field: Field, dice: random.Random, holder: ChipRecord, now_ms: int
) -> Value:
    """A right answer to one field, by its kind."""
    match field.kind:
        case FieldKind.ID_CARD:
            return id_card(holder)
        case FieldKind.PHOTO:
            return PhotoValue(dice.randbytes(32), 90_000, 1280, 960, 500, now_ms - 60_000)
        case FieldKind.BANK_CARD:
            return BankCardValue(pan(dice), f"{today(now_ms).year % 100 + 5:02}12")
        case FieldKind.CHOICES:
            return ChoicesValue(tuple(option.code for option in field.options[:2]))
        case FieldKind.CONFIRM:
            return ConfirmValue(now_ms - 60_000)
        case FieldKind.LISTED:
            return ListedValue(f"item-{dice.getrandbits(32):08x}", "列表中的一项")
        case FieldKind.TABLE:
            return table_for(field, dice, now_ms)
        case FieldKind.INK:
            return InkValue(ink(f"{dice.random()}"))
        case FieldKind.COLLEAGUE:
            return ColleagueValue("T002", "周敏", f"colleague-{dice.getrandbits(32):08x}")
        case FieldKind.RECORDING:
            seconds = max(field.seconds_min, 5)
            size = 44 + seconds * SOUND_BYTES_PER_S
            return RecordingValue(dice.randbytes(32), size, seconds * 1000, now_ms - 60_000)
        case FieldKind.NEW_PIN | FieldKind.PIN:
            raise AssertionError("a PIN is never a value")
        case _:
            return cell_for(field, dice, now_ms)


Chooser = Callable[[str, Mapping[str, Value]], ListedValue]


def values_for(
    form: Form,
    seed: int | str = 0,
    *,
    holder: ChipRecord | None = None,
    now_ms: int = NOW_MS,
    optional: bool = False,
    choose: Chooser | None = None,
) -> dict[str, Value]:
    """Right answers to a form; optional fields only when asked for.

    Args:
        choose: what is chosen from the list of a field, after the answers so far.
    """
    dice = random.Random(f"{seed}:values")
    holder = holder or person(seed, now_ms=now_ms)
    values: dict[str, Value] = {}
    for field in form.fields:
        asked = field in asked_fields(form, values)
        if asked and field.kind not in PIN_KINDS and (field.required or optional):
            values[field.name] = value_for(field, dice, holder, now_ms)
            # What decides the rest is answered in every way, by seed.
            decides = [one.when for one in form.fields if one.when and one.when.field == field.name]
            if field.kind is FieldKind.LISTED and choose is not None:
                values[field.name] = choose(field.name, values)
            elif field.kind is FieldKind.CHOICE and decides:
                values[field.name] = ChoiceValue(dice.choice(field.options).code)
            if field.kind is FieldKind.ID_CARD:
                # Whoever shows the next card is somebody else.
                holder = person(f"{seed}:{field.name}", now_ms=now_ms, name="杨建国")
    return values


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
    given = dict(values) if values is not None else values_for(form, seed, now_ms=now_ms)
    asked = asked_fields(form, given)
    return Submission(
        case_id=case_id(seed),
        revision=revision,
        product=product,
        form_version=form.version,
        staff_id=staff_id,
        device=device,
        trail=trail(now_ms),
        values=given,
        identity_reference=f"{case_id(seed)}#1",
        place=Place(25_040_000, 102_710_000, 12),
        captured_ms=now_ms - 10_000,
        bound=bindings(form, given, [field.name for field in asked if field.kind in PIN_KINDS]),
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
    "cell_for",
    "id_card",
    "id_number",
    "ink",
    "pan",
    "person",
    "pins_for",
    "submission",
    "table_for",
    "text_for",
    "today",
    "trail",
    "value_for",
    "values_for",
]
