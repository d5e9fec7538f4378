"""Supplement: only what differs goes out, with its proof, and an income that jumps is looked at."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.partners.credit_files import FIELDS
from backoffice.partners.operations import Debt, Member, SupplementFile
from backoffice.products.file_supplement import PRODUCT, FileSupplementTerms
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import farmer_file
from tests.kit import submissions as make
from wire.masked import IdNumber
from wire.message import Code
from wire.value import (
    AmountValue,
    ChoicesValue,
    ChoiceValue,
    IdNumberValue,
    NumberValue,
    PhotoValue,
    TableValue,
    TextValue,
    Value,
)

SAME_INCOME = AmountValue(60_000_00)
PHOTO = PhotoValue(b"s" * 32, 90_000, 1280, 960, 500, make.NOW_MS)
CROPS = TableValue(({"crop": ChoiceValue("tea"), "mu": NumberValue(300)},))
PIGS = TableValue(({"animal": ChoiceValue("pig"), "heads": NumberValue(4)},))


def supplement(**values: Value | None) -> Any:
    """Of the usual file; the income is as it was unless it is said."""
    return dossier(PRODUCT, values={"income": SAME_INCOME, **values})


def sent(read: Any) -> dict[str, Any]:
    (leg,) = PRODUCT.plan(read)
    assert isinstance(leg.operation, SupplementFile)
    assert ("NH530102000001", 3) == (leg.operation.file_no, leg.operation.base_version)
    texts = leg.operation.changes
    return {name: msgspec.json.decode(text, type=FIELDS[name]) for name, text in texts.items()}


def test_only_what_differs_is_changed() -> None:
    """What was answered as the file says it stays out."""
    read = supplement(
        income=AmountValue(70_000_00),
        house=AmountValue(120_000_00),
        savings=AmountValue(25_000_00),
        village=TextValue("小河村 "),
        insured=ChoiceValue("no"),
        experience=NumberValue(8),
    )

    expected = {"income_fen": 70_000_00, "savings_fen": 25_000_00, "insured": False}
    assert expected == sent(read)
    assert () == PRODUCT.problems(read)
    lines = {line.title_zh: line.value for line in PRODUCT.slip_lines(read, {})}
    assert "60000.00元 → 70000.00元" == lines["家庭年收入"]
    assert "已投保 → 未投保" == lines["是否参加农业保险"]


def test_a_supplement_without_a_change_is_none() -> None:
    """The teller hears at once."""
    assert [(Code.FORMAT, "income")] == found(PRODUCT.problems(supplement()))


@pytest.mark.parametrize(
    ("asset", "value"),
    [
        ("house", AmountValue(130_000_00)),
        ("vehicles", AmountValue(1_00)),
        ("crops", CROPS),
        ("livestock", PIGS),
    ],
)
def test_an_asset_that_changed_is_photographed(asset: str, value: Value) -> None:
    """That very asset."""
    scene = f"scene_{asset}"

    assert [(Code.EVIDENCE, scene)] == found(PRODUCT.problems(supplement(**{asset: value})))
    assert () == PRODUCT.problems(supplement(**{asset: value, scene: PHOTO}))


def test_what_is_gone_becomes_nothing() -> None:
    """Sold cars and paid debts; nobody can photograph them."""
    gone = ChoicesValue(("vehicles", "debts"))
    read = supplement(cleared=gone)

    assert {"vehicles_fen": 0, "debts": ()} == sent(read)
    assert () == PRODUCT.problems(read)
    both = supplement(cleared=gone, vehicles=AmountValue(5_00))
    assert [(Code.FORMAT, "vehicles")] == found(PRODUCT.problems(both))


def test_tables_are_replaced_as_the_file_keeps_them() -> None:
    """The customer heads the members; the worth is computed anew."""
    number = IdNumber(make.person("child", age=20).number)
    row: dict[str, Any] = {
        "name": TextValue("和建国"),
        "number": IdNumberValue(number),
        "relation": ChoiceValue("child"),
        "labour": ChoiceValue("no"),
    }
    owed = TableValue(({"creditor": TextValue("农业银行"), "owed": AmountValue(9_000_00)},))
    read = supplement(members=TableValue((row,)), labour=ChoiceValue("yes"), debts=owed)
    head, child = sent(read)["members"]

    assert Member(read.customer.name, read.customer.number, "self", True) == head
    assert Member("和建国", number, "child", False) == child
    assert (Debt("农业银行", 9_000_00),) == sent(read)["debts"]
    assert str(151_000_00) == PRODUCT.profile(read)["net_fen"]
    alone = supplement(members=TableValue((row,)))
    assert [(Code.FORMAT, "labour")] == found(PRODUCT.problems(alone))


@pytest.mark.parametrize(
    ("income", "expected"),
    [(59_999_99, ("A1", "")), (89_999_99, ("A1", "")), (90_000_00, ("A2", "income_jump"))],
)
def test_an_income_that_jumps_is_looked_at(income: int, expected: tuple[str, str]) -> None:
    """Half as much again, to the fen."""
    assert [expected] == flags(PRODUCT, supplement(income=AmountValue(income)))


def test_a_union_says_what_a_jump_is() -> None:
    """And any income is one where there was none."""
    terms = FileSupplementTerms(income_jump_percent=100)
    read = dossier(PRODUCT, values={"income": AmountValue(90_000_00)}, terms=terms)
    none = dossier(PRODUCT, listed={"file": farmer_file(income_fen=0)})

    assert [("A1", "")] == flags(PRODUCT, read)
    assert [("A2", "income_jump")] == flags(PRODUCT, none)
