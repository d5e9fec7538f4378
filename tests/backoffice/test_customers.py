"""What the bank learns about a person: facts, consent, the golden record, tags, offers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.tagged import Tagged
from backoffice.cases.events import CustomerLearned
from backoffice.catalogue import products
from backoffice.customers.recommend import OFFERS, is_eligible, recommend, suits
from backoffice.customers.record import (
    Correct,
    CustomerChanged,
    CustomerRecord,
    CustomerState,
    CustomerView,
    GetCustomer,
    Review,
    customer_key,
)
from backoffice.customers.rules import CustomerRules, Standing
from tests.kit import submissions as make
from wire.masked import IdNumber

NUMBER = IdNumber(make.person(1).number)
DAY_MS = 24 * 60 * 60 * 1000


class Person:
    """One record, driven the way the runtime drives it."""

    def __init__(self) -> None:
        self.behaviour = CustomerRecord(CustomerRules(), ("ecif", "ocrm"))
        self.state: CustomerState = self.behaviour.initial(customer_key(NUMBER))
        self.told: list[CustomerChanged] = []
        self.events = 0

    def give(self, command: Any, now_ms: int = make.NOW_MS) -> Any:
        verdict: Any = self.behaviour.decide(self.state, command, now_ms, "test")
        codec = Tagged(self.behaviour.event_type)
        for event in verdict.events:
            kind, body = codec.encode(event)
            assert event == codec.decode(kind, body, "story")
            self.state = self.behaviour.evolve(self.state, event)
            self.events += 1
            self.told += [
                effect.message  # type: ignore[misc]  # records tell nothing else
                for effect in self.behaviour.react(self.state, event)
                if effect.to == "ecif"
            ]
        return verdict.reply

    def learn(self, case: str, at_ms: int = make.NOW_MS, **profile: str) -> None:
        facts = {name.replace("__", "."): value for name, value in profile.items()}
        self.give(learned(case, at_ms, facts), at_ms)

    @property
    def facts(self) -> dict[str, str]:
        return self.state.values


def learned(case: str, at_ms: int, facts: dict[str, str]) -> CustomerLearned:
    return CustomerLearned(
        case_id=case,
        union="530102",
        product="debit_card",
        outlet="O1",
        staff_id="T001",
        number=NUMBER,
        name="李秀英",
        profile=facts,
        at_ms=at_ms,
    )


def test_a_case_teaches_once_however_often_it_tells() -> None:
    """Effects come at least once."""
    person = Person()
    person.learn("one", phone="13800001111", job="farmer")
    events = person.events
    person.learn("one", phone="13900002222")

    assert "13800001111" == person.facts["phone"]
    assert events == person.events
    assert ["one"] == [visit.case_id for visit in person.state.visits]


def test_a_newer_case_corrects_and_the_feed_gets_old_and_new() -> None:
    """What was, and what is."""
    person = Person()
    person.learn("one", phone="13800001111")
    person.learn("two", phone="13900002222")

    last = [one for changed in person.told for one in changed.changes if one.fact == "phone"][-1]
    assert ("13800001111", "13900002222") == (last.old, last.new)
    assert len(person.told) == len({changed.change_id for changed in person.told})


def test_the_golden_record_wins_until_it_says_otherwise() -> None:
    """ECIF's phone stays, whatever a case says; without ECIF's word the next case counts again."""
    person = Person()
    person.learn("one", phone="13800001111")
    person.give(Correct(NUMBER, "李秀英", {"phone": "13711113333", "income_fen": "1"}))
    person.learn("two", phone="13900002222")
    assert "13711113333" == person.facts["phone"]
    assert "income_fen" not in person.facts

    person.give(Correct(NUMBER, "李秀英", {"phone": ""}))
    person.learn("three", phone="13900002222")
    assert "13900002222" == person.facts["phone"]


def test_browsing_and_place_are_kept_only_with_consent() -> None:
    """No consent, nothing recorded; consent given with the same case counts."""
    person = Person()
    person.learn("one", interest__wealth="1", place="25.04,102.71")
    assert {"interest.wealth", "place"}.isdisjoint(person.facts)

    person.learn("two", interest__wealth="1", place="x", consent__marketing="1", consent__place="1")
    assert {"interest.wealth", "place"} <= set(person.facts)


def test_tags_and_tier_follow_the_facts_and_the_days() -> None:
    """Computed on every change, and every day."""
    person = Person()
    for number in range(3):
        person.learn(f"case {number}", job="farmer", net_fen=str(300_000_00))
    assert ("gold", ("farmer", "regular")) == (
        person.state.standing.tier,
        person.state.standing.tags,
    )
    events = person.events
    person.give(Review(), make.NOW_MS + DAY_MS)
    assert events == person.events

    person.give(Review(), make.NOW_MS + 91 * DAY_MS)
    assert ("farmer",) == person.state.standing.tags
    assert ["tags"] == [one.fact for one in person.told[-1].changes]


@pytest.mark.parametrize(
    ("fen", "tier"),
    [
        (0, "plain"),
        (49_999_99, "plain"),
        (50_000_00, "silver"),
        (299_999_99, "silver"),
        (300_000_00, "gold"),
        (999_999_99, "gold"),
        (1_000_000_00, "diamond"),
        (-5_00, ""),
    ],
)
def test_tiers_begin_exactly_where_they_begin(fen: int, tier: str) -> None:
    """Somebody who owes more than they own has no tier yet."""
    assert tier == CustomerRules().standing({"net_fen": str(fen)}, [], make.NOW_MS).tier


def test_the_number_is_in_no_repr() -> None:
    """A record may be logged by mistake."""
    person = Person()
    person.learn("one", phone="13800001111", address="云南省昆明市")
    text = " ".join(map(repr, (person.state, person.told, learned("x", 0, {"phone": "138"}))))

    assert NUMBER.number not in text
    assert "13800001111" not in text


# Recommendations.

PRODUCTS = products()


def seen(facts: dict[str, str], tags: tuple[str, ...] = ()) -> CustomerView:
    return CustomerView(facts, Standing(1, "plain", tags), ())


def test_a_farmer_without_a_file_is_offered_one_and_told_why() -> None:
    """The reason is the strongest tag's."""
    offers = recommend(seen({"holds.debit_card": "1"}, ("farmer",)), 40, PRODUCTS)

    assert "farmer_file" == offers[0].product
    assert "农户" in offers[0].reason_zh
    assert all(offer.reason_zh and offer.reason_en and offer.title_zh for offer in offers)


