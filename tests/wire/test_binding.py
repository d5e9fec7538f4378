"""What an answer was given for: it counts while that is there, and not a moment longer."""

from __future__ import annotations

import pytest

from backoffice.catalogue import products
from tests.kit import submissions as make
from tests.kit.every_kind import FORM
from wire.checks import (
    PIN_KINDS,
    Context,
    anchors,
    asked_fields,
    binding,
    bindings,
    check_form,
    check_submission,
    loosened,
)
from wire.form import FIELDS_MAX, Field, FieldKind, Form
from wire.masked import Phone
from wire.message import Code
from wire.value import IdCardValue, PhoneValue, Value

PRODUCTS = products()
CONTEXT = Context(make.NOW_MS, staff_id="T001")
PINS = ("pin",)


def field(name: str, form: Form = FORM) -> Field:
    found = form.field(name)
    assert found is not None
    return found


def answers(seed: int = 1) -> dict[str, Value]:
    return make.values_for(FORM, seed, optional=True)


def refused(values: dict[str, Value], bound: dict[str, bytes]) -> set[tuple[Code, str]]:
    """What the common checks say of these bindings."""
    problems = check_form(FORM, values, CONTEXT, PINS, (), bound)
    return {(one.code, one.field) for one in problems}


def test_what_each_kind_hangs_on() -> None:
    """Captured and shown for the customer; a PIN for its card, too; what is typed for nobody."""
    on_customer = ("id_card",)
    found = {one.name: anchors(FORM, one) for one in FORM.fields}

    assert () == found["id_card"]
    for name in ("guarantor", "face_to_face", "disclosure", "recording", "colleague", "card"):
        assert on_customer == found[name]
    assert ("bill_no", "id_card") == found["bill"]
    assert ("card", "id_card") == found["pin"]
    for name in ("bill_no", "term", "fen", "contact", "purpose", "members", "remark", "phone"):
        assert () == found[name]
    phone = field("phone")
    assert on_customer == anchors(FORM, phone, PhoneValue(Phone("13800000000"), "proof"))
    assert () == anchors(FORM, phone, PhoneValue(Phone("13800000000")))


def test_how_something_was_read_is_not_what_it_is() -> None:
    """The same card by another reader; the same phone proven; but not another card."""
    values = answers()
    card = values["id_card"]
    assert isinstance(card, IdCardValue)
    again = IdCardValue(card.record, card.portrait, "another reader", card.number, card.name)
    other = make.id_card(make.person("other"))
    photo = field("face_to_face")

    before = binding(FORM, photo, values)
    assert before == binding(FORM, photo, {**values, "id_card": again})
    assert before != binding(FORM, photo, {**values, "id_card": other})
    without = {name: value for name, value in values.items() if name != "id_card"}
    assert before != binding(FORM, photo, without)


def test_what_falls_takes_along_what_hangs_on_it() -> None:
    """Through card and PIN, in the form's order; what is typed stays."""
    values = answers()
    bound = bindings(FORM, values, PINS)
    assert () == loosened(FORM, values, PINS, bound)

    other = {**values, "id_card": make.id_card(make.person("other"))}
    kinds = {
        FieldKind.PHOTO, FieldKind.LISTED, FieldKind.CONFIRM, FieldKind.RECORDING, FieldKind.INK,
        FieldKind.COLLEAGUE, FieldKind.BANK_CARD, FieldKind.PIN, FieldKind.PHONE,
    }  # fmt: skip
    asked = {one.name for one in asked_fields(FORM, values)}
    fall = [one.name for one in FORM.fields if one.kind in kinds and one.name in asked]
    assert ["guarantor", *fall] == list(loosened(FORM, other, PINS, bound))

    another = {**values, "card": make.values_for(FORM, 2)["card"]}
    assert ("pin",) == loosened(FORM, another, PINS, bound)
    gone = {name: value for name, value in values.items() if name != "card"}
    assert ("pin",) == loosened(FORM, gone, PINS, bound)


@pytest.mark.parametrize("code", PRODUCTS)
def test_what_the_office_refuses_is_exactly_what_the_terminal_lets_go(code: str) -> None:
    """Of every product: change one answer at a time, and both sides name the same others."""
    form = PRODUCTS[code].form
    values, others = (make.values_for(form, seed, optional=True) for seed in (1, 2))
    pins = [one.name for one in asked_fields(form, values) if one.kind in PIN_KINDS]
    bound = bindings(form, values, pins)
    for name in values:
        if name not in others or others[name] == values[name]:
            continue
        changed = {**values, name: others[name]}
        asked = {one.name for one in asked_fields(form, changed)}
        # The first answers that fall, before what falls with them; the changed one was given now.
        known = bound | bindings(form, {n: v for n, v in changed.items() if n == name})
        known |= {n: d for n, d in bindings(form, changed, pins).items() if n == name}
        stale = {
            one.field
            for one in check_form(form, changed, CONTEXT, pins, (), known)
            if one.code is Code.STALE
        }
        fallen = {*loosened(form, changed, pins, known)}
        assert stale <= fallen
        assert bool(stale) == bool(fallen & asked)
        kept = {n: v for n, v in changed.items() if n not in fallen}
        held = [n for n in pins if n not in fallen]
        left = {n: d for n, d in known.items() if n in kept or n in held}
        again = check_form(form, kept, CONTEXT, held, (), left)
        assert not [one for one in again if one.code is Code.STALE or one.field == "bound"]


def test_a_submission_says_what_its_answers_were_given_for() -> None:
    """Swapped cards, swapped PINs, left out or invented bindings: each is refused at its answer."""
    values = answers()
    bound = bindings(FORM, values, PINS)
    assert set() == refused(values, bound)

    other = {**values, "card": make.values_for(FORM, 2)["card"]}
    assert {(Code.STALE, "pin")} == refused(other, bound)
    lacking = {name: one for name, one in bound.items() if name != "face_to_face"}
    assert {(Code.STALE, "face_to_face")} == refused(values, lacking)
    assert {(Code.STALE, "remark")} == refused(values, bound | {"remark": b"x" * 16})
    assert {(Code.FORMAT, "bound")} == refused(values, bound | {"nothing": b"x" * 16})
    many = {f"f{number}": b"" for number in range(FIELDS_MAX + 1)}
    assert {(Code.FORMAT, "")} == refused(values, many)


def test_a_submission_without_bindings_is_stale() -> None:
    """Nothing is taken on trust because it says nothing."""
    form = PRODUCTS["debit_card"].form
    right = make.submission("debit_card", form)
    pins = ["new_pin"]
    assert () == check_submission(form, right, CONTEXT, pins)

    wrong = make.submission("debit_card", form)
    wrong.bound.clear()
    found = {one.field for one in check_submission(form, wrong, CONTEXT, pins)}
    assert {"card", "face_to_face", "id_back", "id_front", "new_pin", "phone"} == found
