"""Credit-card intake: of the right age, with two people who can be called, and three sights."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import ApplyCreditCard
from backoffice.products.credit_card_application import PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from wire.form import FieldKind
from wire.masked import Phone
from wire.message import Code
from wire.value import AmountValue, PhoneValue


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True), (65, True), (66, False)])
def test_applicants_are_of_age(age: int, accepted: bool) -> None:
    """Neither too young nor too old."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age)))


@pytest.mark.parametrize("same", ["phone", "contact1_phone"])
def test_each_contact_has_a_number_of_their_own(same: str) -> None:
    """Neither the applicant's nor the other contact's."""
    one = PhoneValue(Phone("13900001111"))
    read = dossier(PRODUCT, values={same: one, "contact2_phone": one})

    assert [(Code.DUPLICATE, "contact2_phone")] == found(PRODUCT.problems(read))


def test_the_three_sights_are_three_confirmations() -> None:
    """None of them can be left out, and all go to the card centre."""
    sights = [one for one in PRODUCT.form.fields if one.kind is FieldKind.CONFIRM]
    (leg,) = PRODUCT.plan(dossier(PRODUCT))

    assert isinstance(leg.operation, ApplyCreditCard)
    assert ("applicant", "original", "signature") == leg.operation.sights
    assert 2 == len(leg.operation.contacts)
    assert [True] * 3 == [one.required for one in sights]


def test_one_authorizer_looks_and_the_income_is_remembered() -> None:
    """No money moves."""
    read = dossier(PRODUCT, values={"income": AmountValue(60_000_00)})

    assert [("A2", "")] == flags(PRODUCT, read)
    assert "6000000" == PRODUCT.profile(read)["income_fen"]


def test_the_proof_of_income_may_come_tomorrow() -> None:
    """It is the one picture that an authorizer may do without today."""
    deferrable = [one.name for one in PRODUCT.form.fields if one.deferrable]

    assert ["income_proof"] == deferrable
