"""Any form by the kinds of its fields: what is typed becomes values, every gap gets a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.draft_events import KeepPhoto, KeepRefusal, KeepValue
from terminal.form_runner import entered, problems
from tests.kit import submissions as make
from tests.terminal.draft_story import DEBIT_CARD, DraftStory
from wire.form import (
    AmountValue,
    ChoiceValue,
    Field,
    FieldKind,
    PhoneValue,
    PhotoValue,
    TextValue,
)
from wire.masked import Phone
from wire.message import Code, Refusal

TYPED = {FieldKind.TEXT, FieldKind.PHONE, FieldKind.CHOICE, FieldKind.AMOUNT}


def field(kind: FieldKind) -> Field:
    return Field(name="it", kind=kind, title_zh="它", title_en="It", fen_max=10**14)


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
    assert AmountValue(fen) == entered(field(FieldKind.AMOUNT), typed)


@pytest.mark.parametrize(
    "typed", ["", "-1", "1.", ".5", "1.234", "1,000", "1e3", "壹", "\u0661", "1" * 13, "NaN", "1 2"]
)
def test_what_is_no_amount(typed: str) -> None:
    """Signs, separators, other digits and too many of them are refused with the field's name."""
    refusal = entered(field(FieldKind.AMOUNT), typed)
    assert isinstance(refusal, Refusal)
    assert (Code.FORMAT, "it") == (refusal.code, refusal.field)


@given(st.integers(0, 10**14 - 1))
def test_every_amount_can_be_typed(fen: int) -> None:
    """As people write it, with two decimals."""
    typed = f"{fen // 100}.{fen % 100:02}"
    assert AmountValue(fen) == entered(field(FieldKind.AMOUNT), typed)


def test_what_is_typed_is_tidied() -> None:
    """Blanks around it go, and so do the dashes with which people group a phone number."""
    assert TextValue("石门村 3号") == entered(field(FieldKind.TEXT), "  石门村 3号 \n")
    phone = PhoneValue(Phone("13800138000"))
    assert phone == entered(field(FieldKind.PHONE), " 138-0013 8000")
    assert ChoiceValue("farmer") == entered(field(FieldKind.CHOICE), "farmer ")


@given(st.sampled_from(list(FieldKind)), st.text())
def test_nothing_typed_breaks_it(kind: FieldKind, typed: str) -> None:
    """A value of the field's own kind, or a refusal; what needs a peripheral cannot be typed."""
    value = entered(field(kind), typed)
    if isinstance(value, Refusal):
        assert kind is FieldKind.AMOUNT or kind not in TYPED
        assert "it" == value.field
    else:
        assert kind in TYPED


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
    assert story.give(KeepPhoto("id_back", blurred)) is None
    assert story.give(KeepValue("phone", PhoneValue(Phone("12345")))) is None
    refusal = Refusal(Code.DUPLICATE, "该卡号已用于其他业务", "card")
    assert story.give(KeepRefusal(refusal, submission=False)) is None

    found = problems(story.state, story.now_ms)

    assert {"id_back": Code.IMAGE_QUALITY, "phone": Code.FORMAT, "card": Code.DUPLICATE} == {
        name: problem.code for name, problem in found.items()
    }
    assert make.values_for(DEBIT_CARD.form).keys() > found.keys()
