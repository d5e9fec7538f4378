"""One suite for every product there is or will be, driven by its form alone.

Happy path, every declared check violated, repeats and changed payloads. What only one product has
is in the second half.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.cases.commands import FileCase
from backoffice.cases.events import Intake
from backoffice.product import Product, open_dossier
from tests.backoffice.case_story import PRODUCTS, SECOND_DESK, Story
from tests.kit import submissions as make
from wire.case_state import FINAL_STATES, State
from wire.checks import PIN_KINDS
from wire.form import (
    AmountValue,
    BankCardValue,
    ChoiceValue,
    Field,
    FieldKind,
    PhoneValue,
    PhotoValue,
    TextValue,
    Value,
)
from wire.masked import Pan, Phone
from wire.message import Code, Refusal
from wire.messages.case import CaseView

EVERY = sorted(PRODUCTS)
FIELDS = [
    (code, field)
    for code in EVERY
    for field in PRODUCTS[code].form.fields
    if field.kind not in PIN_KINDS
]


def wrong_values(field: Field) -> list[tuple[Value, Code]]:
    """What may not be answered to a field, by its kind."""
    sharp = PhotoValue(b"d" * 32, 90_000, 1280, 960, 500, make.NOW_MS)
    blurred = msgspec.structs.replace(sharp, sharpness=10)
    expired = make.person(age=35)
    day = make.today().replace(year=make.today().year - 21)
    expired = msgspec.structs.replace(
        expired, valid_from=day, valid_to=day.replace(year=day.year + 10)
    )
    wrong: dict[FieldKind, list[tuple[Value, Code]]] = {
        FieldKind.ID_CARD: [
            (make.id_card(expired), Code.ID_EXPIRED),
            (msgspec.structs.replace(make.id_card(expired), name="别人"), Code.ID_MISMATCH),
        ],
        FieldKind.PHOTO: [(blurred, Code.IMAGE_QUALITY)],
        FieldKind.TEXT: [(TextValue("x" * (field.chars_max + 1)), Code.FORMAT)],
        FieldKind.PHONE: [(PhoneValue(Phone("11012345678")), Code.FORMAT)],
        FieldKind.CHOICE: [(ChoiceValue("no such option"), Code.FORMAT)],
        FieldKind.AMOUNT: [
            (AmountValue(0), Code.RANGE),
            (AmountValue(field.fen_max + 1), Code.LIMIT),
        ],
        FieldKind.BANK_CARD: [
            (BankCardValue(Pan("6217000000000000000"), "9912"), Code.CHECKSUM),
            (BankCardValue(Pan("4000000000000000"), "9912"), Code.FORMAT),
        ],
    }
    return wrong[field.kind]


def run_through(story: Story) -> None:
    """Whatever the level asks for, to the end."""
    assert isinstance(story.file(), CaseView)
    desks = iter((None, SECOND_DESK))
    while story.where() is State.AUTH_QUEUED:
        desk = next(desks)
        story.approve(desk) if desk else story.approve()
    story.core()
    story.show()
    story.sign()
    story.core()
    if story.product.delivers:
        story.deliver()


@pytest.mark.parametrize("code", EVERY)
@pytest.mark.parametrize("seed", range(5))
def test_every_product_runs_to_its_end(code: str, seed: int) -> None:
    """From a seeded submission; exactly one posting."""
    story = Story(code, seed)
    run_through(story)

    assert State.CLOSED is story.where()
    assert 1 == len(story.bank.core.posted)
    assert story.case.slip is not None
    shown = {line.title_zh: line.value for line in story.case.slip.lines}
    assert story.product.title_zh == shown["业务种类"]
    assert "*" in shown["证件号码"]


@pytest.mark.parametrize("code", EVERY)
def test_every_product_survives_a_core_that_loses_every_other_answer(code: str) -> None:
    """Each request once into the void."""
    story = Story(code)
    assert isinstance(story.file(), CaseView)
    while story.where() is State.AUTH_QUEUED:
        story.approve()
    story.core(silent=1)
    story.show()
    story.sign()
    story.core(silent=1)

    assert story.where() in (State.COMMITTED, State.CLOSED)
    assert 1 == len(story.bank.core.posted)


@pytest.mark.parametrize(("code", "field"), FIELDS, ids=lambda v: getattr(v, "name", v))
def test_every_check_of_every_field_is_made_again_by_the_office(code: str, field: Field) -> None:
    """A terminal is never believed."""
    story = Story(code)
    for wrong, expected in wrong_values(field):
        refused = story.intake(story.submission(story.values() | {field.name: wrong}))
        assert isinstance(refused, tuple)
        assert (expected, field.name) in [(r.code, r.field) for r in refused]


@pytest.mark.parametrize(("code", "field"), FIELDS, ids=lambda v: getattr(v, "name", v))
def test_every_required_field_is_required(code: str, field: Field) -> None:
    """And optional ones are not."""
    story = Story(code)
    values = story.values()
    values.pop(field.name, None)
    answer = story.intake(story.submission(values))

    assert field.required == isinstance(answer, tuple)
    if isinstance(answer, tuple):
        assert [field.name] == [refusal.field for refusal in answer]


@pytest.mark.parametrize("code", EVERY)
def test_every_product_is_idempotent_and_guards_its_key(code: str) -> None:
    """The same again: the same. Something else: refused, and nothing happened."""
    story = Story(code)
    story.file()
    events = len(story.events)
    same = story.intake()
    other = story.intake(story.submission(story.values(make.person("other"))))
    assert isinstance(same, Intake)
    assert isinstance(other, Intake)

    assert isinstance(story.give(FileCase(same)), CaseView)
    refusal = story.give(FileCase(other))
    assert isinstance(refusal, Refusal)
    assert Code.KEY_CONFLICT is refusal.code
    assert events == len(story.events)


@pytest.mark.parametrize("code", EVERY)
def test_no_slip_operation_repr_or_view_shows_a_number(code: str) -> None:
    """What people and logs see is masked."""
    story = Story(code)
    run_through(story)
    holder = make.person(0)
    numbers = [holder.number]
    for value in story.values().values():
        if isinstance(value, BankCardValue):
            numbers.append(value.pan.digits)
        if isinstance(value, PhoneValue):
            numbers.append(value.phone.digits)

    seen: list[Any] = [story.case, story.case.slip, story.case.prepare, story.case.filed]
    seen += [story.case.prepare.operation] if story.case.prepare else []
    text = " ".join(repr(one) for one in seen)
    slip = str(story.case.slip)
    for number in numbers:
        assert number not in text
        assert number not in slip
    assert story.where() in FINAL_STATES


# Debit card issue.

DEBIT = PRODUCTS["debit_card"]


def dossier_at(age: int, product: Product = DEBIT) -> Any:
    holder = make.person(0, age=age)
    values = make.values_for(product.form, holder=holder)
    submission = make.submission(product.code, product.form, values=values)
    return open_dossier(submission, {"new_pin": bytes(32)}, make.NOW_MS)


@pytest.mark.parametrize(("age", "accepted"), [(15, False), (16, True), (90, True)])
def test_a_card_is_for_people_from_sixteen_on(age: int, accepted: bool) -> None:
    """Younger ones come with their guardian, to the counter."""
    problems = DEBIT.problems(dossier_at(age))

    assert accepted == (problems == ())
    assert {Code.RANGE} >= {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("age", "level"), [(16, "A3"), (17, "A3"), (18, "A2"), (64, "A2"), (65, "A3"), (80, "A3")]
)
def test_the_old_and_the_young_are_looked_at_more_closely(age: int, level: str) -> None:
    """By an A3 authorizer, while the customer waits."""
    story = Story()
    story.file(story.submission(story.values(make.person(0, age=age))))

    assert level == story.case.filed.assessment.level.name
    sync = story.case.filed.assessment.route.timing.value == "sync"
    assert (level == "A3") == sync


def test_foreign_tax_residents_are_sent_to_the_counter() -> None:
    """Their declaration is not a tablet's business."""
    story = Story()
    refused = story.intake(story.submission(story.values(tax_residency=ChoiceValue("both"))))

    assert isinstance(refused, tuple)
    assert [(Code.SUITABILITY, "tax_residency")] == [(r.code, r.field) for r in refused]


def test_only_class_one_is_unique_per_person() -> None:
    """A second class-II account is no conflict."""
    story = Story()
    story.file(story.submission(story.values(account_class=ChoiceValue("II"))))

    assert ["card"] == [scope for scope, _ in story.bank.owners]
