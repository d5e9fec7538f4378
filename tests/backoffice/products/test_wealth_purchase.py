"""Wealth purchase: never more risk than the rating carries, and only amounts that can be bought."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import BuyFund, HoldFunds
from backoffice.partners.queries import Funds
from backoffice.product import Asking
from backoffice.products.wealth_purchase import PRODUCT
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import fund
from tests.kit.submissions import NOW_MS
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.value import AmountValue

RATINGS = ("C1-", "C1", "C2", "C3", "C4", "C5")
CARRIED = (1, 1, 2, 3, 4, 5)
SMALL = {"amount": AmountValue(1_000_00)}


@pytest.mark.parametrize(("rating", "most"), list(zip(RATINGS, CARRIED, strict=True)))
@pytest.mark.parametrize("risk", range(1, 6))
def test_nobody_buys_more_risk_than_they_carry(rating: str, most: int, risk: int) -> None:
    """The whole table of ratings and risks."""
    read = dossier(PRODUCT, values=SMALL, listed={"fund": fund(f"R{risk}", rating)})

    expected = [] if risk <= most else [(Code.SUITABILITY, "fund")]
    assert expected == found(PRODUCT.problems(read))


@pytest.mark.parametrize(("risk", "level"), [("R1", ""), ("R6", "C5"), ("", "C5"), ("R1", "C9")])
def test_an_unknown_rating_or_risk_suits_nobody(risk: str, level: str) -> None:
    """No rating, or one that nobody has heard of."""
    read = dossier(PRODUCT, values=SMALL, listed={"fund": fund(risk, level)})

    assert [(Code.SUITABILITY, "fund")] == found(PRODUCT.problems(read))


@pytest.mark.parametrize(
    ("yuan_fen", "problem"),
    [
        (9_999_99, Code.RANGE),
        (10_000_00, None),
        (10_000_01, Code.RANGE),
        (11_000_00, None),
        (50_000_00, None),
        (51_000_00, Code.LIMIT),
    ],
)
def test_amounts_start_step_and_end(yuan_fen: int, problem: Code | None) -> None:
    """From 10,000 in steps of 1,000, and 50,000 are left."""
    offered = fund(start_fen=10_000_00, step_fen=1_000_00, quota_fen=50_000_00)
    read = dossier(PRODUCT, values={"amount": AmountValue(yuan_fen)}, listed={"fund": offered})

    expected = [] if problem is None else [(problem, "amount")]
    assert expected == found(PRODUCT.problems(read))


@pytest.mark.parametrize(("later_ms", "accepted"), [(1, True), (0, False), (-1, False)])
def test_what_is_past_its_cut_off_is_not_sold(later_ms: int, accepted: bool) -> None:
    """The office's clock decides."""
    offered = fund(cutoff_ms=NOW_MS + later_ms)
    read = dossier(PRODUCT, values=SMALL, listed={"fund": offered})

    expected = [] if accepted else [(Code.STALE, "fund")]
    assert expected == found(PRODUCT.problems(read))


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_children_do_not_buy(age: int, accepted: bool) -> None:
    """From the eighteenth birthday on."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age, values=SMALL)))


@pytest.mark.parametrize(
    ("risk", "fen", "raised"),
    [
        ("R3", 50_000_00, []),
        ("R3", 50_000_01, ["amount"]),
        ("R4", 50_000_00, ["high_risk"]),
        ("R5", 50_000_01, ["amount", "high_risk"]),
    ],
)
def test_much_risk_or_much_money_is_looked_at(risk: str, fen: int, raised: list[str]) -> None:
    """Each is a reason of its own for A3; both together are two."""
    read = dossier(PRODUCT, values={"amount": AmountValue(fen)}, listed={"fund": fund(risk, "C5")})
    met = flags(PRODUCT, read)

    assert ("A2", "") in met
    assert raised == [flag for level, flag in met if level == "A3"]


def test_the_order_is_placed_before_the_money_is_taken() -> None:
    """Both with the amount that the customer named, at the customer's rating."""
    order, funds = PRODUCT.plan(dossier(PRODUCT, values=SMALL))

    assert isinstance(order.operation, BuyFund)
    assert isinstance(funds.operation, HoldFunds)
    assert 1_000_00 == order.operation.fen == funds.operation.fen
    assert ("C1", "wealth/FUND") == (order.operation.level, funds.operation.payee)


def test_funds_are_listed_for_a_person() -> None:
    """Never all there are."""
    number = IdNumber("11010519491231002X")
    funds = PRODUCT.listings["fund"]

    assert Funds(number) == funds(Asking(number, "O1", {}, NOW_MS))
    assert isinstance(funds(Asking(None, "O1", {}, NOW_MS)), Refusal)


def test_the_record_learns_what_risk_is_held() -> None:
    """The product's, not the customer's."""
    assert {"holds.wealth": "R1"} == PRODUCT.profile(dossier(PRODUCT, values=SMALL))
