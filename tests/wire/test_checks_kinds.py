"""The kinds of a wider business, from numbers to sound: each bound, and nothing that breaks."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import submissions as make
from wire.checks import Context, check_form, check_submission, number_text
from wire.form import (
    CELL_KINDS,
    FIELDS_MAX,
    ROWS_MAX,
    Field,
    FieldKind,
    Form,
    Option,
)
from wire.masked import IdNumber, Phone
from wire.message import Code, Refusal
from wire.value import (
    VALUE_TYPES,
    AmountValue,
    Cell,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
    ConfirmValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)

NOW = Context(make.NOW_MS, staff_id="T001")
OPTIONS = (Option("a", "甲", "A"), Option("b", "乙", "B"), Option("c", "丙", "C"))

MEMBERS = (
    Field(name="name", kind=FieldKind.TEXT, title_zh="姓名", title_en="Name", chars_max=15),
    Field(name="number", kind=FieldKind.ID_NUMBER, title_zh="身份证号码", title_en="ID number"),
    Field(name="tie", kind=FieldKind.CHOICE, title_zh="关系", title_en="Tie", options=OPTIONS),
    Field(
        name="income",
        kind=FieldKind.AMOUNT,
        title_zh="年收入",
        title_en="Income",
        fen_max=10**9,
        required=False,
    ),
    Field(name="phone", kind=FieldKind.PHONE, title_zh="电话", title_en="Phone", required=False),
    Field(
        name="land",
        kind=FieldKind.NUMBER,
        title_zh="土地",
        title_en="Land",
        number_max=100_000,
        decimals=2,
        unit_zh="亩",
    ),
)

SHAPES: dict[FieldKind, dict[str, Any]] = {
    FieldKind.NUMBER: {"number_min": -50, "number_max": 1_250, "decimals": 2},
    FieldKind.CHOICE: {"options": OPTIONS},
    FieldKind.CHOICES: {"options": OPTIONS},
    FieldKind.AMOUNT: {"fen_min": 1_000, "fen_max": 100_000},
    FieldKind.TABLE: {"columns": MEMBERS, "rows_max": 5},
    FieldKind.PHONE: {"proven": True},
    FieldKind.RECORDING: {"seconds_min": 10, "evidence": "E11"},
    FieldKind.TEXT: {"pattern": "[0-9]{10,16}", "chars_max": 16},
}
"""What a field of a kind carries besides its titles."""

VALUE_KINDS = tuple(kind for kind, value in VALUE_TYPES.items() if value is not None)


def one(kind: FieldKind, **change: object) -> Field:
    return Field(
        **{"name": "it", "kind": kind, "title_zh": "它", "title_en": "It"}
        | SHAPES.get(kind, {})
        | change
    )


def judged(field: Field, value: Value | None) -> list[tuple[str, Code]]:
    """Where a form of this one field complains, and why."""
    values = {} if value is None else {field.name: value}
    return [(p.field, p.code) for p in check_form(Form(1, (field,)), values, NOW)]


@given(st.sampled_from(VALUE_KINDS), st.integers(0, 1_000))
def test_what_the_kit_makes_of_any_kind_is_accepted(kind: FieldKind, seed: int) -> None:
    """A right answer, by kind alone."""
    field = one(kind)
    value = make.value_for(field, random.Random(seed), make.person(seed), make.NOW_MS)

    assert [] == judged(field, value)


@given(st.sampled_from(VALUE_KINDS), st.sampled_from(VALUE_KINDS), st.integers(0, 20))
def test_an_answer_of_another_kind_is_refused(asked: FieldKind, given_: FieldKind, n: int) -> None:
    """Whatever the value says, its type must be the field's."""
    value = make.value_for(one(given_), random.Random(n), make.person(n), make.NOW_MS)

    assert (asked is given_) == ([("it", Code.FORMAT)] != judged(one(asked), value))


@pytest.mark.parametrize("kind", VALUE_KINDS)
def test_an_optional_field_may_be_left_out_and_a_required_one_not(kind: FieldKind) -> None:
    """In words that name the field."""
    assert [] == judged(one(kind, required=False), None)
    (problem,) = check_form(Form(1, (one(kind),)), {}, NOW)
    assert "it" == problem.field
    assert "它" in problem.message


