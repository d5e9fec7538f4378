"""One suite for every product there is or will be, driven by its form alone.

Happy path, every declared check violated, repeats and changed payloads. What only one product has
is in the second half.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from backoffice.cases.commands import FileCase
from backoffice.cases.events import CustomerLearned, Intake, TargetAnswered
from tests.backoffice.case_story import DESK, PRODUCTS, SECOND_DESK, Story, rules_for
from tests.kit import submissions as make
from wire.case_state import FINAL_STATES, State
from wire.checks import PIN_KINDS, asked_fields
from wire.form import Field, FieldKind
from wire.ink import Signature
from wire.masked import IdNumber, Pan, Phone
from wire.message import Code, Refusal
from wire.messages.case import CaseView, Submission
from wire.value import (
    AmountValue,
    BankCardValue,
    ChoicesValue,
    ChoiceValue,
    ColleagueValue,
    ConfirmValue,
    IdNumberValue,
    InkValue,
    ListedValue,
    NumberValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    TableValue,
    TextValue,
    Value,
)

EVERY = sorted(PRODUCTS)
LEARNING = rules_for(PRODUCTS, learn=True)
SEEDS_MAX = 20
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
        FieldKind.NUMBER: [
            (NumberValue(field.number_min - 1), Code.RANGE),
            (NumberValue(field.number_max + 1), Code.RANGE),
        ],
        FieldKind.ID_NUMBER: [(IdNumberValue(IdNumber("530102199001011111")), Code.CHECKSUM)],
        FieldKind.CHOICES: [(ChoicesValue(("no such option",)), Code.FORMAT)],
        FieldKind.CONFIRM: [(ConfirmValue(make.NOW_MS + 600_000), Code.RANGE)],
        FieldKind.LISTED: [
            (ListedValue("", ""), Code.FORMAT),
            (ListedValue("no such item", "没有这一项"), Code.STALE),
        ],
        FieldKind.TABLE: [(TableValue(({},) * (field.rows_max + 1)), Code.LIMIT)],
        FieldKind.INK: [(InkValue(Signature(1000, 400, ())), Code.EVIDENCE)],
        FieldKind.COLLEAGUE: [
            (ColleagueValue("T002", "", "r"), Code.FORMAT),
            (ColleagueValue("T001", "员工T001", "r"), Code.SELF_AUTH),
        ],
        FieldKind.RECORDING: [
            (RecordingValue(b"d" * 32, 9_000, 100, make.NOW_MS), Code.EVIDENCE),
            (RecordingValue(b"d", 9_000, 60_000, make.NOW_MS), Code.FORMAT),
        ],
    }
    return wrong[field.kind]


def asking(code: str, field: Field) -> Story:
    """A case whose right answers leave this field relevant."""
    stories = (Story(code, seed) for seed in range(SEEDS_MAX))
    form = PRODUCTS[code].form
    return next(story for story in stories if field in asked_fields(form, story.values()))


def still_asked(code: str, values: dict[str, Value]) -> dict[str, Value]:
    """Without answers that others have left irrelevant, as any terminal hands it in."""
    asked = {one.name for one in asked_fields(PRODUCTS[code].form, values)}
    return {name: value for name, value in values.items() if name in asked}


def run_through(story: Story, submission: Submission | None = None) -> None:
    """Whatever the level asks for, to the end."""
    authorized(story, submission)
    if story.product.signed:
        story.core()
        story.show()
        story.sign()
        story.core()
    if story.product.delivers:
        story.deliver()


def authorized(story: Story, submission: Submission | None = None) -> None:
    """Handed in, and approved by as many as the level asks for."""
    assert isinstance(story.file(submission), CaseView)
    desks = iter((DESK, SECOND_DESK))
    while story.where() is State.AUTH_QUEUED:
        story.approve(next(desks))


def all_legs_once(story: Story) -> bool:
    """Every leg of the plan became real, each once; pure information has none."""
    real = [f"{leg.key}/committed" for leg in story.case.legs]
    return sorted(real) == sorted(story.bank.core.posted) and bool(real) == story.product.signed


def phones_learned(story: Story, values: dict[str, Value]) -> set[str | None]:
    """What the customer's record is told, once all of it is real."""
    run_through(story, story.submission(values))
    phones = set()
    for effect in story.take("customer"):
        assert isinstance(effect.message, CustomerLearned | TargetAnswered)
        phones.add(effect.message.profile.get("phone"))
    return phones


