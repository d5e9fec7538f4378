"""Securities account opening: of age, rated, witnessed, and not the fourth account."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import OpenSecurities
from backoffice.partners.queries import Brokers, RiskRatings
from backoffice.product import Asking
from backoffice.products.securities_account import PRODUCT
from backoffice.questions.fields import CARD_FIRST
from tests.backoffice.products.dossiers import COLLEAGUE, dossier, flags, found
from tests.backoffice.products.listings import broker, rating
from tests.backoffice.right_answers import slip_of
from tests.kit.submissions import NOW_MS
from wire.masked import IdNumber
from wire.message import Code
from wire.value import ChoiceValue

TWO_HERE = {"witness": ChoiceValue("colleague")}


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_customers_are_of_age(age: int, accepted: bool) -> None:
    """From the eighteenth birthday on."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age)))


@pytest.mark.parametrize(("accounts", "accepted"), [(0, True), (2, True), (3, False)])
def test_a_person_has_three_accounts_at_most(accounts: int, accepted: bool) -> None:
    """Wherever they are."""
    read = dossier(PRODUCT, listed={"broker": broker(accounts)})

    expected = [] if accepted else [(Code.LIMIT, "broker")]
    assert expected == found(PRODUCT.problems(read))


def test_who_is_not_rated_opens_nothing() -> None:
    """The rating has to be chosen, and is the wealth system's: the risk assessment comes first."""
    number, field = IdNumber("11010519491231002X"), PRODUCT.form.field("rating")

    assert field is not None
    assert field.required
    for name, query in (("rating", RiskRatings(number)), ("broker", Brokers(number))):
        listing = PRODUCT.listings[name]
        assert query == listing(Asking(number, "O1", {}, NOW_MS, PRODUCT.terms))
        assert CARD_FIRST == listing(Asking(None, "O1", {}, NOW_MS, PRODUCT.terms))


def test_two_here_means_that_the_second_was_there() -> None:
    """Proven, and named on the slip."""
    alone = dossier(PRODUCT, values=TWO_HERE)
    both = dossier(PRODUCT, values=TWO_HERE, colleagues={"colleague": COLLEAGUE})

    assert [(Code.EVIDENCE, "colleague")] == found(PRODUCT.problems(alone))
    assert () == PRODUCT.problems(both)
    assert COLLEAGUE.name in [line.value for line in slip_of(PRODUCT, both)]


def test_an_authorizer_always_looks_and_may_be_the_witness() -> None:
    """One reason either way."""
    both = dossier(PRODUCT, values=TWO_HERE, colleagues={"colleague": COLLEAGUE})

    assert [("A3", "securities")] == flags(PRODUCT, both)
    assert [("A3", "witness")] == flags(PRODUCT, dossier(PRODUCT))


def test_the_broker_is_asked_at_the_customers_rating() -> None:
    """One leg: what the broker refuses leaves nothing at the bank."""
    read = dossier(PRODUCT, listed={"rating": rating("C2")})
    (leg,) = PRODUCT.plan(read)

    assert isinstance(leg.operation, OpenSecurities)
    assert ("BROKER", "C2", "remote") == (
        leg.operation.broker,
        leg.operation.level,
        leg.operation.witness,
    )
    assert "C2" in [line.value for line in slip_of(PRODUCT, read)]
