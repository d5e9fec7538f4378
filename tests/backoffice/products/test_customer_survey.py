"""Customer survey: all questions or none, and one answer of each person in a wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from backoffice.dossier import NOTHING
from backoffice.partners.queries import SurveyTargets
from backoffice.product import Asking
from backoffice.products.customer_survey import PRODUCT, QUESTIONS
from tests.backoffice.products.dossiers import dossier, found
from tests.backoffice.products.listings import item
from tests.kit.submissions import NOW_MS
from wire.checks import Context, check_form
from wire.message import Code
from wire.value import ChoiceValue, Value

ANSWERS: dict[str, Value] = {one.name: ChoiceValue(one.options[0].code) for one in QUESTIONS}


def survey(
    result: str,
    answers: Mapping[str, Value | None] = NOTHING,
    *,
    target: str = "KH1",
    wave: str = "2025Q2",
) -> Any:
    listed = {"target": item(f"{wave}:{target}", wave=wave, target=target)}
    nothing = dict.fromkeys(ANSWERS)
    values = {**nothing, "result": ChoiceValue(result), **answers}
    return dossier(PRODUCT, values=values, listed=listed)


def wrong(read: Any) -> list[tuple[Code, str]]:
    """What the common checks say of it."""
    return found(check_form(PRODUCT.form, read.submission.values, Context(NOW_MS)))


def test_whoever_answers_answers_everything() -> None:
    """A question that was skipped is named."""
    less = {name: None if name == "wish" else value for name, value in ANSWERS.items()}

    assert [] == wrong(survey("answered", ANSWERS))
    assert [(Code.FORMAT, "wish")] == wrong(survey("answered", less))


@pytest.mark.parametrize("result", ["refused", "absent"])
def test_nobody_answers_for_somebody_else(result: str) -> None:
    """Who refused or was not there has said nothing."""
    assert [] == wrong(survey(result))
    assert [(Code.FORMAT, name) for name in sorted(ANSWERS)] == wrong(survey(result, ANSWERS))


def test_what_was_said_is_told_by_wave() -> None:
    """That somebody refused is an answer, too."""
    assert {"survey.2025Q2.result": "refused"} == PRODUCT.profile(survey("refused"))
    assert {
        "survey.2025Q2.result": "answered",
        "survey.2025Q2.satisfaction": "very",
        "survey.2025Q2.wish": "credit",
        "survey.2025Q2.trouble": "far",
    } == PRODUCT.profile(survey("answered", ANSWERS))


def test_one_answer_of_each_person_in_a_wave() -> None:
    """However it ended; the next wave asks again."""
    absent, answered = survey("absent"), survey("answered", ANSWERS)

    (claim,) = PRODUCT.claims(absent, "530102")
    assert (claim,) == PRODUCT.claims(answered, "530102")
    others = (survey("absent", target="KH2"), survey("absent", wave="2025Q3"))
    assert all((claim,) != PRODUCT.claims(other, "530102") for other in others)


def test_the_list_is_the_outlets() -> None:
    """Nobody's card is read for it."""
    assert SurveyTargets("O7") == PRODUCT.listings["target"](Asking(None, "O7", {}, NOW_MS))
    assert not PRODUCT.signed
    assert "id_card" not in [field.name for field in PRODUCT.form.fields]
