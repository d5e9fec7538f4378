"""Wealth consultation: pure information; whoever wants to buy wants a certain product."""

from __future__ import annotations

import pytest

from backoffice.products.wealth_consult import PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import fund
from tests.backoffice.right_answers import slip_of
from wire.message import Code
from wire.value import ChoiceValue


def test_nothing_is_signed_and_nobody_is_asked() -> None:
    """No partner, no slip, no authorizer."""
    read = dossier(PRODUCT)

    assert not PRODUCT.signed
    assert () == PRODUCT.plan(read)
    assert [("A0", "")] == flags(PRODUCT, read)


def test_an_intention_names_its_product() -> None:
    """And then the receipt names it with its risk."""
    wants = {"outcome": ChoiceValue("interested")}
    named = dossier(PRODUCT, values=wants, listed={"fund": fund("R2", "C3")})

    assert [(Code.FORMAT, "fund")] == found(PRODUCT.problems(dossier(PRODUCT, values=wants)))
    assert () == PRODUCT.problems(named)
    assert ["FUND", "R2"] == [line.value for line in slip_of(PRODUCT, named)[:2]]


@pytest.mark.parametrize(
    ("outcome", "interest"), [("considering", "1"), ("interested", "1"), ("declined", "0")]
)
def test_interest_is_remembered(outcome: str, interest: str) -> None:
    """Also that there is none."""
    read = dossier(PRODUCT, values={"outcome": ChoiceValue(outcome)})

    assert {"interest.wealth": interest} == PRODUCT.profile(read)
