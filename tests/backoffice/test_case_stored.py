"""Pure information: looked at where its level asks for it, kept, and never signed by anybody."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.cases.events import CustomerLearned, PrepareStarted, SealSlip
from backoffice.cases.view import compare
from backoffice.dossier import open_dossier
from tests.backoffice.case_story import TELLER, Story
from tests.backoffice.toys import RULES, product
from tests.kit import submissions as make
from wire.case_state import State
from wire.form import Field, FieldKind, Option
from wire.message import Code, Refusal
from wire.messages.case import GetCase, RefuseSlip, SlipShown
from wire.messages.lookups import Item
from wire.value import (
    Cell,
    ChoicesValue,
    ColleagueValue,
    ConfirmValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)


def stored(code: str) -> Story:
    """Handed in, approved where somebody must, and kept."""
    story = Story(code, rules=RULES)
    story.file()
    if story.where() is State.AUTH_QUEUED:
        story.approve()
    return story


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("leaflet", [State.SUBMITTED, State.AUTO_PASSED]),
        ("street", [State.SUBMITTED, State.AUTO_PASSED]),
        (
            "referral",
            [State.SUBMITTED, State.AUTH_QUEUED, State.AUTH_CLAIMED, State.AUTH_APPROVED],
        ),
    ],
)
def test_information_is_kept_at_once_and_closed(code: str, way: list[State]) -> None:
    """By rules or after a look; no partner is asked, no slip is filed."""
    story = stored(code)

    assert [*way, State.STORED, State.CLOSED] == [step.state for step in story.case.steps][3:]
    assert not any(isinstance(event, PrepareStarted) for event in story.events)
    assert not any(isinstance(effect.message, SealSlip) for effect in story.owed)
    assert [] == story.asked()
    assert {} == story.bank.owners


def test_the_teller_reads_a_receipt_that_cannot_be_signed() -> None:
    """It says that it is kept, and who looked at it."""
    story = stored("referral")
    view = story.ask(GetCase(story.case_id))
    assert view.slip is not None
    shown = {line.title_zh: line.value for line in view.slip.lines}
    assert ("已登记", "员工A001", "李秀英") == (
        shown["办理结果"],
        shown["授权人"],
        shown["客户姓名"],
    )

    for request in (SlipShown(story.case_id, b""), RefuseSlip(story.case_id)):
        refusal = story.ask(request)
        assert isinstance(refusal, Refusal)
        assert Code.STATE is refusal.code
    refusal = story.sign()
    assert isinstance(refusal, Refusal)
    assert Code.STATE is refusal.code
    assert State.CLOSED is story.where()


def test_who_shows_no_id_card_is_nobody() -> None:
    """No customer on the receipt, nothing to compare, nothing to learn."""
    story = stored("street")
    assert story.case.slip is not None
    titles = {line.title_zh for line in story.case.slip.lines}

    assert not {"客户姓名", "证件号码"} & titles
    assert story.case.filed.identity is None
    assert [] == story.take("customer")


def test_what_is_kept_of_a_customer_is_learned() -> None:
    """As it is of what was signed."""
    (effect,) = stored("leaflet").take("customer")

    assert isinstance(effect.message, CustomerLearned)
    assert ["phone"] == list(effect.message.profile)


def test_a_number_that_nobody_proved_is_not_learned() -> None:
    """Whoever said it may have been mistaken, or somebody else."""
    (effect,) = stored("postcard").take("customer")

    assert isinstance(effect.message, CustomerLearned)
    assert {} == effect.message.profile


# What an authorizer is shown of every kind of answer.


ROW = (
    Field(name="who", kind=FieldKind.TEXT, title_zh="姓名", title_en="Name"),
    Field(name="age", kind=FieldKind.NUMBER, title_zh="年龄", title_en="Age", unit_zh="岁"),
    Field(name="id", kind=FieldKind.ID_NUMBER, title_zh="证件", title_en="ID", required=False),
)


def shown(value: Value, **field: Any) -> list[tuple[str, str]]:
    """What the desk sees of one answer of somebody without an ID card."""
    one = Field(name="it", title_zh="它", title_en="It", **field)
    toy = product("toy", one)
    submission = make.submission("toy", toy.form, values={"it": value})
    dossier = open_dossier(
        submission,
        verifiers={},
        operator=TELLER.staff,
        now_ms=make.NOW_MS,
        listed={"it": Item("L1", "贷款 L1", "Loan L1")},
        colleagues={"it": msgspec.structs.replace(TELLER.staff, staff_id="T002", name="王五")},
    )
    return [(row.title_zh, row.entered) for row in compare(dossier, toy.form, None)]


NUMBER = make.id_card(make.person(3)).number


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (NumberValue(12_345), {"kind": FieldKind.NUMBER, "unit_zh": "亩"}, "12,345亩"),
        (NumberValue(-1_205), {"kind": FieldKind.NUMBER, "decimals": 2}, "-12.05"),
        (NumberValue(1_205), {"kind": FieldKind.NUMBER, "decimals": 1}, "120.5"),
        (ConfirmValue(make.NOW_MS), {"kind": FieldKind.CONFIRM}, "已确认"),
        (InkValue(make.ink()), {"kind": FieldKind.INK}, "已签名"),
        (ListedValue("L1", "假的"), {"kind": FieldKind.LISTED}, "贷款 L1"),
        (ColleagueValue("T002", "假的", "r"), {"kind": FieldKind.COLLEAGUE}, "王五（T002）"),
        (
            RecordingValue(bytes(32), 99, 61_900, make.NOW_MS),
            {"kind": FieldKind.RECORDING},
            "录音 61 秒",
        ),
        (IdNumberValue(NUMBER), {"kind": FieldKind.ID_NUMBER}, NUMBER.masked),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_answer_is_shown_masked(
    value: Value, field: dict[str, Any], expected: str
) -> None:
    """As the office itself knows it, never as the tablet calls it."""
    assert [("它", expected)] == shown(value, **field)


def test_choices_are_shown_by_their_titles() -> None:
    """In the form's order."""
    options = tuple(
        Option(code, word, code) for code, word in (("a", "甲"), ("b", "乙"), ("c", "丙"))
    )
    answer = shown(ChoicesValue(("c", "a")), kind=FieldKind.CHOICES, options=options)

    assert [("它", "甲、丙")] == answer


def test_a_table_is_shown_row_by_row() -> None:
    """Numbers in its cells are masked, too."""
    rows: tuple[dict[str, Cell], ...] = (
        {"who": TextValue("张三"), "age": NumberValue(35), "id": IdNumberValue(NUMBER)},
        {"who": TextValue("李四"), "age": NumberValue(8)},
    )
    field = {"kind": FieldKind.TABLE, "columns": ROW, "rows_max": 5}

    assert [
        ("它（1）", f"姓名 张三，年龄 35岁，证件 {NUMBER.masked}"),
        ("它（2）", "姓名 李四，年龄 8岁"),
    ] == shown(TableValue(rows), **field)
    assert [("它", "0 行")] == shown(TableValue(()), **field)
