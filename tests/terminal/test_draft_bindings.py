"""Whatever a teller changes, in whatever order: no answer outlives what it was given for, the
teller is told, and what the terminal lets through the office accepts.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from backoffice.catalogue import products
from terminal.draft import Draft, submission
from terminal.draft_events import (
    DropAnswer,
    KeepEvidence,
    KeepValue,
    WantSubmission,
)
from terminal.errands import SendSubmission
from terminal.form_runner import problems
from terminal.view import open_case
from tests.kit import submissions as make
from tests.kit.every_kind import PRODUCT
from tests.terminal.filled import Table
from wire.checks import Context, check_submission
from wire.form import Field, FieldKind
from wire.message import Code
from wire.messages.session import ProductCard
from wire.value import Value

CARDS = [product.card for product in products().values()] + [PRODUCT]
PEOPLE = 3
"""How many different answers there are to each question."""


Deed = tuple[int, int]
"""Which question, and how it is answered; -1 takes the answer back."""

DEEDS = st.lists(st.tuples(st.integers(0, 63), st.integers(-1, PEOPLE - 1)), max_size=40)


def play(product: ProductCard, deeds: list[Deed]) -> Table:
    table = Table(product)
    for number, which in deeds:
        field = table.form.fields[number % len(table.form.fields)]
        before = table.state
        refusal = table.give(DropAnswer(field.name)) if which < 0 else table.answer(field, which)
        table.check()
        assert refusal is None or before == table.state
        told = told_of(before, table.state, field.name)
        lost = {*before.values, *before.pins} - {*table.state.values, *table.state.pins}
        assert {name for name in lost - {field.name} if name in table.state.asked} == told
    return table


def told_of(before: Draft, after: Draft, changed: str) -> set[str]:
    """The questions that the teller is told to answer anew because of one deed."""
    assert after.product is not None
    if after.problem is None or after.problem is before.problem or after.problem.code != "E_STALE":
        return set()
    titles = [one for one in after.product.form.fields if one.name != changed]
    return {one.name for one in titles if f"“{one.title_zh}”" in after.problem.message}


@pytest.mark.parametrize("product", CARDS, ids=lambda product: product.code)
@seed(20250615)
@settings(deadline=None)
@given(deeds=DEEDS)
def test_no_answer_outlives_what_it_was_given_for(product: ProductCard, deeds: list[Deed]) -> None:
    """And the office has nothing to say against what comes of it in the end."""
    table = play(product, deeds)
    table.finish()
    table.check()
    assert table.give(WantSubmission(None)) is None
    (errand,) = (e.message for e in table.taken() if isinstance(e.message, SendSubmission))

    context = Context(table.now_ms, staff_id="T001")
    assert () == check_submission(table.form, errand.submission, context, errand.pins)
    assert submission(table.state, "T-1") == errand.submission


def everything(product: ProductCard) -> Table:
    table = Table(product)
    for field in product.form.fields:
        if field.name in table.state.asked and (field.required or field.name.startswith("agent")):
            assert table.answer(field, 0) is None
    table.finish()
    return table


def card_of(code: str) -> ProductCard:
    return products()[code].card


def field_of(table: Table, name: str) -> Field:
    found = table.form.field(name)
    assert found is not None
    return found


FALLS: list[tuple[str, str, set[str]]] = [
    ("bill_payment", "card", {"pin"}),
    ("bill_payment", "bill_no", {"bill"}),
    ("bill_payment", "id_card", {"card", "pin"}),
    ("debit_card", "card", {"new_pin"}),
    ("debit_card", "agent", {"agent_papers", "agent_portrait"}),
    (
        "debit_card",
        "id_card",
        {
            "id_front", "id_back", "face_to_face", "agent", "agent_papers", "agent_portrait",
            "card", "new_pin",
        },
    ),
    ("farmer_file", "id_card", {"colleague"}),
    ("card_activation", "card", {"issued", "pin"}),
]  # fmt: skip
"""(product, what is answered anew, what at least falls)."""


@pytest.mark.parametrize(("code", "changed", "falls"), FALLS)
def test_what_falls_with_a_change(code: str, changed: str, falls: set[str]) -> None:
    """By product: exactly what was given for it; the teller reads it, and it has to be there."""
    table = everything(card_of(code))
    before = {*table.state.values, *table.state.pins}
    assert falls <= before

    assert table.answer(field_of(table, changed), 1) is None
    gone = before - {*table.state.values, *table.state.pins}
    assert falls <= gone
    assert gone == falls or changed == "id_card"
    shown = open_case(table.state, problems(table.state, table.now_ms))
    views = {one.name: one.problem for one in shown.fields}
    for name in falls:
        field = field_of(table, name)
        problem = views[name]
        assert problem is None or (Code.STALE, name) == (problem.code, problem.field)
        assert (problem is not None) == field.required
        (told,) = shown.reasons
        assert f"“{field.title_zh}”" in told.message
    assert shown.can_submit == (not any(field_of(table, name).required for name in falls))

    table.finish()
    assert {} == problems(table.state, table.now_ms)


def test_the_same_thing_again_costs_nothing() -> None:
    """A card that is read a second time, a number that is typed again."""
    table = everything(card_of("bill_payment"))
    before = table.state
    for name in ("id_card", "card", "bill_no"):
        assert table.answer(field_of(table, name), 0) is None
    after = table.state
    assert (before.values, before.pins, before.bound) == (after.values, after.pins, after.bound)


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (FieldKind.PHOTO, lambda f, v: KeepEvidence(f.name, v)),
        (FieldKind.CONFIRM, lambda f, v: KeepValue(f.name, v)),
        (FieldKind.COLLEAGUE, lambda f, v: KeepValue(f.name, v)),
        (FieldKind.INK, lambda f, v: KeepValue(f.name, v)),
    ],
)
def test_nothing_is_given_for_nobody(kind: FieldKind, command: Any) -> None:
    """First the customer's card; the refusal says so at the question, and nothing is kept."""
    table = Table(PRODUCT)
    field = next(one for one in PRODUCT.form.fields if one.kind is kind)
    value: Value = make.value_for(field, random.Random(1), make.person(1), make.NOW_MS)

    refusal = table.give(command(field, value))
    assert refusal is not None
    assert (Code.STATE, field.name) == (refusal.code, refusal.field)
    assert "身份证" in refusal.message
    assert {} == table.state.values
