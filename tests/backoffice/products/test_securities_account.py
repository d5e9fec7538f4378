"""Securities account opening: of age, rated, witnessed, and not the fourth account."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import OpenSecurities
from backoffice.products.securities_account import PRODUCT
from tests.backoffice.products.dossiers import COLLEAGUE, dossier, flags, found
from tests.backoffice.products.listings import broker
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
    """The risk assessment comes first."""
    read = dossier(PRODUCT, listed={"broker": broker(level="")})

    assert [(Code.SUITABILITY, "broker")] == found(PRODUCT.problems(read))


def test_two_here_means_that_the_second_was_there() -> None:
    """Proven, and named on the slip."""
    alone = dossier(PRODUCT, values=TWO_HERE)
    both = dossier(PRODUCT, values=TWO_HERE, colleagues={"colleague": COLLEAGUE})

    assert [(Code.EVIDENCE, "colleague")] == found(PRODUCT.problems(alone))
    assert () == PRODUCT.problems(both)
    assert COLLEAGUE.name in [line.value for line in PRODUCT.slip_lines(both, {})]


def test_an_authorizer_always_looks_and_may_be_the_witness() -> None:
    """One reason either way."""
    both = dossier(PRODUCT, values=TWO_HERE, colleagues={"colleague": COLLEAGUE})

    assert [("A3", "securities")] == flags(PRODUCT, both)
    assert [("A3", "witness")] == flags(PRODUCT, dossier(PRODUCT))


def test_the_broker_is_asked_at_the_customers_rating() -> None:
    """One leg: what the broker refuses leaves nothing at the bank."""
    (leg,) = PRODUCT.plan(dossier(PRODUCT))

    assert isinstance(leg.operation, OpenSecurities)
    assert ("BROKER", "C3", "remote") == (
        leg.operation.broker,
        leg.operation.level,
        leg.operation.witness,
    )
