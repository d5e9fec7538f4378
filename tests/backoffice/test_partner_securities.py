"""Securities accounts: one with each broker, three in all, and a broker that may refuse."""

from __future__ import annotations

from backoffice.partners.operations import Operation, Partner
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.port import Commit, PartnerStatus
from backoffice.partners.queries import Brokers
from backoffice.partners.securities import Broker, SecuritiesPolicy
from tests.backoffice.partner_scenes import (
    UNION,
    Playing,
    done,
    look,
    open_securities,
    person,
    playing,
    prepare,
)
from wire.message import Code, Refusal

NUMBER = person().number
MANY = SecuritiesPolicy(brokers={code: Broker(code, code) for code in ("DX", "CS", "LJ", "YN")})


def refused(one: Playing, key: str, operation: Operation) -> Refusal:
    refusal = prepare(one, key, operation).refusal
    assert refusal is not None
    return refusal


def test_three_accounts_one_with_each_broker() -> None:
    """What waits for a signature counts."""
    one = playing(Partner.SEC, PartnersPolicy(training=True, sec=MANY))
    done(one, "a", open_securities(broker="DX"))
    assert Code.DUPLICATE is refused(one, "b", open_securities(broker="DX")).code
    prepare(one, "c", open_securities(broker="CS"))
    done(one, "d", open_securities(broker="LJ"))
    assert Code.LIMIT is refused(one, "e", open_securities(broker="YN")).code

    listed = {item.code: item.facts for item in look(one, Brokers(NUMBER))}
    assert {"CS", "YN"} == set(listed)
    assert {"accounts": "2"} == listed["YN"]
    one.ask(Commit("c", UNION))
    assert () == look(one, Brokers(NUMBER))


def test_a_broker_may_refuse_at_the_last_moment() -> None:
    """Then nothing was opened."""
    policy = SecuritiesPolicy(refusing=("DX",))
    one = playing(Partner.SEC, PartnersPolicy(training=True, sec=policy))
    prepare(one, "k", open_securities())

    outcome = one.ask(Commit("k", UNION))

    assert PartnerStatus.DECLINED is outcome.status
    assert {} == one.state.accounts
    assert 3 == len(look(one, Brokers(NUMBER)))


def test_who_is_unrated_or_unknown_is_refused() -> None:
    """No level, no such broker."""
    one = playing(Partner.SEC)
    assert Code.SUITABILITY is refused(one, "a", open_securities(level="")).code
    assert Code.NOT_FOUND is refused(one, "b", open_securities(broker="??")).code
