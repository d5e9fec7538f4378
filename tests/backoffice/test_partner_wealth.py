"""Ratings with their history, funds for those whom they suit, quota that is never sold twice."""

from __future__ import annotations

import pytest

from backoffice.partners import training
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.port import Abort, Commit, PartnerStatus
from backoffice.partners.queries import Funds, RiskRatings
from backoffice.partners.training import DAY_MS
from backoffice.partners.wealth import Fund, WealthPolicy
from tests.backoffice.partner_scenes import (
    UNION,
    Playing,
    buy_fund,
    done,
    look,
    person,
    playing,
    prepare,
    rate_risk,
)
from wire.message import Code, Refusal

NUMBER = person().number
SMALL = WealthPolicy(funds=(Fund("AX", "安心", "Steady", 1, 100_00, 100_00, 300_00),))


def refused(one: Playing, key: str, operation: Operation) -> Refusal:
    outcome = prepare(one, key, operation)
    assert PartnerStatus.DECLINED is outcome.status
    assert outcome.refusal is not None
    return outcome.refusal


def test_the_newest_rating_counts_and_the_history_stays() -> None:
    """For a year; then there is none."""
    one = playing(Partner.WEALTH)
    done(one, "a", rate_risk(level="C2"))
    done(one, "b", rate_risk(level="C4"))
    (rating,) = look(one, RiskRatings(NUMBER))
    assert ("C4", "2") == (rating.facts["level"], rating.facts["today"])
    assert ["C2", "C4"] == [one_.level for one_ in one.state.ratings[NUMBER.number]]

    one.now_ms += 366 * DAY_MS
    assert () == look(one, RiskRatings(NUMBER))
    assert () == look(one, Funds(NUMBER))


def test_two_tries_a_day() -> None:
    """Those that wait for a signature count, too; those given up do not."""
    one = playing(Partner.WEALTH)
    done(one, "a", rate_risk())
    prepare(one, "b", rate_risk())
    assert Code.LIMIT is refused(one, "c", rate_risk()).code
    one.ask(Abort("b", UNION))
    done(one, "d", rate_risk())
    assert Code.LIMIT is refused(one, "e", rate_risk()).code
    assert PartnerStatus.PREPARED is prepare(one, "other", rate_risk(1)).status

    one.now_ms += DAY_MS
    assert PartnerStatus.PREPARED is prepare(one, "tomorrow", rate_risk()).status
    assert Code.RANGE is refused(one, "level", rate_risk(level="C9")).code


@pytest.mark.parametrize(
    ("level", "allowed"), [("C1-", 1), ("C1", 1), ("C2", 2), ("C3", 3), ("C4", 4), ("C5", 5)]
)
def test_only_what_suits_is_listed_and_sold(level: str, allowed: int) -> None:
    """Risk never above the rating."""
    one = playing(Partner.WEALTH)
    done(one, "rate", rate_risk(level=level))
    listed = look(one, Funds(NUMBER))
    assert [f"R{risk}" for risk in range(1, allowed + 1)] == [f.facts["risk"] for f in listed]
    assert {(level, "1")} == {(f.facts["level"], f.facts["first"]) for f in listed}

    for fund in look(one, Funds(None)):
        start = int(fund.facts["start_fen"])
        order = type(buy_fund())(person(), fund.code, start, level)
        outcome = prepare(one, fund.code, order)
        suits = int(fund.facts["risk"][1]) <= allowed
        assert suits == (outcome.status is PartnerStatus.PREPARED)
        if not suits:
            assert outcome.refusal is not None
            assert Code.SUITABILITY is outcome.refusal.code


def test_quota_is_never_sold_twice() -> None:
    """What is held counts; what is given up comes back."""
    one = playing(Partner.WEALTH, PartnersPolicy(training=True, wealth=SMALL))
    prepare(one, "a", buy_fund(0, 200_00))
    assert Code.LIMIT is refused(one, "b", buy_fund(1, 200_00)).code
    (left,) = look(one, Funds(NUMBER))
    assert str(100_00) == left.facts["quota_fen"]
    one.ask(Abort("a", UNION))
    done(one, "c", buy_fund(1, 300_00))
    assert Code.LIMIT is refused(one, "d", buy_fund(0, 100_00)).code
    assert [300_00] == [order.fen for own in one.state.orders.values() for order in own]
    assert "0" == look(one, Funds(person(1).number))[0].facts["first"]


def test_a_cut_off_between_prepare_and_commit_declines() -> None:
    """The next month's issue has its own quota."""
    one = playing(Partner.WEALTH)
    prepare(one, "k", buy_fund())
    one.now_ms = training.month_end_ms(one.now_ms) + 1

    outcome = one.ask(Commit("k", UNION))

    assert PartnerStatus.DECLINED is outcome.status
    assert Code.STALE is outcome.refusal.code
    assert {"AX202506": 0} == one.state.sold
    assert Code.STALE is refused(one, "late", buy_fund()).code
    assert PartnerStatus.PREPARED is prepare(one, "next", buy_fund(fund="AX202507")).status


def test_amounts_are_start_and_steps() -> None:
    """Nothing in between, and the rating is the one that was shown."""
    one = playing(Partner.WEALTH)
    for n, fen in enumerate((99_00, 150_00, 0, -100_00)):
        assert Code.RANGE is refused(one, f"k{n}", buy_fund(fen=fen)).code
    done(one, "rate", rate_risk(level="C1"))
    assert Code.STALE is refused(one, "old rating", buy_fund()).code


def test_outside_training_nobody_is_rated() -> None:
    """So nothing is offered."""
    one = playing(Partner.WEALTH, PartnersPolicy())
    assert () == look(one, RiskRatings(NUMBER)) == look(one, Funds(NUMBER))
    assert 5 == len(look(one, Funds(None)))
