"""The validation set on forms and submissions, kind by kind, each with vectors."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import submissions as make
from wire.case_state import State
from wire.checks import (
    Area,
    Context,
    Known,
    Limits,
    birth_pins,
    check_amount,
    check_bank_card,
    check_form,
    check_ink,
    check_new_pin,
    check_phone,
    check_photo,
    check_place,
    check_submission,
    check_time,
    check_trail,
    is_inside,
)
from wire.codec import decode, encode
from wire.form import Field, FieldKind, Form, Option
from wire.ink import Point, Signature
from wire.masked import Pan, Phone
from wire.message import Code, Refusal
from wire.messages.case import Place, Step
from wire.value import (
    AmountValue,
    BankCardValue,
    ChoiceValue,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)

NOW = Context(make.NOW_MS, field="it")

FORM = Form(
    3,
    (
        Field(name="id_card", kind=FieldKind.ID_CARD, title_zh="身份证", title_en="ID"),
        Field(name="face", kind=FieldKind.PHOTO, title_zh="合影", title_en="Photo", evidence="E3"),
        Field(
            name="extra",
            kind=FieldKind.PHOTO,
            title_zh="其他",
            title_en="Other",
            evidence="E8",
            required=False,
        ),
        Field(name="phone", kind=FieldKind.PHONE, title_zh="手机", title_en="Phone"),
        Field(
            name="address",
            kind=FieldKind.TEXT,
            title_zh="地址",
            title_en="Address",
            chars_max=20,
        ),
        Field(
            name="job",
            kind=FieldKind.CHOICE,
            title_zh="职业",
            title_en="Job",
            options=(Option("a", "甲", "A"), Option("b", "乙", "B")),
        ),
        Field(
            name="amount",
            kind=FieldKind.AMOUNT,
            title_zh="金额",
            title_en="Amount",
            fen_max=100_000,
        ),
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="卡", title_en="Card"),
        Field(name="pin", kind=FieldKind.NEW_PIN, title_zh="密码", title_en="PIN"),
    ),
)


def codes(problems: list[Refusal] | tuple[Refusal, ...]) -> list[tuple[str, Code]]:
    return [(problem.field, problem.code) for problem in problems]


@given(seed=st.integers(0, 10_000), optional=st.booleans())
def test_what_the_kit_makes_is_accepted(seed: int, optional: bool) -> None:
    """Every seeded form passes, with and without its optional fields."""
    values = make.values_for(FORM, seed, optional=optional)

    assert () == check_form(FORM, values, NOW, ["pin"])


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("id_card", Code.EVIDENCE),
        ("face", Code.EVIDENCE),
        ("phone", Code.FORMAT),
        ("address", Code.FORMAT),
        ("job", Code.FORMAT),
        ("amount", Code.FORMAT),
        ("card", Code.FORMAT),
    ],
)
def test_a_missing_required_field_is_named(field: str, code: Code) -> None:
    """Evidence that is missing is another fault than a blank field."""
    values = make.values_for(FORM)
    del values[field]

    assert [(field, code)] == codes(check_form(FORM, values, NOW))


def test_a_missing_pin_is_named_only_where_pins_are_known() -> None:
    """The terminal checks fields before the customer stands at the PIN pad."""
    values = make.values_for(FORM)

    assert [("pin", Code.PIN)] == codes(check_form(FORM, values, NOW, []))
    assert () == check_form(FORM, values, NOW)


def test_what_was_not_asked_is_refused() -> None:
    """A value nobody asked for, and a PIN field answered by a value."""
    values = make.values_for(FORM) | {"other": TextValue("x"), "pin": TextValue("123456")}

    assert [("other", Code.FORMAT), ("pin", Code.FORMAT)] == codes(check_form(FORM, values, NOW))


WRONG: list[tuple[str, Value, Code]] = [
    ("phone", TextValue("13812345678"), Code.FORMAT),
    ("phone", PhoneValue(Phone("12812345678")), Code.FORMAT),
    ("address", TextValue("   "), Code.FORMAT),
    ("address", TextValue("长" * 21), Code.FORMAT),
    ("address", TextValue("a\x00b"), Code.FORMAT),
    ("job", ChoiceValue("c"), Code.FORMAT),
    ("amount", AmountValue(0), Code.RANGE),
    ("amount", AmountValue(100_001), Code.LIMIT),
    ("card", BankCardValue(Pan("6217001234567890123"), "3012"), Code.CHECKSUM),
    ("face", PhotoValue(bytes(32), 90_000, 1280, 960, 20, 0), Code.IMAGE_QUALITY),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
def test_a_wrong_answer_is_refused_at_its_field(field: str, value: Value, code: Code) -> None:
    """One thing wrong, one refusal, with its own code."""
    values = make.values_for(FORM) | {field: value}

    assert [(field, code)] == codes(check_form(FORM, values, NOW))


def test_one_photo_cannot_serve_twice() -> None:
    """The same picture in two evidence slots."""
    values = make.values_for(FORM, optional=True)
    values["extra"] = values["face"]

    assert [("extra", Code.EVIDENCE)] == codes(check_form(FORM, values, NOW))


def test_a_submission_is_checked_as_a_whole() -> None:
    """Form version, trail, time and place belong to it."""
    right = make.submission("any", FORM)
    future = make.NOW_MS + 6 * 60_000
    changes: list[tuple[dict[str, object], str, Code]] = [
        ({"form_version": 2}, "form_version", Code.STALE),
        ({"trail": right.trail[1:]}, "trail", Code.FORMAT),
        ({"captured_ms": future}, "captured_ms", Code.RANGE),
        ({"place": Place(91_000_000, 0, 5)}, "place", Code.RANGE),
    ]
    assert () == check_submission(FORM, right, NOW, ["pin"])
    for change, field, code in changes:
        wrong = msgspec.structs.replace(right, **change)
        assert [(field, code)] == codes(check_submission(FORM, wrong, NOW, ["pin"]))


# V5, V6, V11.


@pytest.mark.parametrize(
    ("digits", "expiry", "code"),
    [
        ("6212341111111111", "3012", Code.CHECKSUM),
        ("4111111111111111", "3012", Code.FORMAT),
        ("621234111111111", "3012", Code.FORMAT),
        ("62123411111111111111", "3012", Code.FORMAT),
        ("6217OO1234567890", "3012", Code.FORMAT),
    ],
)
def test_card_numbers(digits: str, expiry: str, code: Code) -> None:
    """Prefix and length first, then the check digit."""
    assert [("it", code)] == codes(check_bank_card(BankCardValue(Pan(digits), expiry), NOW))


def test_a_card_expires_at_the_end_of_its_month() -> None:
    """June 2025 is still good in June 2025."""
    digits = make.values_for(FORM)["card"]
    assert isinstance(digits, BankCardValue)

    assert [] == check_bank_card(BankCardValue(digits.pan, "2506"), NOW)
    assert [("it", Code.RANGE)] == codes(check_bank_card(BankCardValue(digits.pan, "2505"), NOW))
    assert [("it", Code.FORMAT)] == codes(check_bank_card(BankCardValue(digits.pan, "2513"), NOW))


@given(st.integers())
def test_amounts(fen: int) -> None:
    """Above zero, up to the limit."""
    field = Field(
        name="it", kind=FieldKind.AMOUNT, title_zh="金额", title_en="Amount", fen_max=5_000
    )
    accepted = check_amount(AmountValue(fen), field, NOW) == []

    assert (0 < fen <= 5_000) == accepted


@given(st.text("0123456789 +-一", max_size=13) | st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_phones(digits: str) -> None:
    """Eleven ASCII digits, 13 to 19 in front."""
    right = len(digits) == 11 and digits.isascii() and digits.isdigit()
    right = right and digits[0] == "1" and digits[1] in "3456789"

    field = Field(name="it", kind=FieldKind.PHONE, title_zh="手机", title_en="Phone")

    assert right == (check_phone(PhoneValue(Phone(digits)), field, NOW) == [])


# V7.


@pytest.mark.parametrize(
    ("digits", "code"),
    [
        ("12345", Code.FORMAT),
        ("1234567", Code.FORMAT),
        ("12345a", Code.FORMAT),
        ("\uff11\uff12\uff13\uff14\uff15\uff16", Code.FORMAT),
        ("888888", Code.PIN),
        ("123456", Code.PIN),
        ("567890", Code.PIN),
        ("987654", Code.PIN),
        ("098765", Code.PIN),
        ("121212", Code.PIN),
        ("123123", Code.PIN),
        ("850203", Code.PIN),
        ("198502", Code.PIN),
        ("345678", Code.PIN),
        ("280394", None),
    ],
)
def test_weak_pins(digits: str, code: Code | None) -> None:
    """Runs, repeats, birth dates and tails of known numbers."""
    personal = ("13812345678", *birth_pins("19850203"))

    assert code == check_new_pin(digits, personal)


# V8.

YUNNAN = Area(21_000_000, 97_000_000, 29_500_000, 106_500_000)


def test_a_place_proves_something_only_if_it_is_accurate_and_inside() -> None:
    """No fix and a poor fix prove neither; without an area nobody can know."""
    limits = Limits()

    assert Known.YES is is_inside(Place(25_040_000, 102_710_000, 100), YUNNAN, limits)
    assert Known.UNKNOWN is is_inside(Place(25_040_000, 102_710_000, 101), YUNNAN, limits)
    assert Known.NO is is_inside(Place(39_900_000, 116_400_000, 5), YUNNAN, limits)
    assert Known.UNKNOWN is is_inside(None, YUNNAN, limits)
    assert Known.UNKNOWN is is_inside(Place(25_040_000, 102_710_000, 0), YUNNAN, limits)
    assert Known.UNKNOWN is is_inside(Place(25_040_000, 102_710_000, 5), Known.UNKNOWN, limits), (
        "no area is set"
    )
    assert [] == check_place(None, NOW)


@pytest.mark.parametrize(
    ("offset_ms", "accepted"),
    [
        (0, True),
        (5 * 60_000, True),
        (5 * 60_000 + 1, False),
        (-72 * 3_600_000, True),
        (-72 * 3_600_000 - 1, False),
    ],
)
def test_clocks_may_differ_a_little(offset_ms: int, accepted: bool) -> None:
    """Five minutes ahead, three days behind."""
    assert accepted == (check_time(make.NOW_MS + offset_ms, NOW) == [])


def test_a_trail_is_complete_and_in_order() -> None:
    """The tablet cannot have captured before it identified."""
    right = make.trail()
    swapped = (Step(State.DRAFT, 5), Step(State.IDENTIFIED, 9), Step(State.CAPTURED, 8))

    assert [] == check_trail(right, NOW)
    assert [("it", Code.RANGE)] == codes(check_trail(swapped, NOW))
    assert [("it", Code.FORMAT)] == codes(check_trail(tuple(reversed(right)), NOW))


# V9.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"digest": b"short"}, Code.FORMAT),
        ({"size": 0}, Code.FORMAT),
        ({"width": 1000, "height": 1000}, Code.IMAGE_QUALITY),
        ({"width": 2049}, Code.IMAGE_QUALITY),
        ({"size": 400 * 1024 + 1}, Code.IMAGE_QUALITY),
        ({"sharpness": 99}, Code.IMAGE_QUALITY),
        ({"taken_ms": make.NOW_MS + 301_000}, Code.RANGE),
    ],
)
def test_photos_are_judged_on_their_facts(change: dict[str, object], code: Code) -> None:
    """Each bound of V9."""
    right = PhotoValue(bytes(32), 400 * 1024, 2048, 1024, 100, make.NOW_MS)

    assert [] == check_photo(right, NOW)
    assert [("it", code)] == codes(check_photo(msgspec.structs.replace(right, **change), NOW))


# V10.


@pytest.mark.parametrize(
    ("ink", "code"),
    [
        (Signature(1000, 400, ()), Code.EVIDENCE),
        (Signature(0, 400, make.ink().strokes), Code.FORMAT),
        (make.ink(points=19), Code.EVIDENCE),
        (Signature(1000, 400, (tuple(Point(i, i * 10, i * 9) for i in range(30)),)), Code.EVIDENCE),
        (
            Signature(1000, 400, (tuple(Point(i * 20, i * 20, 7) for i in range(40)),)),
            Code.EVIDENCE,
        ),
        (Signature(1000, 400, ((Point(0, 1001, 5),) * 25,)), Code.FORMAT),
        (Signature(1000, 400, (tuple(Point(-i, i * 20, i * 9) for i in range(40)),)), Code.FORMAT),
        (Signature(1000, 400, ((Point(0, 1, 1),) * 4_001,)), Code.FORMAT),
        (Signature(10**30, 400, make.ink().strokes), Code.FORMAT),
        (Signature(1000, 100_001, make.ink().strokes), Code.FORMAT),
        (Signature(1000, 400, ((Point(0, 1, 1, 1_001),) * 25,)), Code.FORMAT),
        (Signature(1000, 400, ((Point(0, 1, 1, -1),) * 25,)), Code.FORMAT),
        (Signature(1000, 400, ((Point(10**12, 1, 1),) * 25,)), Code.FORMAT),
    ],
)
def test_what_is_no_signature(ink: Signature, code: Code) -> None:
    """Empty, one dash, too fast, too small, off the pad, back in time, endless."""
    assert [("it", code)] == codes(check_ink(ink, NOW))


NUMBERS = st.integers() | st.integers(-(10**40), 10**40)


@given(NUMBERS, NUMBERS, st.lists(st.lists(st.builds(Point, *(NUMBERS,) * 4))))
def test_no_number_breaks_a_signature(width: int, height: int, strokes: list[list[Point]]) -> None:
    """What is accepted can be written down and drawn; everything else is a refusal."""
    ink = Signature(width, height, tuple(map(tuple, strokes)))

    if check_ink(ink, NOW) == []:
        assert ink == decode(Signature, encode(ink))


@given(st.integers(0, 1_000), st.integers(40, 90))
def test_what_is_a_signature(seed: int, points: int) -> None:
    """Two seeded strokes across the pad."""
    assert [] == check_ink(make.ink(seed, points), NOW)