# Numbers and amounts.


@given(st.integers())
def test_numbers_keep_their_bounds(number: int) -> None:
    """Both included, in units of the last decimal."""
    assert (-50 <= number <= 1_250) == (judged(one(FieldKind.NUMBER), NumberValue(number)) == [])


@given(st.integers(), st.integers(0, 4))
def test_a_number_is_written_as_people_do(number: int, decimals: int) -> None:
    """With exactly its decimals, and readable again."""
    text = number_text(number, decimals)
    whole, _, rest = text.lstrip("-").partition(".")

    assert len(rest) == decimals
    assert number == int(f"{'-' if number < 0 else ''}{whole}{rest}")


@given(st.integers())
def test_amounts_have_a_least_and_a_most(fen: int) -> None:
    """Too little is out of range, too much is over the limit."""
    expected = [Code.RANGE] if fen < 1_000 else [Code.LIMIT] if fen > 100_000 else []

    assert expected == [code for _, code in judged(one(FieldKind.AMOUNT), AmountValue(fen))]


# Choices.


@given(st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=6), st.booleans())
def test_choices_are_options_once_each_in_the_forms_order(codes: list[str], must: bool) -> None:
    """Equal answers are equal bytes."""
    in_order = [option.code for option in OPTIONS if option.code in codes]
    right = codes == in_order and (bool(codes) or not must)

    value = ChoicesValue(tuple(codes))
    assert right == (judged(one(FieldKind.CHOICES, required=must), value) == [])


# Typed text and numbers of people.


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("5301000001", True),
        ("530100000", False),
        ("53010000011234567", False),
        ("530100000A", False),
        ("\uff15\uff13\uff10\uff11\uff10\uff10\uff10\uff10\uff10\uff11", False),
        (" 5301000001", False),
        ("5301000001\n", False),
    ],
)
def test_a_pattern_is_matched_whole(text: str, accepted: bool) -> None:
    """ASCII digits, nothing before and nothing behind."""
    assert accepted == (judged(one(FieldKind.TEXT), TextValue(text)) == [])


def test_an_optional_pattern_may_be_left_empty() -> None:
    """An empty text is no wrong text."""
    assert [] == judged(one(FieldKind.TEXT, required=False), TextValue(""))


def test_a_typed_id_number_is_judged_as_the_chips() -> None:
    """V1: a wrong check character, a wrong shape."""
    right = make.person("somebody").number
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")

    assert [] == judged(one(FieldKind.ID_NUMBER), IdNumberValue(IdNumber(right)))
    assert [("it", Code.CHECKSUM)] == judged(
        one(FieldKind.ID_NUMBER), IdNumberValue(IdNumber(wrong))
    )
    assert [("it", Code.FORMAT)] == judged(one(FieldKind.ID_NUMBER), IdNumberValue(IdNumber("")))


def test_a_phone_that_must_be_proven_names_its_proof() -> None:
    """Only where the form asks for one; and no reference is endless."""
    phone = Phone("13812345678")

    assert [("it", Code.EVIDENCE)] == judged(one(FieldKind.PHONE), PhoneValue(phone))
    assert [] == judged(one(FieldKind.PHONE), PhoneValue(phone, "case#3"))
    assert [] == judged(one(FieldKind.PHONE, proven=False), PhoneValue(phone))
    assert [] == judged(one(FieldKind.PHONE, proof_optional=True), PhoneValue(phone))
    assert [("it", Code.FORMAT)] == judged(one(FieldKind.PHONE), PhoneValue(phone, "x" * 129))


# People and moments.


@pytest.mark.parametrize(
    ("at_ms", "accepted"),
    [
        (make.NOW_MS, True),
        (make.NOW_MS + 300_000, True),
        (make.NOW_MS + 300_001, False),
        (0, False),
    ],
)
def test_a_confirmation_is_not_of_the_future(at_ms: int, accepted: bool) -> None:
    """The clocks may differ a little; how old it is, is the case's own question."""
    assert accepted == (judged(one(FieldKind.CONFIRM), ConfirmValue(at_ms)) == [])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (ColleagueValue("T002", "周敏", "r"), None),
        (ColleagueValue("T001", "李四", "r"), Code.SELF_AUTH),
        (ColleagueValue("", "周敏", "r"), Code.FORMAT),
        (ColleagueValue("T002", "周敏", ""), Code.FORMAT),
        (ColleagueValue("T002", "名" * 41, "r"), Code.FORMAT),
        (ColleagueValue("T002", "周敏", "r" * 129), Code.FORMAT),
    ],
)
def test_a_colleague_is_somebody_else(value: ColleagueValue, code: Code | None) -> None:
    """Named, with the office's record, and never the one who submits."""
    assert ([("it", code)] if code else []) == judged(one(FieldKind.COLLEAGUE), value)