@pytest.mark.parametrize("code", EVERY)
@pytest.mark.parametrize("seed", range(3))
def test_only_a_proven_phone_is_learned(code: str, seed: int) -> None:
    """Of every product; contacts and whoever else is named have phones of their own."""
    story = Story(code, seed, rules=LEARNING)
    values = story.values()
    proven = {
        value.phone.digits
        for field in story.product.form.fields
        if field.proven and isinstance(value := values.get(field.name), PhoneValue)
    }

    expected: set[str | None] = {*proven} or {None}
    assert phones_learned(story, values) <= expected


def test_a_phone_without_its_proof_is_taken_where_the_form_lets_it_and_not_learned() -> None:
    """A wrong proof is a wrong proof, there too."""
    story = Story("debit_card", rules=LEARNING)
    phone = story.values()["phone"]
    assert isinstance(phone, PhoneValue)
    bare = story.values(phone=PhoneValue(phone.phone))

    assert {None} == phones_learned(story, bare)
    forged = Story("debit_card", rules=LEARNING)
    answer = forged.intake(
        forged.submission(forged.values(phone=PhoneValue(phone.phone, "x#1"))), proofs={}
    )
    assert isinstance(answer, tuple)
    assert [(Code.EVIDENCE, "phone")] == [(one.code, one.field) for one in answer]


def test_the_phone_of_whoever_acts_for_a_customer_is_not_learned() -> None:
    """The code was read back by somebody; whether by the customer nobody knows."""
    story = Story("debit_card", rules=LEARNING)
    alone, accompanied = story.values(), make.values_for(story.product.form, optional=True)
    assert story.product.agent in accompanied

    assert {None} == phones_learned(story, accompanied)
    again = Story("debit_card", rules=LEARNING)
    phone = alone["phone"]
    assert isinstance(phone, PhoneValue)
    assert {phone.phone.digits} == phones_learned(again, alone)


@pytest.mark.parametrize("code", EVERY)
@pytest.mark.parametrize("seed", range(5))
def test_every_product_runs_to_its_end(code: str, seed: int) -> None:
    """From a seeded submission; each leg becomes real once, and whoever signs is named, masked."""
    story = Story(code, seed)
    run_through(story)

    assert State.CLOSED is story.where()
    assert all_legs_once(story)
    assert story.case.slip is not None
    shown = {line.title_zh: line.value for line in story.case.slip.lines}
    assert story.product.title_zh == shown["业务种类"]
    named = story.product.form.field("id_card") is not None
    assert named == ("*" in shown.get("证件号码", ""))
    assert story.product.signed == (story.case.signed is not None)


@pytest.mark.parametrize("code", EVERY)
def test_every_product_survives_a_core_that_loses_every_other_answer(code: str) -> None:
    """Each request once into the void."""
    story = Story(code)
    authorized(story)
    story.core(silent=1)
    story.show()
    story.sign()
    story.core(silent=1)

    assert story.where() in (State.COMMITTED, State.CLOSED)
    assert all_legs_once(story)


@pytest.mark.parametrize(("code", "field"), FIELDS, ids=lambda v: getattr(v, "name", v))
def test_every_check_of_every_field_is_made_again_by_the_office(code: str, field: Field) -> None:
    """A terminal is never believed."""
    story = asking(code, field)
    for wrong, expected in wrong_values(field):
        values = still_asked(code, story.values() | {field.name: wrong})
        refused = story.intake(story.submission(values))
        assert isinstance(refused, tuple)
        assert (expected, field.name) in [(r.code, r.field) for r in refused]


@pytest.mark.parametrize(("code", "field"), FIELDS, ids=lambda v: getattr(v, "name", v))
def test_every_required_field_is_required(code: str, field: Field) -> None:
    """And optional ones are not."""
    story = asking(code, field)
    values = story.values()
    values.pop(field.name, None)
    answer = story.intake(story.submission(still_asked(code, values)))

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
    moved = msgspec.structs.replace(story.submission(), captured_ms=make.NOW_MS - 20_000)
    other = story.intake(moved)
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

    seen: list[Any] = [story.case, story.case.slip, story.case.legs, story.case.filed]
    seen += [leg.asked.request.operation for leg in story.case.legs]
    text = " ".join(repr(one) for one in seen)
    slip = str(story.case.slip)
    for number in numbers:
        assert number not in text
        assert number not in slip
    assert story.where() in FINAL_STATES


# Debit card issue.


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
