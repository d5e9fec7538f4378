"""The scorecard of a farmer's pre-rating: points, grade and suggested limit from facts alone.

A versioned table (`Scorecard`) and one pure function (`rate`). What it looks at are listed facts;
nothing here knows where they come from, who may set another grade, or how old a file may be.
A change of the file is weighed by what it may do to a rating (`may_lift`).
Invariant: more of anything good never gives a lower grade; whoever is overdue now has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

import msgspec

NO_GRADE: Final = "none"
"""Below the last grade."""

Bands = tuple[tuple[int, int], ...]
"""(from this value on, points), highest first; nothing below the last."""


class Grade(msgspec.Struct, frozen=True):
    """One grade: from how many points on, and its limit in fen."""

    code: str
    points_min: int
    limit_fen: int


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """The table: 100 points in all. Whoever changes anything raises `version`.

    Attributes:
        version: of the card.
        clean: credit record without any overdue in three years.
        minor: with at most `minors_max` minor ones.
        fresh: never borrowed yet.
        capacity: net yearly income per member of the family, in fen.
        worth: assets less debts, in fen.
        experience: years in the business or skill.
        labour: share of the family that works, in percent.
        age: points for an age from `age_min` to `age_max`, in years.
        reputation_max: the most points for the village's word.
        dealings_max: the most points for dealings with the bank.
        grades: best first.
        income_percent: the limit is at most this share of the net yearly income,
        income_years: times these years.
    """

    version: int = 1
    clean: int = 30
    minor: int = 20
    minors_max: int = 1
    fresh: int = 15
    capacity: Bands = (
        (20_000_00, 25),
        (15_000_00, 20),
        (10_000_00, 15),
        (6_000_00, 10),
        (3_000_00, 5),
    )
    worth: Bands = ((200_000_00, 15), (100_000_00, 12), (50_000_00, 8), (20_000_00, 4))
    experience: Bands = ((10, 10), (5, 7), (3, 5), (1, 2))
    labour: Bands = ((60, 5), (40, 3), (20, 1))
    age: int = 5
    age_min: int = 22
    age_max: int = 55
    reputation_max: int = 5
    dealings_max: int = 5
    grades: tuple[Grade, ...] = (
        Grade("AAA", 90, 60_000_00),
        Grade("AA", 80, 30_000_00),
        Grade("A", 70, 20_000_00),
    )
    income_percent: int = 30
    income_years: int = 3


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the card looks at; amounts in fen, `net_income_fen` per year."""

    overdue_now: bool
    overdues_minor: int
    borrowed: bool
    reputation: int
    dealings: int
    net_income_fen: int
    net_fen: int
    members: int
    labour: int
    experience_years: int
    age: int


class Rating(msgspec.Struct, frozen=True):
    """What the card says."""

    points: int
    grade: str
    limit_fen: int


def scores(one: Standing, card: Scorecard) -> dict[str, int]:
    """The points of each line of the card."""
    members = max(one.members, 1)
    return {
        "credit": _credit(one, card),
        "capacity": _band(one.net_income_fen // members, card.capacity),
        "worth": _band(one.net_fen, card.worth),
        "experience": _band(one.experience_years, card.experience),
        "labour": _band(one.labour * 100 // members, card.labour),
        "age": card.age if card.age_min <= one.age <= card.age_max else 0,
        "reputation": min(max(one.reputation, 0), card.reputation_max),
        "dealings": min(max(one.dealings, 0), card.dealings_max),
    }


def _credit(one: Standing, card: Scorecard) -> int:
    if one.overdue_now:
        return 0
    if not one.borrowed:
        return card.fresh
    if one.overdues_minor == 0:
        return card.clean
    return card.minor if one.overdues_minor <= card.minors_max else 0


def _band(value: int, bands: Bands) -> int:
    return next((points for least, points in bands if value >= least), 0)


def grade_of(points: int, card: Scorecard) -> str:
    """The grade of a sum of points, `none` below the last."""
    return next((one.code for one in card.grades if points >= one.points_min), NO_GRADE)


def limit_of(grade: str, net_income_fen: int, card: Scorecard) -> int:
    """The grade's limit, but no more than the income carries; in fen."""
    most = next((one.limit_fen for one in card.grades if one.code == grade), 0)
    carried = max(net_income_fen, 0) * card.income_percent * card.income_years // 100
    return min(most, carried)


def rate(one: Standing, card: Scorecard) -> Rating:
    """Points, grade and limit; whoever is overdue now has no grade, whatever the points."""
    points = sum(scores(one, card).values())
    grade = NO_GRADE if one.overdue_now else grade_of(points, card)
    return Rating(points, grade, limit_of(grade, one.net_income_fen, card))


def is_better(one: Rating, other: Rating, card: Scorecard) -> bool:
    """Whether a rating has the higher grade or the higher limit."""
    ranks = [grade.code for grade in card.grades] + [NO_GRADE]
    higher = ranks.index(one.grade) < ranks.index(other.grade)
    return higher or one.limit_fen > other.limit_fen


def may_lift(before: Standing, after: Standing, card: Scorecard) -> bool:
    """Whether a changed file may be rated better than the file before.

    Of both only what the file says counts: the credit record and the holder's age are those of the
    day on which somebody rates it, so every one of them is tried. That makes changes in a row weigh
    as much as their sum: where none of them may lift a rating, all of them together do not.
    """
    return any(
        is_better(rate(then, card), rate(earlier, card), card)
        for then, earlier in zip(_rated_days(after, card), _rated_days(before, card), strict=True)
    )


def _rated_days(file: Standing, card: Scorecard) -> Iterator[Standing]:
    """The file beside every record and age that give other points."""
    records = ((True, 0), (True, 1), (True, card.minors_max + 1), (False, 0))
    ages = (card.age_min, card.age_max + 1)
    # Only the sum of the two matters.
    words = range(card.reputation_max + card.dealings_max + 1)
    for (borrowed, minors), age, word in product(records, ages, words):
        reputation = min(word, card.reputation_max)
        yield Standing(
            overdue_now=False,
            overdues_minor=minors,
            borrowed=borrowed,
            reputation=reputation,
            dealings=word - reputation,
            net_income_fen=file.net_income_fen,
            net_fen=file.net_fen,
            members=file.members,
            labour=file.labour,
            experience_years=file.experience_years,
            age=age,
        )


__all__ = [
    "NO_GRADE",
    "Grade",
    "Rating",
    "Scorecard",
    "Standing",
    "grade_of",
    "is_better",
    "limit_of",
    "may_lift",
    "rate",
    "scores",
]
