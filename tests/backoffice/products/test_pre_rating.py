"""Pre-rating: the scorecard point by point, its boundaries, and a person who overrides it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.partners.operations import RateFile
from backoffice.products.pre_rating import PRODUCT, standing
from backoffice.questions.household import FileTerms
from backoffice.questions.scorecard import (
    NO_GRADE,
    Rating,
    Scorecard,
    Standing,
    grade_of,
    limit_of,
    rate,
    scores,
)
from tests.backoffice.products.dossiers import dossier, flags, found
from tests.backoffice.products.listings import DAY_MS, credit_record, farmer_file
from tests.backoffice.right_answers import slip_of
from tests.kit.submissions import NOW_MS
from wire.message import Code
from wire.value import ChoiceValue, ColleagueValue, TextValue, Value

CARD = Scorecard()
BEST = Standing(
    overdue_now=False,
    overdues_minor=0,
    borrowed=True,
    reputation=5,
    dealings=5,
    net_income_fen=80_000_00,
    net_fen=200_000_00,
    members=4,
    labour=3,
    experience_years=10,
    age=40,
)
RANKS = (NO_GRADE, "A", "AA", "AAA")
SOMEBODY = st.builds(
    Standing,
    overdue_now=st.booleans(),
    overdues_minor=st.integers(0, 5),
    borrowed=st.booleans(),
    reputation=st.integers(-1, 7),
    dealings=st.integers(-1, 7),
    net_income_fen=st.integers(-10_000_00, 500_000_00),
    net_fen=st.integers(-500_000_00, 900_000_00),
    members=st.integers(0, 12),
    labour=st.integers(0, 12),
    experience_years=st.integers(0, 60),
    age=st.integers(18, 90),
)


def with_colleague(values: dict[str, Value]) -> dict[str, Value]:
    return {**values, "colleague": ColleagueValue("T002", "员工T002", "1")}


def but(**changes: Any) -> Standing:
    """The best there is, but for this."""
    return msgspec.structs.replace(BEST, **changes)


def test_the_card_adds_up_to_a_hundred() -> None:
    """Line by line, as it is published to the unions."""
    lines = scores(BEST, CARD)

    assert [30, 25, 15, 10, 5, 5, 5, 5] == list(lines.values())
    assert Rating(100, "AAA", 60_000_00) == rate(BEST, CARD)


@pytest.mark.parametrize(
    ("points", "grade"),
    [
        (0, "none"),
        (69, "none"),
        (70, "A"),
        (79, "A"),
        (80, "AA"),
        (89, "AA"),
        (90, "AAA"),
        (100, "AAA"),
    ],
)
def test_grades_begin_at_their_points(points: int, grade: str) -> None:
    """Exactly at 70, 80 and 90."""
    assert grade == grade_of(points, CARD)


@pytest.mark.parametrize(
    ("changes", "points", "grade", "limit"),
    [
        ({"overdues_minor": 1}, 90, "AAA", 60_000_00),
        ({"overdues_minor": 1, "dealings": 4}, 89, "AA", 30_000_00),
        ({"overdues_minor": 1, "dealings": 0, "reputation": 0}, 80, "AA", 30_000_00),
        ({"overdues_minor": 1, "dealings": 0, "reputation": 0, "labour": 2}, 78, "A", 20_000_00),
        ({"borrowed": False, "dealings": 0, "reputation": 4}, 79, "A", 20_000_00),
        ({"overdues_minor": 2}, 70, "A", 20_000_00),
        ({"overdues_minor": 2, "reputation": 4}, 69, "none", 0),
    ],
)
def test_whole_ratings_at_the_boundaries(
    changes: dict[str, Any], points: int, grade: str, limit: int
) -> None:
    """From facts to the limit: 69/70, 79/80, 89/90."""
    assert Rating(points, grade, limit) == rate(but(**changes), CARD)


@pytest.mark.parametrize(
    ("line", "changes", "points"),
    [
        ("credit", {"overdues_minor": 1}, 20),
        ("credit", {"overdues_minor": 2}, 0),
        ("credit", {"borrowed": False}, 15),
        ("credit", {"overdue_now": True}, 0),
        ("capacity", {"net_income_fen": 79_999_99}, 20),
        ("capacity", {"net_income_fen": -1}, 0),
        ("worth", {"net_fen": 199_999_99}, 12),
        ("worth", {"net_fen": -1}, 0),
        ("experience", {"experience_years": 9}, 7),
        ("experience", {"experience_years": 0}, 0),
        ("labour", {"labour": 2}, 3),
        ("labour", {"labour": 0}, 0),
        ("age", {"age": 21}, 0),
        ("age", {"age": 22}, 5),
        ("age", {"age": 55}, 5),
        ("age", {"age": 56}, 0),
        ("reputation", {"reputation": 9}, 5),
        ("dealings", {"dealings": -1}, 0),
    ],
)
def test_each_line_counts_by_itself(line: str, changes: dict[str, Any], points: int) -> None:
    """One fact moves one line."""
    lines = scores(but(**changes), CARD)

    assert points == lines.pop(line)
    assert [value for name, value in scores(BEST, CARD).items() if name != line] == list(
        lines.values()
    )


def test_whoever_is_overdue_now_has_no_grade() -> None:
    """Whatever else there is: 70 points are no grade here."""
    assert Rating(70, "none", 0) == rate(but(overdue_now=True), CARD)


@pytest.mark.parametrize(
    ("grade", "income", "limit"),
    [
        ("AAA", 66_666_67, 60_000_00),
        ("AAA", 66_666_66, 59_999_99),
        ("AAA", 40_000_00, 36_000_00),
        ("AA", 40_000_00, 30_000_00),
        ("A", 20_000_00, 18_000_00),
        ("AAA", 0, 0),
        ("AAA", -5, 0),
        ("none", 90_000_00, 0),
    ],
)
def test_the_limit_is_what_the_income_carries(grade: str, income: int, limit: int) -> None:
    """At most 30 % of three years' net income, and at most the grade's."""
    assert limit == limit_of(grade, income, CARD)


@given(SOMEBODY)
def test_every_rating_is_within_its_bounds(one: Standing) -> None:
    """0 to 100 points, a known grade, a limit that the income carries."""
    rating = rate(one, CARD)

    assert 0 <= rating.points <= 100
    assert rating.grade in RANKS
    assert 0 <= rating.limit_fen <= 60_000_00
    assert rating.limit_fen * 10 <= max(one.net_income_fen, 0) * 9
    assert (rating.grade == NO_GRADE) <= (rating.limit_fen == 0)


@given(st.integers(0, 100), st.integers(0, 100))
def test_more_points_never_give_a_lower_grade(one: int, other: int) -> None:
    """Grades are monotone."""
    low, high = sorted((one, other))

    assert RANKS.index(grade_of(low, CARD)) <= RANKS.index(grade_of(high, CARD))


@given(SOMEBODY, st.integers(0, 100_000_00), st.integers(0, 5))
def test_being_better_off_never_costs_points(one: Standing, fen: int, more: int) -> None:
    """More income, more worth, more years, fewer overdues."""
    better = msgspec.structs.replace(
        one,
        net_income_fen=one.net_income_fen + fen,
        net_fen=one.net_fen + fen,
        experience_years=one.experience_years + more,
        overdues_minor=max(one.overdues_minor - more, 0),
        overdue_now=False,
    )
    before, after = rate(one, CARD), rate(better, CARD)

    assert before.points <= after.points
    assert RANKS.index(before.grade) <= RANKS.index(after.grade)
    assert before.limit_fen <= after.limit_fen


def test_facts_come_from_the_file_and_the_record() -> None:
    """And the age from the chip."""
    expected = Standing(
        overdue_now=False,
        overdues_minor=0,
        borrowed=True,
        reputation=4,
        dealings=3,
        net_income_fen=40_000_00,
        net_fen=160_000_00,
        members=2,
        labour=1,
        experience_years=8,
        age=35,
    )
    assert expected == standing(dossier(PRODUCT))


def test_the_result_names_the_versions_behind_it() -> None:
    """Of the file and of the card."""
    terms = FileTerms(card=Scorecard(version=7))
    (leg,) = PRODUCT.plan(dossier(PRODUCT, terms=terms))
    rated = leg.operation

    assert isinstance(rated, RateFile)
    assert ("NH530102000001", 3, 7) == (rated.file_no, rated.file_version, rated.card)
    assert (89, "AA", 30_000_00, "") == (
        rated.points,
        rated.grade,
        rated.limit_fen,
        rated.override,
    )


@pytest.mark.parametrize(("older_ms", "accepted"), [(0, True), (1, False)])
def test_an_old_file_is_supplemented_first(older_ms: int, accepted: bool) -> None:
    """After 365 days, to the millisecond."""
    old = farmer_file(changed_ms=NOW_MS - 365 * DAY_MS - older_ms)

    expected = [] if accepted else [(Code.STALE, "file")]
    assert expected == found(PRODUCT.problems(dossier(PRODUCT, listed={"file": old})))


def test_a_person_may_set_another_grade_for_a_reason() -> None:
    """With two authorizers; the points stay what they are."""
    why: dict[str, Value] = {"override": ChoiceValue("A"), "reason": TextValue("家中有重大支出")}
    read = dossier(PRODUCT, values=why)
    (leg,) = PRODUCT.plan(read)
    rated = leg.operation

    assert () == PRODUCT.problems(read)
    assert [("A4", "override")] == flags(PRODUCT, read)
    assert [("A2", "")] == flags(PRODUCT, dossier(PRODUCT))
    assert isinstance(rated, RateFile)
    assert (89, "A", 20_000_00) == (rated.points, rated.grade, rated.limit_fen)
    assert "家中有重大支出" == rated.override


def test_an_override_is_whole_and_hides_no_overdue() -> None:
    """Grade and reason, or neither."""
    grade: dict[str, Value] = {"override": ChoiceValue("AAA")}
    reason: dict[str, Value] = {"reason": TextValue("信誉良好")}
    overdue = {"record": credit_record(overdue_now=1)}

    alone = dossier(PRODUCT, values=with_colleague(grade))
    assert [(Code.FORMAT, "reason")] == found(PRODUCT.problems(alone))
    assert [(Code.FORMAT, "override")] == found(PRODUCT.problems(dossier(PRODUCT, values=reason)))
    read = dossier(PRODUCT, values=with_colleague({**grade, **reason}), listed=overdue)
    assert [(Code.SUITABILITY, "override")] == found(PRODUCT.problems(read))


@pytest.mark.parametrize(
    ("grade", "alone"),
    [("AAA", [(Code.EVIDENCE, "colleague")]), ("AA", []), ("A", []), (NO_GRADE, [])],
)
def test_a_better_grade_is_set_by_two(grade: str, alone: list[tuple[Code, str]]) -> None:
    """The card says AA here; nobody needs a second operator to be stricter."""
    words: dict[str, Value] = {"override": ChoiceValue(grade), "reason": TextValue("信誉良好")}

    assert alone == found(PRODUCT.problems(dossier(PRODUCT, values=words)))
    assert () == PRODUCT.problems(dossier(PRODUCT, values=with_colleague(words)))


def test_the_slip_shows_the_card_line_by_line() -> None:
    """So that the customer can see why."""
    lines = {line.title_zh: line.value for line in slip_of(PRODUCT, dossier(PRODUCT))}

    assert ("30分", "25分", "12分") == (lines["信用记录"], lines["还款能力"], lines["家庭净资产"])
    assert ("89分", "AA") == (lines["总分"], lines["预评级"])
