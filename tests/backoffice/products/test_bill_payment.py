"""Bill payment: the number is the biller's kind, the amount the biller's, and nobody pays twice."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import HoldFunds, PayBill
from backoffice.partners.queries import PartnerQuery, UnpaidBills
from backoffice.product import Asking
from backoffice.products.bill_payment import PRODUCT, TERMS, Biller, BillPaymentTerms
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import bill
from tests.kit.submissions import NOW_MS
from wire.checks import luhn_digit
from wire.message import Code, Refusal
from wire.value import ChoiceValue, TextValue, Value

RIGHT_TV = "000011112222333" + luhn_digit("000011112222333")
WRONG_TV = RIGHT_TV[:-1] + str((int(RIGHT_TV[-1]) + 1) % 10)


def paying(biller: str, number: str) -> dict[str, Value]:
    """A bill of that number."""
    return {"biller": ChoiceValue(biller), "bill_no": TextValue(number)}


@pytest.mark.parametrize(
    ("biller", "number", "problem"),
    [
        ("power", "123456789", Code.FORMAT),
        ("power", "1234567890", None),
        ("power", "12345678901", Code.FORMAT),
        ("telephone", "13812345678", None),
        ("telephone", "087163123456", None),
        ("telephone", "12812345678", Code.FORMAT),
        ("tv", RIGHT_TV, None),
        ("tv", WRONG_TV, Code.CHECKSUM),
        ("tv", RIGHT_TV[:-1], Code.FORMAT),
    ],
)
def test_a_number_is_of_its_billers_kind(biller: str, number: str, problem: Code | None) -> None:
    """A slip of the finger is found before somebody else's bill is paid."""
    read = dossier(PRODUCT, values=paying(biller, number))

    expected = [] if problem is None else [(problem, "bill_no")]
    assert expected == found(PRODUCT.problems(read))


def test_a_union_serves_its_own_billers() -> None:
    """What is not in its terms is not offered there."""
    only_water = BillPaymentTerms(billers=(Biller("water", "[0-9]+", "数字"),))
    read = dossier(PRODUCT, values=paying("power", "1234567890"), terms=only_water)

    assert [(Code.SUITABILITY, "biller")] == found(PRODUCT.problems(read))
    field = PRODUCT.form.field("biller")
    assert field is not None
    assert [one.code for one in field.options] == [one.code for one in TERMS.billers]


@pytest.mark.parametrize(
    ("fen", "level"),
    [
        (1_000_00, ("A1", "")),
        (1_000_01, ("A2", "")),
        (50_000_00, ("A2", "")),
        (50_000_01, ("A3", "amount")),
    ],
)
def test_the_amount_decides_who_looks(fen: int, level: tuple[str, str]) -> None:
    """Up to 1,000 yuan the PIN is enough."""
    assert [level] == flags(PRODUCT, dossier(PRODUCT, listed={"bill": bill(fen=fen)}))


def test_the_biller_is_told_before_the_money_moves() -> None:
    """Both with the amount that the biller listed."""
    biller, funds = PRODUCT.plan(dossier(PRODUCT, listed={"bill": bill(fen=86_40)}))

    assert (PayBill, "biller") == (type(biller.operation), biller.name)
    assert (HoldFunds, "funds") == (type(funds.operation), funds.name)
    assert isinstance(biller.operation, PayBill)
    assert isinstance(funds.operation, HoldFunds)
    assert 86_40 == biller.operation.fen == funds.operation.fen
    assert "biller/power" == funds.operation.payee
    assert not biller.optional
    assert not funds.optional


def test_a_bill_is_paid_once_whoever_pays_it() -> None:
    """The same bill is the same key; another month, number or biller is another."""
    first = PRODUCT.claims(dossier(PRODUCT, age=30), "u")
    again = PRODUCT.claims(dossier(PRODUCT, age=50), "u")
    other = PRODUCT.claims(dossier(PRODUCT, listed={"bill": bill(bill_no="87654321")}), "u")

    assert first == again
    assert first != other
    assert ["bill"] == [one.field for one in first]


def asked(values: dict[str, Value], terms: BillPaymentTerms = TERMS) -> PartnerQuery | Refusal:
    """What the biller would be asked."""
    return PRODUCT.listings["bill"](Asking(None, "O1", values, NOW_MS, terms))


def test_bills_are_listed_for_a_biller_and_a_number() -> None:
    """Not before both are answered."""
    assert UnpaidBills("tv", RIGHT_TV) == asked(paying("tv", f" {RIGHT_TV} "))
    assert isinstance(asked({}), Refusal)


@pytest.mark.parametrize(
    ("biller", "number", "problem"),
    [
        ("power", "123456789", (Code.FORMAT, "bill_no")),
        ("telephone", "12812345678", (Code.FORMAT, "bill_no")),
        ("tv", WRONG_TV, (Code.CHECKSUM, "bill_no")),
    ],
)
def test_a_biller_is_asked_about_no_number_but_its_own(
    biller: str, number: str, problem: tuple[Code, str]
) -> None:
    """A typing error is told at the table, and nobody else's bill is looked at."""
    answer = asked(paying(biller, number))

    assert isinstance(answer, Refusal)
    assert [problem] == found((answer,))


def test_a_union_lists_bills_of_its_own_billers_alone() -> None:
    """By its own numbers, where it has changed them."""
    own = BillPaymentTerms(billers=(Biller("water", "[0-9]{3}", "3位数字"),))
    other = asked(paying("power", "1234567890"), own)

    assert UnpaidBills("water", "123") == asked(paying("water", "123"), own)
    assert isinstance(other, Refusal)
    assert [(Code.SUITABILITY, "biller")] == found((other,))