def test_a_submission_says_who_its_colleague_must_not_be() -> None:
    """Nobody has to hand the operator in beside the submission."""
    form = Form(1, (one(FieldKind.COLLEAGUE),))
    own = make.submission("any", form, values={"it": ColleagueValue("T001", "李四", "r")})
    other = make.submission("any", form, staff_id="T009", values=own.values)

    problems = check_submission(form, own, Context(make.NOW_MS))
    assert [Code.SELF_AUTH] == [problem.code for problem in problems]
    assert () == check_submission(form, other, Context(make.NOW_MS))


@pytest.mark.parametrize(
    ("code", "title", "accepted"),
    [("x", "", True), ("", "x", False), ("x" * 129, "x", False), ("x", "x" * 201, False)],
)
def test_what_is_listed_has_a_code(code: str, title: str, accepted: bool) -> None:
    """Bounded, as everything that a tablet says."""
    assert accepted == (judged(one(FieldKind.LISTED), ListedValue(code, title)) == [])


def test_a_partys_signature_is_a_signature() -> None:
    """V10, as for the slip's own."""
    assert [] == judged(one(FieldKind.INK), InkValue(make.ink()))
    assert [("it", Code.EVIDENCE)] == judged(one(FieldKind.INK), InkValue(make.ink(points=4)))


RECORDING = RecordingValue(bytes(32), 160_044, 10_000, make.NOW_MS)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"digest": b"short"}, Code.FORMAT),
        ({"size": 0}, Code.FORMAT),
        ({"size": 2 * 1024 * 1024 + 1}, Code.LIMIT),
        ({"duration_ms": 9_999}, Code.EVIDENCE),
        ({"duration_ms": -1}, Code.FORMAT),
        ({"taken_ms": make.NOW_MS + 300_001}, Code.RANGE),
    ],
)
def test_recordings_are_judged_on_their_facts(change: dict[str, object], code: Code | None) -> None:
    """Each bound."""
    value = msgspec.structs.replace(RECORDING, **change)

    assert ([("it", code)] if code else []) == judged(one(FieldKind.RECORDING), value)


def test_one_recording_cannot_serve_twice() -> None:
    """Nor can the same bytes be a photo elsewhere."""
    form = Form(1, (one(FieldKind.RECORDING), one(FieldKind.RECORDING, name="other")))

    problems = check_form(form, {"it": RECORDING, "other": RECORDING}, NOW)

    assert [("other", Code.EVIDENCE)] == [(p.field, p.code) for p in problems]


def test_whoever_comes_along_is_somebody_else() -> None:
    """A guardian's card is checked like the customer's, and is not the customer's."""
    form = Form(1, (one(FieldKind.ID_CARD), one(FieldKind.ID_CARD, name="guardian")))
    customer, guardian = make.id_card(make.person(1)), make.id_card(make.person(2))
    wrong = msgspec.structs.replace(guardian, name="别人")

    def problems(second: Value) -> list[tuple[str, Code]]:
        found = check_form(form, {"it": customer, "guardian": second}, NOW)
        return [(problem.field, problem.code) for problem in found]

    assert [] == problems(guardian)
    assert [("guardian", Code.ID_MISMATCH)] == problems(customer)
    assert [("guardian", Code.ID_MISMATCH)] == problems(wrong)


# Tables.

TABLE = one(FieldKind.TABLE, name="members")


