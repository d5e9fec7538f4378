"""Any form by the kinds of its fields: what is typed becomes values, every gap gets a name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.draft_events import (
    KeepEvidence,
    KeepIdCard,
    KeepPin,
    KeepRefusal,
    KeepValue,
    Reopen,
    WantSubmission,
)
from terminal.form_runner import entered, entered_row, problems
from terminal.view import open_case
from tests.kit import submissions as make
from tests.terminal.draft_story import DEBIT_CARD, DraftStory
from wire.case_state import State
from wire.checks import number_text
from wire.form import CELL_KINDS, Field, FieldKind, Option
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.value import (
    VALUE_TYPES,
    AmountValue,
    ChoicesValue,
    ChoiceValue,
    ConfirmValue,
    IdNumberValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)

TYPED = CELL_KINDS | {FieldKind.CHOICES, FieldKind.CONFIRM}
CAN_BE_REFUSED = {FieldKind.AMOUNT, FieldKind.NUMBER, FieldKind.CHOICES}
NOW_MS = make.NOW_MS


def field(kind: FieldKind, **change: Any) -> Field:
    parts: dict[str, Any] = {
        "name": "it",
        "kind": kind,
        "title_zh": "它",
        "title_en": "It",
        "fen_max": 10**14,
    }
    return Field(**(parts | change))


def typed_into(kind: FieldKind, text: str, **change: Any) -> Value | Refusal | None:
    return entered(field(kind, **change), text, NOW_MS)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("0", 0),
        ("1", 100),
        ("1.5", 150),
        ("1.50", 150),
        ("0.05", 5),
        (" 1234567.89 ", 123_456_789),
        ("999999999999.99", 99_999_999_999_999),
    ],
)
def test_yuan_become_fen(typed: str, fen: int) -> None:
    """Without ever being a float."""
    assert AmountValue(fen) == typed_into(FieldKind.AMOUNT, typed)


@pytest.mark.parametrize(
    "typed", ["-1", "1.", ".5", "1.234", "1,000", "1e3", "壹", "\u0661", "1" * 13, "NaN", "1 2"]
)
def test_what_is_no_amount(typed: str) -> None:
    """Signs, separators, other digits and too many of them are refused with the field's name."""
    refusal = typed_into(FieldKind.AMOUNT, typed)
    assert isinstance(refusal, Refusal)
    assert (Code.FORMAT, "it") == (refusal.code, refusal.field)


def test_typed_text_is_normalised() -> None:
    """In a form and in a table's row: composed, and with blanks of one kind."""
    table = field(FieldKind.TABLE, columns=(field(FieldKind.TEXT, name="name"),), rows_max=3)

    assert TextValue("Caf\u00e9 1") == typed_into(FieldKind.TEXT, " Cafe\u0301\u00a01 ")
    row = entered_row(table, 1, {}, {"name": "Cafe\u0301\t"})
    assert row == {"name": TextValue("Caf\u00e9")}


@given(st.integers(0, 10**14 - 1))
def test_every_amount_can_be_typed(fen: int) -> None:
    """As people write it, with two decimals."""
    typed = f"{fen // 100}.{fen % 100:02}"
    assert AmountValue(fen) == typed_into(FieldKind.AMOUNT, typed)


def test_what_is_typed_is_tidied() -> None:
    """Blanks around it go, and so do the dashes with which people group a phone number."""
    assert TextValue("石门村 3号") == typed_into(FieldKind.TEXT, "  石门村 3号 \n")
    phone = PhoneValue(Phone("13800138000"))
    assert phone == typed_into(FieldKind.PHONE, " 138-0013 8000")
    assert ChoiceValue("farmer") == typed_into(FieldKind.CHOICE, "farmer ")


@given(st.sampled_from(list(FieldKind)), st.text())
def test_nothing_typed_breaks_it(kind: FieldKind, typed: str) -> None:
    """A value of the field's own kind, nothing, or a refusal; a peripheral's work is not typed."""
    value = typed_into(kind, typed)
    if isinstance(value, Refusal):
        assert kind in CAN_BE_REFUSED or kind not in TYPED
        assert "it" == value.field
    elif value is not None:
        assert VALUE_TYPES[kind] is type(value)
        assert kind in TYPED


@pytest.mark.parametrize("kind", sorted(TYPED))
def test_what_is_left_blank_is_no_answer(kind: FieldKind) -> None:
    """So that a slip of the finger can be taken back."""
    assert typed_into(kind, "  ") is None


@pytest.mark.parametrize(
    ("typed", "decimals", "number"),
    [
        ("0", 0, 0),
        ("12", 0, 12),
        ("-3", 0, -3),
        ("12.5", 2, 1250),
        ("-0.05", 2, -5),
        ("12.5", 0, None),
        ("1.234", 2, None),
        ("1,000", 0, None),
        ("1e3", 0, None),
        ("\u0661", 0, None),
        ("9" * 13, 0, None),
    ],
)
def test_numbers_are_typed_with_the_fields_decimals(
    typed: str, decimals: int, number: int | None
) -> None:
    """And never become a float."""
    value = typed_into(FieldKind.NUMBER, typed, decimals=decimals)
    if number is None:
        assert isinstance(value, Refusal)
        assert Code.FORMAT is value.code
    else:
        assert NumberValue(number) == value


@given(st.integers(-(10**11), 10**11), st.integers(0, 4))
def test_every_number_can_be_typed_as_it_is_shown(number: int, decimals: int) -> None:
    """There and back."""
    text = number_text(number, decimals)
    if len(text.lstrip("-").partition(".")[0]) <= 12:
        value = typed_into(FieldKind.NUMBER, text, decimals=decimals)
        assert NumberValue(number) == value


