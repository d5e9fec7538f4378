"""The product contract: discovery, and what a product may not get wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest

import backoffice.products
from backoffice.authorization.levels import THRESHOLDS, Level, Raise, assess, by_age, by_amount
from backoffice.authorization.policy import DEFAULT_ROUTING
from backoffice.catalogue import problems_of, products
from backoffice.product import Product, unique_key
from backoffice.products import card_activation, debit_card, wealth_purchase
from backoffice.products.wealth_purchase import WealthPurchaseTerms
from backoffice.questions.fields import CARD_FIRST
from wire.form import Capability, Field, FieldKind, Form, When
from wire.message import Code, Refusal
from wire.messages.session import PAGE_BYTES_MAX

SOUND = debit_card.PRODUCT

LINES_MAX = 320
"""The longest file of a product: what can be read at once."""


def test_every_file_is_a_product_and_is_found() -> None:
    """By its own name, and small enough to be read at once."""
    folder = Path(str(backoffice.products.__file__)).parent
    files = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}

    assert set(files) == set(products())
    assert {"debit_card", "card_activation"} <= set(files)
    for path in files.values():
        assert len(path.read_text().splitlines()) <= LINES_MAX, path.name


def test_a_terminal_sees_a_card_and_no_rules() -> None:
    """Titles, form and needs."""
    card = SOUND.card

    assert ("debit_card", "借记卡发卡") == (card.code, card.title_zh)
    assert SOUND.form == card.form
    assert Capability.PIN_PAD in card.needs
    assert tuple(sorted(card.needs)) == card.needs


def with_form(**changes: Any) -> Product:
    """The sound product with its `job` field spoiled."""
    fields = tuple(
        msgspec.structs.replace(field, **changes) if field.name == "job" else field
        for field in SOUND.form.fields
    )
    return dataclasses.replace(SOUND, form=Form(1, fields))


@pytest.mark.parametrize(
    "spoiled",
    [
        with_form(name="phone"),
        with_form(options=()),
        with_form(options=SOUND.form.fields[7].options[:1] * 2),
        with_form(title_en=""),
        with_form(fen_max=5),
        with_form(evidence="E1"),
        with_form(chars_max=501),
        with_form(kind=FieldKind.AMOUNT, options=()),
        dataclasses.replace(SOUND, needs=frozenset()),
        dataclasses.replace(wealth_purchase.PRODUCT, terms=WealthPurchaseTerms(fen_max=1)),
        dataclasses.replace(SOUND, target="phone"),
        dataclasses.replace(card_activation.PRODUCT, target="issued"),
        dataclasses.replace(SOUND, delivers="phone"),
        dataclasses.replace(SOUND, delivers="nothing"),
        dataclasses.replace(SOUND, title_zh=""),
        dataclasses.replace(SOUND, form=Form(0, SOUND.form.fields)),
        dataclasses.replace(
            SOUND,
            form=Form(
                1,
                (
                    SOUND.form.fields[0],
                    Field(name="pin", kind=FieldKind.PIN, title_zh="密码", title_en="PIN"),
                ),
            ),
            delivers="",
        ),
    ],
)
def test_what_contradicts_itself_does_not_start(spoiled: Product) -> None:
    """Each contradiction is found before a customer stands there."""
    assert [] == problems_of(SOUND)
    assert [] == problems_of(card_activation.PRODUCT)
    assert [] != problems_of(spoiled)


def test_a_form_that_no_page_holds_does_not_start() -> None:
    """The product names itself, what its form takes, and what there is."""
    (problem,) = problems_of(with_form(hint_zh="提示" * 3_000))
    assert "the form takes 21" in problem
    assert f"a page of products {PAGE_BYTES_MAX}" in problem


def hanging(when: When, *, first: bool = False, **changes: Any) -> Product:
    """The sound product with one more field, which hangs on an answer."""
    usual = Field(name="more", kind=FieldKind.TEXT, title_zh="更多", title_en="More", when=when)
    more = msgspec.structs.replace(usual, **changes)
    fields = SOUND.form.fields
    at = 1 if first else len(fields)
    return dataclasses.replace(SOUND, form=Form(1, (*fields[:at], more, *fields[at:])))


@pytest.mark.parametrize(
    "spoiled",
    [
        hanging(When("nothing", ("farmer",))),
        hanging(When("phone", ("farmer",))),
        hanging(When("more", ("farmer",))),
        hanging(When("job", ("farmer",)), first=True),
        hanging(When("job", ("no such option",))),
        hanging(When("job", ())),
    ],
)
def test_a_field_hangs_on_options_of_a_choice_before_it(spoiled: Product) -> None:
    """Missing, later, of another kind, or with codes that it has not: found at start."""
    assert [] == problems_of(hanging(When("job", ("farmer",))))
    (problem,) = problems_of(spoiled)
    assert "it hangs on" in problem


def test_neither_columns_nor_lists_hang_in_the_air() -> None:
    """A list is asked with what it needs; the cells of a table have no say."""
    farmers = When("job", ("farmer",))
    cell = Field(name="c", kind=FieldKind.TEXT, title_zh="c", title_en="c", when=farmers)
    table = hanging(farmers, kind=FieldKind.TABLE, columns=(cell,), rows_max=2)
    assert ["more: a column cannot hang on an answer"] == problems_of(table)

    def lists(*depends: str) -> list[str]:
        fields = hanging(farmers).form.fields
        loose = Field(
            name="list", kind=FieldKind.LISTED, title_zh="列", title_en="List", depends=depends
        )
        asks = {"list": lambda _: CARD_FIRST}
        form = Form(1, (*fields, loose))
        return problems_of(dataclasses.replace(SOUND, form=form, listings=asks))

    assert [] == lists("job")
    unsure = ["list: it is given for what may not have been asked before it"]
    assert unsure == lists("more") == lists("later")


def test_keys_are_scoped() -> None:
    """The same number as another kind of thing, or in another union, is another key."""
    keys = {
        unique_key("card", "u1", "1234"),
        unique_key("class-I", "u1", "1234"),
        unique_key("card", "u2", "1234"),
        unique_key("card", "u1", "12", "34"),
    }

    assert 4 == len(keys)


@pytest.mark.parametrize(
    ("raises", "level", "flags", "approvals"),
    [
        ((), Level.A0, (), 0),
        ((Raise(Level.A1),), Level.A1, (), 0),
        ((Raise(Level.A2), Raise(Level.A1)), Level.A2, (), 1),
        ((Raise(Level.A2), Raise(Level.A3, "senior")), Level.A3, ("senior",), 1),
        ((Raise(Level.A3, "a"), Raise(Level.A3, "a")), Level.A3, ("a",), 1),
        ((Raise(Level.A3, "b"), Raise(Level.A3, "a")), Level.A4, ("a", "b"), 2),
    ],
)
def test_the_level_is_the_maximum_of_all_rules(
    raises: tuple[Raise, ...], level: Level, flags: tuple[str, ...], approvals: int
) -> None:
    """And two different reasons for A3 make A4."""
    assessment = assess(raises, "u", "p", DEFAULT_ROUTING.route)

    assert not isinstance(assessment, Refusal)
    assert (level, flags, approvals) == (
        assessment.level,
        assessment.flags,
        assessment.approvals,
    )
    assert DEFAULT_ROUTING.version == assessment.route.version


def test_ax_is_refused_whatever_else() -> None:
    """With its own code and sentence."""
    raises = (Raise(Level.A2), Raise(Level.AX, code=Code.POSTURE))
    answer = assess(raises, "u", "p", DEFAULT_ROUTING.route)

    assert isinstance(answer, Refusal)
    assert Code.POSTURE is answer.code


@pytest.mark.parametrize(
    ("fen", "level"),
    [
        (100_000, Level.A1),
        (100_001, Level.A2),
        (5_000_000, Level.A2),
        (5_000_001, Level.A3),
        (20_000_000, Level.A3),
        (20_000_001, Level.A4),
    ],
)
def test_amounts_have_levels(fen: int, level: Level) -> None:
    """The published bounds."""
    assert level is by_amount(fen, THRESHOLDS).level


@pytest.mark.parametrize(("years", "flag"), [(17, "minor"), (18, ""), (64, ""), (65, "senior")])
def test_ages_have_levels(years: int, flag: str) -> None:
    """Under 18 and from 65 on."""
    assert ([flag] if flag else []) == [rule.flag for rule in by_age(years, THRESHOLDS)]
