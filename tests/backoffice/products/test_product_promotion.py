"""Product promotion: interest is noted, and whoever wants to be left alone is."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.queries import Campaigns
from backoffice.product import Asking
from backoffice.products.product_promotion import PRODUCT
from tests.backoffice.products.dossiers import dossier, found
from tests.backoffice.products.listings import item
from tests.kit.submissions import NOW_MS
from wire.masked import IdNumber
from wire.message import Code, Refusal
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


@pytest.mark.parametrize("known", [{}, {"do_not_contact": "0"}, {"consent.marketing": "0"}])
def test_campaigns_are_listed_for_whoever_may_be_told(known: dict[str, str]) -> None:
    """Everybody but those who said no to being contacted at all."""
    number = IdNumber("11010519491231002X")
    asking = Asking(number, "O1", {}, NOW_MS, PRODUCT.terms, known)

    assert Campaigns(number) == PRODUCT.listings["campaign"](asking)


def test_nobody_is_told_of_campaigns_who_said_no_to_it() -> None:
    """Said once, at whatever outlet; the teller reads why."""
    known = {"do_not_contact": "1"}
    asking = Asking(IdNumber("11010519491231002X"), "O1", {}, NOW_MS, PRODUCT.terms, known)
    answer = PRODUCT.listings["campaign"](asking)

    assert isinstance(answer, Refusal)
    assert [(Code.SUITABILITY, "campaign")] == found((answer,))
    assert "不再联系" in answer.message
    assert "11010519491231002X" not in repr(asking)
