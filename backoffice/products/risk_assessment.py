"""Risk assessment (风险评估): a questionnaire that says how much risk a customer carries.

Answers that contradict each other are not scored but asked again, and the old answer more than
others. How long a rating is valid, how often a day one may try, and the history are the wealth
side's: a new rating replaces the last.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import SENIOR, Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import Partner, RateRisk
from backoffice.product import Category, FactLine, Leg, Product
from backoffice.questions.fields import FACE_TO_FACE, ID_CARD, choice, confirm, needs_of
from backoffice.questions.risk import (
    CONTRADICTIONS,
    QUESTIONS,
    SENIOR_QUESTIONS,
    TITLES_ZH,
    VERSION,
    Answer,
    rate,
)
from wire.form import Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine


class RiskAssessmentTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: youngest customer.
        senior_years: from this age on, more is asked, and an authorizer looks.
        from_points: the fewest points of C2, C3, C4 and C5.
    """

    age_years_min: int = 18
    senior_years: int = 65
    from_points: tuple[int, int, int, int] = (20, 40, 60, 80)


FORM: Final = Form(
    version=VERSION,
    fields=(
        ID_CARD,
        FACE_TO_FACE,
        *(
            choice(
                one.name,
                one.title_zh,
                one.title_en,
                *(answer[:3] for answer in one.answers),
                required=one in QUESTIONS,
            )
            for one in (*QUESTIONS, *SENIOR_QUESTIONS)
        ),
        confirm(
            "own_answers",
            "以上问题均由客户本人作答，业务员未代答或诱导",
            "The customer gave every answer; nobody answered or suggested for them",
        ),
    ),
)


def is_senior(dossier: Dossier) -> bool:
    """Whether more is asked of this customer."""
    return dossier.age >= dossier.terms_as(RiskAssessmentTerms).senior_years


def answers_of(dossier: Dossier) -> dict[str, Answer]:
    """Question to answer, for what this customer is asked; problems are found before."""
    asked = (*QUESTIONS, *SENIOR_QUESTIONS) if is_senior(dossier) else QUESTIONS
    return {
        one.name: next(given for given in one.answers if given.code == dossier.choice(one.name))
        for one in asked
    }


def rating_of(dossier: Dossier) -> tuple[int, str]:
    """The points and the rating of a customer."""
    return rate(answers_of(dossier), dossier.terms_as(RiskAssessmentTerms).from_points)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Of age; the old answer more than others; no two answers contradict each other."""
    years, found = dossier.terms_as(RiskAssessmentTerms).age_years_min, []
    if dossier.age < years:
        message = f"客户未满{years}周岁，不能进行风险评估。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    for one in SENIOR_QUESTIONS:
        if is_senior(dossier) != dossier.has(one.name):
            message = (
                "客户年龄较大，请补充回答本题。" if is_senior(dossier) else "本题无须作答，请清空。"
            )
            found.append(Refusal(Code.FORMAT, message, one.name))
    for (first, given), (second, other), message in CONTRADICTIONS:
        if (dossier.choice(first), dossier.choice(second)) == (given, other):
            found.append(Refusal(Code.SUITABILITY, message, second))
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """By rules; the old are looked at."""
    senior = (Raise(Level.A3, SENIOR),) if is_senior(dossier) else ()
    return (Raise(Level.A1), *senior)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Keep the rating."""
    score, rating = rating_of(dossier)
    operation = RateRisk(
        customer=dossier.customer,
        questionnaire=VERSION,
        answers={name: answer.code for name, answer in answers_of(dossier).items()},
        score=score,
        level=rating,
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: the rating, and that the answers were their own."""
    score, rating = rating_of(dossier)
    return (
        FactLine("评估编号", "Assessment", "risk_rating"),
        SlipLine("问卷版本", "Questionnaire", str(VERSION)),
        SlipLine("评估得分", "Points", str(score)),
        SlipLine("风险承受能力", "Rating", TITLES_ZH[rating]),
        SlipLine("客户声明", "Statement", "本人如实作答，认可评估结果"),
    )


PRODUCT: Final = Product(
    code="risk_assessment",
    title_zh="风险评估",
    title_en="Risk assessment",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.WEALTH,
    partners=frozenset({Partner.WEALTH}),
    problems=problems,
    level=level,
    plan=plan,
    slip_lines=slip_lines,
    profile=lambda dossier: {"risk_level": rating_of(dossier)[1]},
    terms=RiskAssessmentTerms(),
    counter_s=15 * 60,
)
