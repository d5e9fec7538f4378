"""Product promotion: interest is noted, and whoever wants to be left alone is."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.products.product_promotion import PRODUCT
from tests.backoffice.products.dossiers import dossier, found
from tests.backoffice.products.listings import item
from wire.message import Code
from wire.value import ChoicesValue, ChoiceValue, Value

CAMPAIGN = {"campaign": item("spring@3", campaign="spring", materials=3)}
TOPICS: dict[str, Value] = {"topics": ChoicesValue(("credit", "bill"))}


def told(response: str, **values: Value) -> Any:
    return dossier(PRODUCT, values={"response": ChoiceValue(response), **values}, listed=CAMPAIGN)


def test_interest_goes_to_the_customers_record() -> None:
    """Topic by topic."""
    read = told("interested", **TOPICS)

    assert () == PRODUCT.problems(read)
    assert {"interest.credit": "1", "interest.bill": "1"} == PRODUCT.profile(read)


def test_whoever_wants_to_be_left_alone_is() -> None:
    """An earlier consent ends with it."""
    expected = {"do_not_contact": "1", "consent.marketing": "0"}

    assert expected == PRODUCT.profile(told("do_not_contact"))
    assert {} == PRODUCT.profile(told("declined"))


@pytest.mark.parametrize("response", ["declined", "do_not_contact"])
def test_nobody_who_declines_is_noted_as_interested(response: str) -> None:
    """Whatever the teller would like."""
    problems = PRODUCT.problems(told(response, **TOPICS))

    assert [(Code.FORMAT, "topics")] == found(problems)