def test_choices_are_kept_in_the_forms_order() -> None:
    """However they were ticked; an unknown one is refused."""
    options = (Option("a", "甲", "A"), Option("b", "乙", "B"))
    ticked = typed_into(FieldKind.CHOICES, "b, a,b", options=options)

    assert ChoicesValue(("a", "b")) == ticked
    assert isinstance(typed_into(FieldKind.CHOICES, "a,z", options=options), Refusal)


def test_a_confirmation_is_of_the_moment() -> None:
    """Yes, or nothing."""
    assert ConfirmValue(NOW_MS) == typed_into(FieldKind.CONFIRM, "yes")
    assert typed_into(FieldKind.CONFIRM, "no") is None


def test_an_id_number_is_tidied() -> None:
    """Blanks go, the check character is a capital."""
    value = typed_into(FieldKind.ID_NUMBER, " 110105 19491231 002x")
    assert IdNumberValue(IdNumber("11010519491231002X")) == value


MEMBERS = Field(
    name="members",
    kind=FieldKind.TABLE,
    title_zh="家庭成员",
    title_en="Members",
    rows_max=3,
    columns=(
        Field(name="name", kind=FieldKind.TEXT, title_zh="姓名", title_en="Name"),
        field(FieldKind.AMOUNT, name="income"),
        field(FieldKind.ID_NUMBER, name="number"),
    ),
)


def test_a_row_is_entered_cell_by_cell() -> None:
    """What is not mentioned stays, what is blank goes."""
    row = entered_row(MEMBERS, 1, {}, {"name": "李四", "income": "1.5", "number": ""})
    assert {"name": TextValue("李四"), "income": AmountValue(150)} == row
    assert isinstance(row, dict)
    assert {"name": TextValue("李四")} == entered_row(MEMBERS, 1, row, {"income": " "})


@pytest.mark.parametrize(
    ("texts", "where"), [({"income": "much"}, "members.2.income"), ({"x": "1"}, "members.2.x")]
)
def test_a_wrong_cell_is_named(texts: dict[str, str], where: str) -> None:
    """By table, row and column."""
    refusal = entered_row(MEMBERS, 2, {}, texts)
    assert isinstance(refusal, Refusal)
    assert (Code.FORMAT, where) == (refusal.code, refusal.field)


def test_an_empty_form_names_every_gap() -> None:
    """Each required field, and no optional one."""
    story = DraftStory()
    story.open()

    found = problems(story.state, story.now_ms)

    assert {one.name for one in DEBIT_CARD.form.fields if one.required} == set(found)
    assert Code.EVIDENCE is found["id_card"].code
    assert Code.PIN is found["new_pin"].code


def test_a_complete_form_has_no_problems() -> None:
    """The very checks that the office runs again."""
    story = DraftStory()
    story.open()
    story.capture()
    story.identified()
    assert {} == problems(story.state, story.now_ms)


def test_problems_stand_at_their_fields() -> None:
    """A blurred photo, a wrong phone number, and what the office did not like."""
    story = DraftStory()
    story.open()
    story.capture()
    blurred = PhotoValue(bytes(32), 90_000, 1280, 960, 3, story.now_ms)
    assert story.give(KeepEvidence("id_back", blurred)) is None
    assert story.give(KeepValue("phone", PhoneValue(Phone("12345")))) is None
    refusal = Refusal(Code.DUPLICATE, "该卡号已用于其他业务", "card")
    assert story.give(KeepRefusal(refusal, submission=False)) is None

    found = problems(story.state, story.now_ms)

    assert {"id_back": Code.IMAGE_QUALITY, "phone": Code.FORMAT, "card": Code.DUPLICATE} == {
        name: problem.code for name, problem in found.items()
    }
    assert make.values_for(DEBIT_CARD.form).keys() > found.keys()


def test_what_an_authorizer_sent_back_stands_at_its_field_until_it_is_mended() -> None:
    """Typing the same again mends nothing; a card read again may be right; the rest is kept."""
    story = DraftStory()
    story.submitted()
    general = Refusal(Code.ID_MISMATCH, "要素不一致，请核对后重新填写。请核对住址")
    names = ("id_card", "id_front", "address")
    marks = {name: Refusal(Code.ID_MISMATCH, "要素不一致。", name) for name in names}
    story.view(State.AUTH_RETURNED, 4, reasons=(general, *marks.values()))
    told = open_case(story.state, {}).reasons
    assert general == told[0]
    assert "“联系地址”：要素不一致。" == told[-1].message

    assert story.give(Reopen()) is None
    (pin,) = make.pins_for(story.form)
    assert story.give(KeepPin(pin)) is None
    assert marks == problems(story.state, story.now_ms)
    shown = {view.name: view.problem for view in open_case(story.state, marks).fields}
    assert marks == {name: problem for name, problem in shown.items() if problem}

    assert story.give(KeepValue("address", story.values["address"])) is None
    front = msgspec.structs.replace(story.values["id_front"], digest=b"again".ljust(32, b"."))
    assert isinstance(front, PhotoValue)
    assert story.give(KeepEvidence("id_front", front)) is None
    assert {"id_card", "address"} == set(problems(story.state, story.now_ms))
    assert story.give(KeepValue("address", TextValue("陆良县马街镇大沙田村三组28号"))) is None
    assert story.give(KeepIdCard("id_card", story.card)) is None
    assert {} == problems(story.state, story.now_ms)
    story.identified()
    assert story.give(WantSubmission(None)) is None
    story.view(State.AUTH_QUEUED, 6)
    assert {} == story.state.marks
