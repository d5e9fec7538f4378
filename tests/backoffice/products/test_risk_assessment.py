"""Risk assessment: points make a rating, contradictions are asked again, the old are asked more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners.operations import RateRisk
from backoffice.products.risk_assessment import PRODUCT, RiskAssessmentTerms
from backoffice.questions.risk import (
    CONTRADICTIONS,
    LOWEST,
    QUESTIONS,
    SENIOR_QUESTIONS,
    TITLES_ZH,
    Answer,
    rate,
)
from tests.backoffice.products.dossiers import dossier, flags, found
from wire.message import Code
from wire.value import ChoiceValue, Value

BOUNDS = RiskAssessmentTerms().from_points


def answering(**answers: str) -> dict[str, Value | None]:
    """These answers."""
    return {name: ChoiceValue(code) for name, code in answers.items()}


SENIOR = answering(
    senior_understanding="alone", senior_money="spare", senior_family="yes", loss="tenth"
)


def test_the_questionnaire_has_a_hundred_points() -> None:
    """At least ten questions; the senior ones give none."""
    most = [max(answer.points for answer in one.answers) for one in QUESTIONS]

    assert len(QUESTIONS) >= 10
    assert 100 == sum(most)
    assert {0} == {answer.points for one in SENIOR_QUESTIONS for answer in one.answers}


@pytest.mark.parametrize(
    ("points", "rating"),
    [
        (0, "C1"),
        (19, "C1"),
        (20, "C2"),
        (39, "C2"),
        (40, "C3"),
        (59, "C3"),
        (60, "C4"),
        (79, "C4"),
        (80, "C5"),
        (100, "C5"),
    ],
)
def test_points_make_a_rating(points: int, rating: str) -> None:
    """Exactly at the published bounds."""
    assert (points, rating) == rate({"one": Answer("a", "甲", "A", points)}, BOUNDS)


@given(st.tuples(*(st.sampled_from(one.answers) for one in QUESTIONS)))
def test_any_answers_make_a_rating_that_has_a_name(answers: tuple[Answer, ...]) -> None:
    """And whoever bears no loss at all gets the lowest."""
    given_answers = {one.name: answer for one, answer in zip(QUESTIONS, answers, strict=True)}
    score, rating = rate(given_answers, BOUNDS)

    assert 0 <= score <= 100
    assert rating in TITLES_ZH
    assert (given_answers["loss"].code == "nothing") == (rating == LOWEST)


@pytest.mark.parametrize("pair", CONTRADICTIONS, ids=lambda pair: f"{pair[0][0]}-{pair[1][0]}")
def test_answers_that_contradict_each_other_are_asked_again(
    pair: tuple[tuple[str, str], tuple[str, str], str],
) -> None:
    """At the second of the two, with a sentence that says why; either alone is fine."""
    (first, one), (second, other), message = pair
    sound = answering(income="good", experience="funds", years="five", loss="third")
    both = PRODUCT.problems(
        dossier(PRODUCT, values=sound | answering(**{first: one, second: other}))
    )

    assert [(Code.SUITABILITY, second)] == found(both)
    assert [message] == [refusal.message for refusal in both]
    for name, code in ((first, one), (second, other)):
        assert () == PRODUCT.problems(dossier(PRODUCT, values=sound | answering(**{name: code})))


@pytest.mark.parametrize(("age", "asked"), [(64, False), (65, True)])
def test_the_old_answer_more_and_are_looked_at(age: int, asked: bool) -> None:
    """From 65 on; for the others those questions stay empty."""
    without, full = dossier(PRODUCT, age=age), dossier(PRODUCT, age=age, values=SENIOR)
    names = [(Code.FORMAT, one.name) for one in SENIOR_QUESTIONS]

    assert (names if asked else []) == found(PRODUCT.problems(without))
    assert ([] if asked else names) == found(PRODUCT.problems(full))
    senior = [("A3", "senior")] if asked else []
    assert [("A1", ""), *senior] == flags(PRODUCT, full)


@pytest.mark.parametrize(
    ("answers", "rating"),
    [
        ({}, "C1"),
        ({"senior_understanding": "no"}, LOWEST),
        ({"senior_money": "needed"}, LOWEST),
        ({"senior_family": "no"}, "C1"),
    ],
)
def test_some_answers_of_the_old_make_the_lowest_rating(
    answers: dict[str, str], rating: str
) -> None:
    """Who hardly understands, or needs the money for old age, carries no risk."""
    read = dossier(PRODUCT, age=70, values=SENIOR | answering(**answers))
    (leg,) = PRODUCT.plan(read)

    assert isinstance(leg.operation, RateRisk)
    assert rating == leg.operation.level
    assert {"risk_level": rating} == PRODUCT.profile(read)


@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True)])
def test_children_are_not_assessed(age: int, accepted: bool) -> None:
    """From the eighteenth birthday on."""
    expected = [] if accepted else [(Code.RANGE, "id_card")]

    assert expected == found(PRODUCT.problems(dossier(PRODUCT, age=age)))
