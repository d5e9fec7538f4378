"""Credit-card applications: one open per person, answered days later, the same answer for ever."""

from __future__ import annotations

from backoffice.partners.card_center import CardPolicy, Standing
from backoffice.partners.operations import Partner
from backoffice.partners.port import Abort, PartnerStatus
from backoffice.partners.queries import CardApplications
from backoffice.partners.training import DAY_MS
from tests.backoffice.partner_scenes import (
    UNION,
    Playing,
    apply_for_card,
    done,
    look,
    person,
    playing,
    prepare,
)
from wire.message import Code, Refusal

POLICY = CardPolicy()


def refused(one: Playing, key: str, who: int = 0, limit_fen: int = 10_000_00) -> Refusal:
    refusal = prepare(one, key, apply_for_card(who, limit_fen)).refusal
    assert refusal is not None
    return refusal


def standing(one: Playing, who: int = 0) -> str:
    return look(one, CardApplications(person(who).number))[0].facts["state"]


def test_one_open_application_per_person() -> None:
    """Also while it only waits for a signature."""
    one = playing(Partner.CARD)
    prepare(one, "k", apply_for_card())
    assert Code.DUPLICATE is refused(one, "k2").code
    one.ask(Abort("k", UNION))
    done(one, "k3", apply_for_card())

    assert Code.DUPLICATE is refused(one, "k4").code
    assert PartnerStatus.PREPARED is prepare(one, "k5", apply_for_card(1)).status
    assert Code.LIMIT is refused(one, "k6", 2, POLICY.limit_fen_max + 1).code


def test_the_answer_comes_days_later() -> None:
    """Some are approved, some declined; some must bring more papers, or are declined later."""
    one = playing(Partner.CARD)
    for who in range(40):
        done(one, f"k{who}", apply_for_card(who))
    assert {Standing.SENT} == {standing(one, who) for who in range(40)}

    one.now_ms += POLICY.answer_days * DAY_MS
    first = [standing(one, who) for who in range(40)]
    assert {Standing.APPROVED, Standing.NEED_MORE, Standing.DECLINED} == set(first)
    unfinished = first.index(Standing.NEED_MORE)
    assert Code.DUPLICATE is refused(one, "again", unfinished).code

    one.now_ms += POLICY.papers_days * DAY_MS
    last = [standing(one, who) for who in range(40)]
    assert Standing.NEED_MORE not in last
    assert [Standing.APPROVED == state for state in first] == [
        Standing.APPROVED == state for state in last
    ]
    assert PartnerStatus.PREPARED is prepare(one, "anew", apply_for_card(unfinished)).status