def row(seed: int = 0, **change: Cell | None) -> dict[str, Cell]:
    """A right row, with changes; None takes a cell away."""
    dice = random.Random(seed)
    cells: dict[str, Cell | None] = {c.name: make.cell_for(c, dice) for c in MEMBERS}
    return {name: cell for name, cell in (cells | change).items() if cell is not None}


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ([row(), row(1)], []),
        ([], [("members", Code.FORMAT)]),
        ([row()] * 6, [("members", Code.LIMIT)]),
        ([row(), row(number=IdNumberValue(IdNumber("1")))], [("members.2.number", Code.FORMAT)]),
        ([row(name=None)], [("members.1.name", Code.FORMAT)]),
        ([row(name=TextValue(" "))], [("members.1.name", Code.FORMAT)]),
        ([row(income=None, phone=None)], []),
        ([row(tie=TextValue("a"))], [("members.1.tie", Code.FORMAT)]),
        ([row(other=TextValue("a"))], [("members.1", Code.FORMAT)]),
        (
            [row(land=NumberValue(-1), tie=ChoiceValue("z"))],
            [("members.1.tie", Code.FORMAT), ("members.1.land", Code.RANGE)],
        ),
    ],
)
def test_a_tables_cells_are_judged_by_their_columns(
    rows: list[dict[str, Cell]], problems: list[tuple[str, Code]]
) -> None:
    """Each refusal names table, row and column."""
    assert problems == judged(TABLE, TableValue(tuple(rows)))


@given(st.integers(0, 40), st.integers(0, 40))
def test_rows_are_counted_before_they_are_read(rows: int, most: int) -> None:
    """However many a form allows, a table has its own end."""
    field = one(FieldKind.TABLE, name="members", rows_max=most, required=False)
    empty: dict[str, Cell] = {}
    found = judged(field, TableValue((empty,) * rows))

    assert (rows > min(most, ROWS_MAX)) == (found == [("members", Code.LIMIT)])


CELLS: dict[type, Callable[[], st.SearchStrategy[Any]]] = {
    TextValue: lambda: st.builds(TextValue, st.text(max_size=30)),
    PhoneValue: lambda: st.builds(PhoneValue, st.builds(Phone, st.text(max_size=12))),
    ChoiceValue: lambda: st.builds(ChoiceValue, st.sampled_from("abz")),
    AmountValue: lambda: st.builds(AmountValue, st.integers()),
    NumberValue: lambda: st.builds(NumberValue, st.integers()),
    IdNumberValue: lambda: st.builds(IdNumberValue, st.builds(IdNumber, st.text(max_size=20))),
}

ANY_CELL = st.one_of([build() for build in CELLS.values()])
ANY_NAME = st.sampled_from([column.name for column in MEMBERS]) | st.text(max_size=3)


@given(st.lists(st.dictionaries(ANY_NAME, ANY_CELL, max_size=8), max_size=8))
def test_no_table_breaks_the_checks(rows: list[dict[str, Cell]]) -> None:
    """Every refusal stands at the table or below it, and there are never more than cells."""
    found = judged(TABLE, TableValue(tuple(rows)))

    assert len(found) <= 5 * len(MEMBERS) + 1
    for where, _ in found:
        parts = where.split(".")
        assert "members" == parts[0]
        assert all(1 <= int(part) <= len(rows) for part in parts[1:2])
        assert set(parts[2:]) <= {column.name for column in MEMBERS}


def test_every_cell_kind_has_its_check() -> None:
    """What may stand in a table is what can be typed or chosen."""
    assert {VALUE_TYPES[kind] for kind in CELL_KINDS} == set(CELLS)


def test_more_answers_than_a_form_can_ask_are_refused_unread() -> None:
    """One refusal, whatever they are."""
    values: dict[str, Value] = {f"n{n}": TextValue("x") for n in range(FIELDS_MAX + 1)}

    assert [Code.FORMAT] == [p.code for p in check_form(Form(1, (TABLE,)), values, NOW)]


def test_refusals_are_sentences() -> None:
    """What a teller reads ends as a sentence does."""
    wrong: dict[FieldKind, Value] = {
        FieldKind.NUMBER: NumberValue(10**6),
        FieldKind.AMOUNT: AmountValue(1),
        FieldKind.CHOICES: ChoicesValue(()),
        FieldKind.TEXT: TextValue("x"),
        FieldKind.TABLE: TableValue(()),
    }
    for kind, value in wrong.items():
        (problem,) = check_form(Form(1, (one(kind),)), {"it": value}, NOW)
        assert isinstance(problem, Refusal)
        assert problem.message.endswith("。")
