"""Information collection: nothing without consent, and each consent by itself."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.queries import Templates
from backoffice.product import Asking
from backoffice.products.information_collection import PRODUCT
from tests.backoffice.products.dossiers import dossier
from tests.backoffice.products.listings import item
from tests.kit import submissions as make
from tests.kit.submissions import NOW_MS
from wire.checks import Context, check_form
from wire.message import Code, Refusal
from wire.value import ChoicesValue, ChoiceValue, TextValue, Value

TEMPLATE = {"template": item("household@2", template="household", version=2, until_ms=NOW_MS + 1)}


def told(**values: Value) -> Any:
    return dossier(PRODUCT, values=values, listed=TEMPLATE)


def test_without_consent_nothing_is_taken() -> None:
    """The common checks refuse, on the tablet already."""
    values = make.values_for(PRODUCT.form)
    del values["consent"]
    problems = check_form(PRODUCT.form, values, Context(NOW_MS))

    assert [(Code.EVIDENCE, "consent")] == [(one.code, one.field) for one in problems]


@pytest.mark.parametrize("marketing", ["yes", "no"])
@pytest.mark.parametrize("place", ["yes", "no"])
def test_each_consent_is_kept_by_itself(marketing: str, place: str) -> None:
    """Consenting to be recorded is not consenting to be advertised to."""
    learned = PRODUCT.profile(told(marketing=ChoiceValue(marketing), place=ChoiceValue(place)))

    assert str(int(marketing == "yes")) == learned["consent.marketing"]
    assert str(int(place == "yes")) == learned["consent.place"]


def test_the_record_learns_what_was_told_and_nothing_else() -> None:
    """Questions that were left out leave the record alone."""
    learned = PRODUCT.profile(told())
    more = PRODUCT.profile(told(village=TextValue("石门村"), topics=ChoicesValue(("wealth",))))

    assert {"village", "income_fen"} & set(learned) == set()
    assert {"village": "石门村", "interest.wealth": "1"} == {
        name: more[name] for name in sorted(set(more) - set(learned))
    }


def test_templates_are_listed_for_the_kind_of_customer() -> None:
    """Who is asked comes first."""
    ask = PRODUCT.listings["template"]

    values: dict[str, Value] = {"subject": ChoiceValue("merchant")}
    assert Templates("merchant") == ask(Asking(None, "O1", values, NOW_MS))
    assert isinstance(ask(Asking(None, "O1", {}, NOW_MS)), Refusal)