def test_who_wants_no_offers_gets_none() -> None:
    """Do-not-contact and withheld consent are obeyed."""
    assert () == recommend(seen({"do_not_contact": "1"}), 40, PRODUCTS)
    assert () == recommend(seen({"consent.marketing": "0"}), 40, PRODUCTS)


@pytest.mark.parametrize(
    ("level", "allowed"),
    [
        ("", ()),
        ("C1-", ("R1",)),
        ("C1", ("R1",)),
        ("C2", ("R1", "R2")),
        ("C3", ("R1", "R2", "R3")),
        ("C4", ("R1", "R2", "R3", "R4")),
        ("C5", ("R1", "R2", "R3", "R4", "R5")),
    ],
)
def test_no_fund_above_the_rating(level: str, allowed: tuple[str, ...]) -> None:
    """R ≤ C, strictly."""
    assert allowed == tuple(f"R{n}" for n in range(1, 6) if suits(f"R{n}", level))


@given(
    age=st.integers(0, 120),
    level=st.sampled_from(["", "C1-", "C1", "C2", "C3", "C4", "C5"]),
    holds=st.sets(st.sampled_from([fact for offer in OFFERS for fact in offer.lacks])),
    tags=st.sets(st.sampled_from([rule.code for rule in CustomerRules().tags])),
)
def test_only_what_somebody_may_have_is_ever_offered(
    age: int, level: str, holds: set[str], tags: set[str]
) -> None:
    """Eligibility first, whatever the weights say; at most three, best first."""
    facts = dict.fromkeys(holds, "1") | ({"risk_level": level} if level else {})
    offers = recommend(seen(facts, tuple(sorted(tags))), age, PRODUCTS)
    by_product = {offer.product: offer for offer in OFFERS}

    assert len(offers) <= 3
    assert [offer.score for offer in offers] == sorted((o.score for o in offers), reverse=True)
    for offer in offers:
        assert is_eligible(by_product[offer.product], facts, age)


def test_every_offer_names_a_product() -> None:
    """And every weight a tag of the rules."""
    tags = {rule.code for rule in CustomerRules().tags}

    assert {offer.product for offer in OFFERS} <= set(PRODUCTS)
    assert {weight.tag for offer in OFFERS for weight in offer.weights} <= tags


def test_nothing_known_is_an_empty_record() -> None:
    """Asking about somebody creates nothing."""
    person = Person()
    reply = person.give(GetCustomer())

    assert (CustomerView({}, Standing(), ()), 0) == (reply, person.events)
