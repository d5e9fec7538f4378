"""Card activation: the rules alone for a new card, a person's look at one that lay about."""

from __future__ import annotations

import msgspec
import pytest

from backoffice.partners.queries import CardsToActivate
from backoffice.product import Asking
from backoffice.products.card_activation import PRODUCT, CardActivationTerms
from tests.backoffice.products.dossiers import dossier, flags
from tests.backoffice.products.listings import issued_card
from tests.backoffice.right_answers import slip_of
from tests.kit import submissions as make
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.value import BankCardValue

NUMBER = IdNumber(make.person(0).number)


@pytest.mark.parametrize(
    ("days", "level"), [(0, ("A1", "")), (30, ("A1", "")), (31, ("A2", "issued_long_ago"))]
)
def test_a_card_that_lay_about_needs_a_look(days: int, level: tuple[str, str]) -> None:
    """Up to thirty days after its issue the rules decide alone."""
    assert [level] == flags(PRODUCT, dossier(PRODUCT, listed={"issued": issued_card(days)}))


def test_a_proxys_card_needs_its_holder_and_a_look() -> None:
    """Somebody else chose the PIN; whether the holder has come is judged by the photo."""
    read = dossier(PRODUCT, listed={"issued": issued_card(by_proxy=True)})

    assert [("A2", "proxy_card")] == flags(PRODUCT, read)
    assert {"id_card", "face_to_face"} <= {field.name for field in PRODUCT.form.fields}


def test_a_core_that_does_not_say_who_was_there_is_not_believed() -> None:
    """Unknown is never fine."""
    silent = issued_card()
    silent = msgspec.structs.replace(silent, facts={"issued_ms": silent.facts["issued_ms"]})

    assert [("A2", "proxy_card")] == flags(PRODUCT, dossier(PRODUCT, listed={"issued": silent}))


def test_how_long_is_a_union_s_number() -> None:
    """And the day itself still counts as new."""
    strict = CardActivationTerms(issued_days_max=7)

    read = dossier(PRODUCT, listed={"issued": issued_card(8)}, terms=strict)
    assert [("A2", "issued_long_ago")] == flags(PRODUCT, read)
    read = dossier(PRODUCT, listed={"issued": issued_card(7)}, terms=strict)
    assert [("A1", "")] == flags(PRODUCT, read)


def test_the_record_of_issue_is_asked_for_this_card_and_this_person() -> None:
    """Both by chip; without them there is nothing to ask for."""
    values = make.values_for(PRODUCT.form)
    card = values["card"]
    assert isinstance(card, BankCardValue)
    ask = PRODUCT.listings["issued"]

    assert CardsToActivate(NUMBER, card.pan) == ask(Asking(NUMBER, "O1", values, make.NOW_MS))
    nobody, nothing = Asking(None, "O1", values, make.NOW_MS), Asking(NUMBER, "O1", {}, make.NOW_MS)
    assert [(Code.EVIDENCE, "id_card"), (Code.FORMAT, "card")] == [
        (refusal.code, refusal.field)
        for asking in (nobody, nothing)
        if isinstance(refusal := ask(asking), Refusal)
    ]


def test_the_slip_says_when_it_was_issued() -> None:
    """The customer signs for this card of that day."""
    read = dossier(PRODUCT, listed={"issued": issued_card(0)})
    lines = {line.title_en: line.value for line in slip_of(PRODUCT, read)}
    assert make.today().isoformat() == lines["Issued"]
