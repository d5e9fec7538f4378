"""Farmer file: a household without doubles, seen on the spot, and a net worth that nobody types."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from backoffice.partners.operations import OpenFile
from backoffice.products.farmer_file import PRODUCT, household
from backoffice.questions.household import HOLDER, FileTerms
from tests.backoffice.products.dossiers import COLLEAGUE, dossier, found
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from wire.masked import IdNumber
from wire.message import Code
from wire.value import (
    AmountValue,
    ChoiceValue,
    IdNumberValue,
    NumberValue,
    TableValue,
    TextValue,
    Value,
)


def member(age: int, labour: str = "yes", seed: str = "member") -> dict[str, Any]:
    return {
        "name": TextValue(" 和建国 "),
        "number": IdNumberValue(IdNumber(make.person(seed, age=age).number)),
        "relation": ChoiceValue("child"),
        "labour": ChoiceValue(labour),
    }


def debt(fen: int) -> dict[str, Any]:
    return {"creditor": TextValue("农业银行"), "owed": AmountValue(fen)}


def shown(read: Any) -> dict[str, str]:
    return {line.title_zh: line.value for line in slip_of(PRODUCT, read, file_no="NH1")}


@pytest.mark.parametrize(
    ("house", "debts", "title", "value"),
    [
        (100_000_00, [30_000_00, 20_000_00], "家庭净资产", "¥50,000.00 伍万元整"),
        (50_000_00, [50_000_00], "家庭净资产", "¥0.00 零元整"),
        (None, [20_000_00], "家庭净负债", "¥20,000.00 贰万元整"),
    ],
)
def test_the_net_worth_is_assets_less_debts(
    house: int | None, debts: list[int], title: str, value: str
) -> None:
    """Amounts left out are nothing; more debts than assets are called so."""
    rows = TableValue(tuple(debt(fen) for fen in debts))
    worth = AmountValue(house) if house else None
    read = dossier(PRODUCT, values={"house": worth, "debts": rows})

    assert (house or 0) - sum(debts) == household(read).net_fen
    assert value == shown(read)[title]
    assert str(household(read).net_fen) == PRODUCT.profile(read)["net_fen"]


def test_the_customer_heads_the_household() -> None:
    """Without being typed; hundredths of a mu and heads are counted for the slip."""
    crops = TableValue(({"crop": ChoiceValue("tea"), "mu": NumberValue(1_250)},))
    members = TableValue((member(30), member(70, "no", "parent")))
    read = dossier(PRODUCT, values={"members": members, "crops": crops})
    head, child, parent = household(read).members

    assert (HOLDER, read.customer.number) == (head.relation, head.number)
    assert ("和建国", True, False) == (child.name, child.labour, parent.labour)
    assert "3人，其中劳动力2人" == shown(read)["家庭人口"]
    assert "12.50亩" == shown(read)["种植面积"]
    assert COLLEAGUE.name == shown(read)["协办人"]


@pytest.mark.parametrize(("age", "labour", "accepted"), [(15, "yes", False), (15, "no", True),
                                                         (16, "yes", True)])  # fmt: skip
def test_children_are_no_labour(age: int, labour: str, accepted: bool) -> None:
    """They are members all the same."""
    read = dossier(PRODUCT, values={"members": TableValue((member(age, labour),))})

    assert ([] if accepted else [(Code.RANGE, "members")]) == found(PRODUCT.problems(read))


def test_nobody_stands_in_a_household_twice() -> None:
    """Neither two rows, nor the customer among the others."""
    twice = TableValue((member(30), member(30)))
    holder = member(35, seed="0")
    holder["number"] = IdNumberValue(IdNumber(make.person(0, age=35).number))

    for rows in (twice, TableValue((holder,))):
        problems = PRODUCT.problems(dossier(PRODUCT, values={"members": rows}))
        assert [(Code.DUPLICATE, "members")] == found(problems)


def test_a_file_is_opened_on_the_spot() -> None:
    """Without a place there is no visit."""
    read = dossier(PRODUCT)
    nowhere = msgspec.structs.replace(read.submission, place=None)

    assert () == PRODUCT.problems(read)
    problems = PRODUCT.problems(dataclasses.replace(read, submission=nowhere))
    assert [(Code.EVIDENCE, "place")] == found(problems)


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_a_grown_up_holds_the_file(age: int, accepted: bool) -> None:
    """The household's children do not."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age)))


def test_a_person_has_one_file() -> None:
    """Whatever else is answered, the claim is the same."""
    one, other = dossier(PRODUCT), dossier(PRODUCT, values={"village": TextValue("新田村")})

    assert PRODUCT.claims(one, "530102") == PRODUCT.claims(other, "530102")
    assert PRODUCT.claims(one, "530102") != PRODUCT.claims(dossier(PRODUCT, age=36), "530102")
    (leg,) = PRODUCT.plan(one)
    assert isinstance(leg.operation, OpenFile)


def test_the_evidence_is_complete() -> None:
    """Three scenes, the household register and the land certificate."""
    codes = [field.evidence for field in PRODUCT.form.fields if field.required]

    assert 3 == codes.count("E7")
    assert {"E1", "E3", "E7", "E8", "E9"} <= set(codes)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"income": AmountValue(50_000_00), "cost": AmountValue(4_999_99)}, ["cost"]),
        ({"income": AmountValue(50_000_00), "cost": AmountValue(5_000_00)}, []),
        ({"experience": NumberValue(22)}, ["experience"]),
        ({"experience": NumberValue(21)}, []),
    ],
)
def test_a_household_is_plausible(values: dict[str, Value], where: list[str]) -> None:
    """A tenth of the income is spent, and nobody of 35 has worked for longer than 21 years."""
    read = dossier(PRODUCT, values=values)

    assert [(Code.RANGE, name) for name in where] == found(PRODUCT.problems(read))


def test_a_union_says_what_a_household_can_be_worth() -> None:
    """The form asks for no more than its numbers allow, on the tablet and at the office."""
    field = PRODUCT.under(FileTerms(house_fen_max=7_00)).form.field("house")

    assert field is not None
    assert 7_00 == field.fen_max
