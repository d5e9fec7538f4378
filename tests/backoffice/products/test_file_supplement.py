"""Supplement: only what differs goes out, with its proof, and what may lift a rating takes two."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners.credit_files import FIELDS
from backoffice.partners.operations import Debt, Member, SupplementFile
from backoffice.products.file_supplement import PRODUCT
from backoffice.questions.file_change import after, changes
from backoffice.questions.household import FileTerms
from backoffice.questions.scorecard import Scorecard, Standing, is_better, rate
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import farmer_file
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from wire.masked import IdNumber
from wire.message import Code
from wire.value import (
    AmountValue,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
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


COLLEAGUE = ColleagueValue("T002", "员工T002", "1")
CARD = Scorecard()


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
        scene_income=PHOTO,
        scene_savings=PHOTO,
        colleague=COLLEAGUE,
    )

    expected = {"income_fen": 70_000_00, "savings_fen": 25_000_00, "insured": False}
    assert expected == sent(read)
    assert () == PRODUCT.problems(read)
    lines = {line.title_zh: line.value for line in slip_of(PRODUCT, read)}
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
        ("savings", AmountValue(19_000_00)),
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
    assert () == PRODUCT.problems(read), "the file knew of no debt"
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
    [
        (59_999_99, [("A1", "")]),
        (89_999_99, [("A1", ""), ("A2", "rating_lift")]),
        (90_000_00, [("A1", ""), ("A2", "rating_lift"), ("A2", "income_jump")]),
    ],
)
def test_an_income_that_jumps_is_looked_at(income: int, expected: list[tuple[str, str]]) -> None:
    """Half as much again, to the fen; and any that carries a higher limit."""
    assert expected == flags(PRODUCT, supplement(income=AmountValue(income)))


def test_a_union_says_what_a_jump_is() -> None:
    """And any income is one where there was none."""
    terms = FileTerms(income_jump_percent=100)
    read = dossier(PRODUCT, values={"income": AmountValue(90_000_00)}, terms=terms)
    none = dossier(PRODUCT, listed={"file": farmer_file(income_fen=0)})

    assert [("A1", ""), ("A2", "rating_lift")] == flags(PRODUCT, read)
    assert ("A2", "income_jump") in flags(PRODUCT, none)


def test_a_lone_teller_makes_nobody_credit_worthy() -> None:
    """A house and savings of millions, debts cleared, no cost, forty years in the business: all at
    once it was let through, from no grade to AA and 30,000 yuan.
    """
    poor = farmer_file(
        net_fen=-30_000_00,
        assets_fen=10_000_00,
        debts_fen=40_000_00,
        house_fen=10_000_00,
        vehicles_fen=0,
        savings_fen=0,
        cost_fen=58_000_00,
        labour=0,
        experience_years=0,
    )
    dream: dict[str, Value] = {
        "income": SAME_INCOME,
        "house": AmountValue(99_000_000_00),
        "savings": AmountValue(90_000_000_00),
        "cost": AmountValue(1_00),
        "experience": NumberValue(40),
        "cleared": ChoicesValue(("debts",)),
        "scene_house": PHOTO,
    }
    read = dossier(PRODUCT, values=dream, listed={"file": poor})

    bounds = {field.name: field.fen_max for field in PRODUCT.form.fields}
    assert (3_000_000_00, 2_000_000_00) == (bounds["house"], bounds["savings"])
    assert [
        (Code.RANGE, "cost"),
        (Code.RANGE, "experience"),
        (Code.EVIDENCE, "scene_savings"),
        (Code.EVIDENCE, "scene_income"),
        (Code.EVIDENCE, "scene_debts"),
        (Code.EVIDENCE, "colleague"),
    ] == found(PRODUCT.problems(read))
    assert [("A1", ""), ("A2", "rating_lift")] == flags(PRODUCT, read)


FEN = st.integers(0, 300_000_00).map(AmountValue)
CHANGES = st.fixed_dictionaries(
    {"income": FEN},
    optional={
        "cost": FEN,
        "house": FEN,
        "vehicles": FEN,
        "savings": FEN,
        "experience": st.integers(0, 21).map(NumberValue),
        "debts": FEN.map(lambda owed: TableValue(({"creditor": TextValue("农行"), "owed": owed},))),
        "members": st.integers(1, 5).map(lambda many: members(many)),
    },
)
RECORDS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    overdue_now=st.booleans(),
    overdues_minor=st.integers(0, 3),
    borrowed=st.booleans(),
    reputation=st.integers(0, 5),
    dealings=st.integers(0, 5),
    age=st.integers(18, 90),
)


def members(many: int) -> TableValue:
    """So many besides the customer; every second one works."""
    return TableValue(
        tuple(
            {
                "name": TextValue(f"家人{number}"),
                "number": IdNumberValue(IdNumber(make.person(number, age=30).number)),
                "relation": ChoiceValue("other"),
                "labour": ChoiceValue("yes" if number % 2 else "no"),
            }
            for number in range(many)
        )
    )


def after_facts(read: Any) -> dict[str, int]:
    """What the file says once a supplement is made: what the next one is compared to."""
    new, then = changes(read), after(read)
    old = read.item("file").facts
    names = ("income_fen", "cost_fen", "house_fen", "vehicles_fen", "savings_fen")
    amounts = {name: int(new.get(name, old[name])) for name in names}
    assets = amounts["house_fen"] + amounts["vehicles_fen"] + amounts["savings_fen"]
    return amounts | {
        "net_fen": then.net_fen,
        "debts_fen": assets - then.net_fen,
        "members": then.members,
        "labour": then.labour,
        "experience_years": then.experience_years,
    }


@given(st.lists(CHANGES, min_size=1, max_size=6), RECORDS)
def test_no_row_of_supplements_lifts_a_rating_by_rules_alone(
    rows: list[dict[str, Value]], record: dict[str, Any]
) -> None:
    """Whatever the record says in the end: what passed at A1 has lifted neither grade nor limit."""
    file = farmer_file()
    start = after(dossier(PRODUCT, listed={"file": file}, values={"income": SAME_INCOME}))
    for row in rows:
        values = {**row, "labour": ChoiceValue("yes")}
        read = dossier(PRODUCT, listed={"file": file}, values=values)
        if flags(PRODUCT, read) == [("A1", "")]:
            file = farmer_file(**after_facts(read))
    end = after(
        dossier(
            PRODUCT,
            listed={"file": file},
            values={"income": AmountValue(int(file.facts["income_fen"]))},
        )
    )

    first, last = (rate(known(one, record), CARD) for one in (start, end))
    assert not is_better(last, first, CARD), f"{first} became {last}"


def known(file: Standing, record: dict[str, Any]) -> Standing:
    """A file beside somebody's record."""
    return msgspec.structs.replace(file, **record)
