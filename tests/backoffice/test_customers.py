"""What the bank learns about a person: facts, consent, the golden record, tags, offers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.durable.tagged import Tagged
from backoffice.cases.events import CustomerLearned
from backoffice.catalogue import products
from backoffice.customers.recommend import OFFERS, is_eligible, recommend, suits
from backoffice.customers.record import (
    PLACE_STEP_E6,
    Correct,
    CustomerChanged,
    CustomerRecord,
    CustomerState,
    CustomerView,
    GetCustomer,
    Review,
    coarse,
    customer_key,
)
from backoffice.customers.rules import CustomerRules, Standing
from tests.kit import submissions as make
from wire.masked import IdNumber
from wire.messages.case import Place

NUMBER = IdNumber(make.person(1).number)
HERE = Place(25_046_500, 102_748_200, 8)
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

    def learn(
        self, case: str, at_ms: int = make.NOW_MS, place: Place | None = None, **profile: str
    ) -> None:
        facts = {name.replace("__", "."): value for name, value in profile.items()}
        self.give(learned(case, at_ms, facts, place), at_ms)

    def agree(self, case: str, place: Place) -> None:
        both = {"consent__marketing": "1", "consent__place": "1"}
        self.learn(case, make.NOW_MS, place, interest__wealth="1", **both)

    @property
    def facts(self) -> dict[str, str]:
        return self.state.values


def learned(
    case: str, at_ms: int, facts: dict[str, str], place: Place | None = None
) -> CustomerLearned:
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
        place=place,
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
    person.learn("one", place=HERE, interest__wealth="1")
    assert {"interest.wealth", "place"}.isdisjoint(person.facts)

    person.agree("two", HERE)
    assert ("1", "25.05,102.75") == (person.facts["interest.wealth"], person.facts["place"])


def test_consent_that_is_withdrawn_takes_with_it_what_was_kept_by_it() -> None:
    """From the record and, by the feeds, from whoever got it; the other consent stands."""
    person = Person()
    person.agree("one", HERE)
    person.learn("two", place=HERE, consent__place="0")

    assert "place" not in person.facts
    assert "1" == person.facts["interest.wealth"]
    changes = {one.fact: (one.old, one.new) for one in person.told[-1].changes}
    assert {"consent.place": ("1", "0"), "place": ("25.05,102.75", "")} == changes
    person.learn("three", place=HERE)
    assert "place" not in person.facts, "it stays withdrawn"


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        (Place(25_046_500, 102_748_200, 1_000), "25.05,102.75"),
        (Place(25_046_500, 102_748_200, 1_001), ""),
        (Place(-1_200, 179_999_999, 8), "0.00,180.00"),
        (Place(-33_456_000, -70_654_999, 8), "-33.46,-70.65"),
        (None, ""),
    ],
)
def test_a_place_is_kept_on_a_grid_of_a_kilometre(place: Place | None, kept: str) -> None:
    """A worse fix than the grid tells nothing, and is not kept."""
    person = Person()
    person.learn("one", place=place, consent__place="1")
    assert kept == person.facts.get("place", "")


@given(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
def test_no_place_is_told_closer_than_the_grid(latitude_e6: int, longitude_e6: int) -> None:
    """Everybody within half a step is told alike, and nobody is moved further than that."""
    told = [float(degrees) for degrees in coarse(Place(latitude_e6, longitude_e6, 8)).split(",")]
    for exact, shown in zip((latitude_e6, longitude_e6), told, strict=True):
        assert 0 == round(shown * 1_000_000) % PLACE_STEP_E6
        assert abs(exact - round(shown * 1_000_000)) <= PLACE_STEP_E6 // 2


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
