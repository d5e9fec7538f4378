"""Information collection: nothing without consent, and each consent by itself."""

from __future__ import annotations

from typing import Any

import pytest

from backoffice.partners.queries import Templates
from backoffice.product import Asking
from backoffice.products.information_collection import PRODUCT
from tests.backoffice.products.dossiers import dossier
from tests.backoffice.products.listings import item
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from tests.kit.submissions import NOW_MS
from wire.checks import Context, check_form
from wire.message import Code, Refusal
from wire.value import (
    AmountValue,
    ChoicesValue,
    ChoiceValue,
    NumberValue,
    TextValue,
    Value,
)

TEMPLATE = {"template": item("household@2", template="household", version=2, until_ms=NOW_MS + 1)}


SHOP = {"template": item("merchant@1", template="merchant", version=1, until_ms=NOW_MS + 1)}
HOUSEHOLD: dict[str, Value] = {
    "subject": ChoiceValue("household"),
    "household_members": NumberValue(5),
    "household_labour": NumberValue(3),
    "household_land": NumberValue(12_50),
    "household_living": ChoicesValue(("cash_crop", "livestock")),
}
MERCHANT: dict[str, Value] = {
    "subject": ChoiceValue("merchant"),
    "merchant_shop": TextValue(" 李家小吃店 "),
    "merchant_trade": ChoiceValue("catering"),
    "merchant_years": NumberValue(6),
    "merchant_staff": NumberValue(2),
    "merchant_turnover": AmountValue(18_000_00),
    "merchant_paid_by": ChoicesValue(("code", "cash")),
}


def told(**values: Value) -> Any:
    no_merchant = {name: None for name in MERCHANT if name != "subject"}
    asked = {**no_merchant, **HOUSEHOLD, "purpose": ChoiceValue("service"), **values}
    return dossier(PRODUCT, values=asked, listed=TEMPLATE)


def common() -> dict[str, Value]:
    """Right answers to what everybody is asked, but for who is asked."""
    templates = ("subject", "household_", "merchant_", "village")
    values = make.values_for(PRODUCT.form)
    asked = {name: one for name, one in values.items() if not name.startswith(templates)}
    return asked | {"purpose": ChoiceValue("service")}


@pytest.mark.parametrize(("mine", "other"), [(HOUSEHOLD, MERCHANT), (MERCHANT, HOUSEHOLD)])
def test_each_template_asks_its_own_questions(
    mine: dict[str, Value], other: dict[str, Value]
) -> None:
    """All of them, and none of the other's."""
    context = Context(NOW_MS)
    assert () == check_form(PRODUCT.form, {**common(), **mine}, context)

    subject = {"subject": mine["subject"]}
    missing = check_form(PRODUCT.form, {**common(), **subject}, context)
    assert set(mine) - {"subject"} == {one.field for one in missing}
    stray = check_form(PRODUCT.form, {**common(), **other, **mine}, context)
    assert set(other) - {"subject"} == {one.field for one in stray}
    assert {Code.FORMAT} == {one.code for one in stray}


def of_template(learned: dict[str, str]) -> dict[str, str]:
    """The facts that a template asked for."""
    starts = ("household.", "merchant.", "template.")
    return {name: fact for name, fact in learned.items() if name.startswith(starts)}


def test_a_household_s_answers_become_facts() -> None:
    """With the template and the version that asked."""
    learned = PRODUCT.profile(told())
    assert {
        "household.members": "5",
        "household.labour": "3",
        "household.land": "1250",
        "household.living": "cash_crop,livestock",
        "template.household": "2",
    } == of_template(learned)


def test_a_merchant_s_answers_become_facts() -> None:
    """What was left out leaves the record alone."""
    no_household = {name: None for name in HOUSEHOLD if name != "subject"}
    asked = {**no_household, **MERCHANT, "purpose": ChoiceValue("service")}
    read = dossier(PRODUCT, values=asked, listed=SHOP)
    learned = PRODUCT.profile(read)
    assert {
        "merchant.shop": "李家小吃店",
        "merchant.trade": "catering",
        "merchant.years": "6",
        "merchant.staff": "2",
        "merchant.turnover": "1800000",
        "merchant.paid_by": "code,cash",
        "template.merchant": "1",
    } == of_template(learned)


def test_without_consent_nothing_is_taken() -> None:
    """The common checks refuse, on the tablet already."""
    values = {**common(), **HOUSEHOLD}
    del values["consent"]
    problems = check_form(PRODUCT.form, values, Context(NOW_MS))

    assert [(Code.EVIDENCE, "consent")] == [(one.code, one.field) for one in problems]


def changing(**consents: str) -> dict[str, Value]:
    """What is answered by whoever only changes consents."""
    values = make.values_for(PRODUCT.form)
    told = {name: ChoiceValue(code) for name, code in consents.items()}
    return {"id_card": values["id_card"], "purpose": ChoiceValue("consents"), **told}


def test_a_consent_is_withdrawn_without_consenting_to_anything() -> None:
    """No template, no questions, no consent to being recorded; only what is withdrawn is kept."""
    values = changing(marketing="no", place="no")
    left_out = {name: None for name in make.values_for(PRODUCT.form) if name not in values}
    read = dossier(PRODUCT, values={**left_out, **values})

    assert () == check_form(PRODUCT.form, values, Context(NOW_MS))
    assert {"consent.marketing": "0", "consent.place": "0"} == PRODUCT.profile(read)
    shown = {line.title_en: line.value for line in slip_of(PRODUCT, read)}
    assert {"仅变更或撤回授权", "不同意"} == set(shown.values())


def test_whoever_wants_to_hear_of_products_may_be_contacted_again() -> None:
    """A "do not contact" is the customer's word, and so is its end."""
    values = changing(marketing="yes", place="no")
    left_out = {name: None for name in make.values_for(PRODUCT.form) if name not in values}
    read = dossier(PRODUCT, values={**left_out, **values})

    assert "0" == PRODUCT.profile(read)["do_not_contact"]
    assert "0" == PRODUCT.profile(told(marketing=ChoiceValue("yes")))["do_not_contact"]
    assert "do_not_contact" not in PRODUCT.profile(told(marketing=ChoiceValue("no")))


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
