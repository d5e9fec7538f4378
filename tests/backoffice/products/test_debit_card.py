"""Debit card issue: who may act for whom, and who looks at it."""

from __future__ import annotations

import pytest

from backoffice.partners.operations import IssueCard
from backoffice.products.debit_card import PRODUCT, DebitCardTerms
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from wire.message import Code
from wire.value import ChoiceValue, PhoneValue, Value

PAPERS = ("agent_papers", "agent_portrait")


def agent(relation: str = "parent", age: int = 40) -> dict[str, Value | None]:
    """Somebody who acts for the customer, with all papers."""
    right = make.values_for(PRODUCT.form, optional=True)
    return {
        "agent": make.id_card(make.person("agent", age=age, name="杨建国")),
        "agent_relation": ChoiceValue(relation),
        **{name: right[name] for name in PAPERS},
    }


@pytest.mark.parametrize(("age", "alone"), [(15, False), (16, True), (64, True)])
def test_who_is_under_sixteen_needs_a_guardian(age: int, alone: bool) -> None:
    """Alone from the sixteenth birthday on."""
    problems = found(PRODUCT.problems(dossier(PRODUCT, age=age)))

    assert ([] if alone else [(Code.RANGE, "id_card")]) == problems
    assert () == PRODUCT.problems(dossier(PRODUCT, age=age, values=agent()))


def test_the_age_is_the_unions_to_set() -> None:
    """Eighteen, where a union wants that."""
    read = dossier(PRODUCT, age=17, terms=DebitCardTerms(alone_years=18))

    assert [(Code.RANGE, "id_card")] == found(PRODUCT.problems(read))


@pytest.mark.parametrize("relation", ["spouse", "child", "other"])
def test_only_a_guardian_acts_for_a_child(relation: str) -> None:
    """A proxy is for people who could act alone."""
    child = dossier(PRODUCT, age=15, values=agent(relation))
    adult = dossier(PRODUCT, age=35, values=agent(relation))

    assert [(Code.SUITABILITY, "agent_relation")] == found(PRODUCT.problems(child))
    assert () == PRODUCT.problems(adult)


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_a_guardian_is_of_age(age: int, accepted: bool) -> None:
    """On the day itself."""
    problems = found(PRODUCT.problems(dossier(PRODUCT, age=10, values=agent(age=age))))

    assert ([] if accepted else [(Code.RANGE, "agent")]) == problems


def test_nobody_is_their_own_proxy() -> None:
    """The second card is another person's."""
    same = agent("other") | {"agent": make.id_card(make.person(0))}

    assert [(Code.ID_MISMATCH, "agent")] == found(PRODUCT.problems(dossier(PRODUCT, values=same)))


@pytest.mark.parametrize("missing", ["agent", "agent_relation", *PAPERS])
def test_papers_come_together_or_not_at_all(missing: str) -> None:
    """Each one that lacks is named."""
    read = dossier(PRODUCT, values=agent() | {missing: None})

    assert [(Code.EVIDENCE, missing)] == found(PRODUCT.problems(read))


@pytest.mark.parametrize(
    ("age", "relation", "flag"),
    [
        (15, "parent", "minor"),
        (17, "guardian", "minor"),
        (17, "other", "proxy"),
        (18, "parent", "proxy"),
    ],
)
def test_an_authorizer_looks_at_whoever_acts_for_another(
    age: int, relation: str, flag: str
) -> None:
    """A guardian's being there is the child's being young: one reason, not two."""
    read = dossier(PRODUCT, age=age, values=agent(relation))

    assert [("A2", ""), ("A3", flag)] == flags(PRODUCT, read)
    assert [("A2", "")] == flags(PRODUCT, dossier(PRODUCT, age=age))


def test_the_slip_names_the_proxy_and_masks_their_number() -> None:
    """Who signed for the customer stands on it."""
    lines = slip_of(PRODUCT, dossier(PRODUCT, values=agent()))
    shown = {line.title_zh: line.value for line in lines}

    assert "杨建国（父母）" == shown["代理人"]
    assert "*" in shown["代理人证件号码"]
    alone = slip_of(PRODUCT, dossier(PRODUCT))
    assert not {"代理人", "代理人证件号码"} & {line.title_zh for line in alone}


def test_the_customers_record_learns_where_they_are_found() -> None:
    """Address, work, and that they hold a card; the phone wherever it was proven."""
    assert {"address", "job", "holds.debit_card"} == set(PRODUCT.profile(dossier(PRODUCT)))


def test_a_phone_that_nobody_proved_is_seen_by_the_authorizer_and_on_the_slip() -> None:
    """Without a link no code can be sent; the card is issued all the same, in the open."""
    phone = make.values_for(PRODUCT.form)["phone"]
    assert isinstance(phone, PhoneValue)
    unproven = dossier(PRODUCT, values={"phone": PhoneValue(phone.phone)})

    assert [("A2", "phone_unproven")] == flags(PRODUCT, unproven)
    assert [("A2", "")] == flags(PRODUCT, dossier(PRODUCT))
    shown = {line.title_en: line.value for line in slip_of(PRODUCT, unproven)}
    assert f"{phone.phone.masked}（未验证）" == shown["Mobile number"]


@pytest.mark.parametrize(
    ("relation", "age", "by_proxy"),
    [("parent", 10, False), ("guardian", 17, False), ("parent", 35, True), ("spouse", 35, True)],
)
def test_the_core_is_told_whether_the_holder_was_there(
    relation: str, age: int, by_proxy: bool
) -> None:
    """A guardian acts by law; anybody else's card waits for its holder."""
    read = dossier(PRODUCT, age=age, values=agent(relation))
    (leg,) = PRODUCT.plan(read)

    assert isinstance(leg.operation, IssueCard)
    assert by_proxy == leg.operation.by_proxy
    (alone,) = PRODUCT.plan(dossier(PRODUCT))
    assert isinstance(alone.operation, IssueCard)
    assert not alone.operation.by_proxy
