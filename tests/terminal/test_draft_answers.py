"""What one answer does to the others, and to what is owed to the office."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.catalogue import products
from terminal.draft import Draft, card_digest
from terminal.draft_events import (
    Done,
    DraftCommand,
    DraftEvent,
    DropAnswer,
    KeepEvidence,
    KeepIdCard,
    KeepIdentity,
    KeepPin,
    KeepUpload,
    KeepValue,
    Open,
    WantSubmission,
)
from terminal.draft_rules import DraftRules
from terminal.errands import AskIdentity, SendSubmission, UploadEvidence
from terminal.form_runner import problems
from terminal.view import case_row, open_case
from tests.kit import submissions as make
from tests.kit.every_kind import FORM, PRODUCT
from tests.kit.played import Played
from wire.checks import TRAIL, Context, check_submission
from wire.form import Field, FieldKind, Form, Option, When
from wire.message import Code, Refusal
from wire.messages.case import PinBlock
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.session import ProductCard
from wire.value import ChoiceValue, IdCardValue, ListedValue, RecordingValue, TextValue, Value

CASE = make.case_id("answers")


def listed(name: str, *depends: str) -> Field:
    return Field(name=name, kind=FieldKind.LISTED, title_zh=name, title_en=name, depends=depends)


def text(name: str) -> Field:
    return Field(name=name, kind=FieldKind.TEXT, title_zh=name, title_en=name, required=False)


CHAIN = ProductCard(
    "chain",
    "链",
    "Chain",
    Form(1, (listed("c", "b"), text("a"), listed("b", "a"), text("other"))),
    (),
)
"""A business without an ID card; what is listed for `c` follows from `b`, and that from `a`."""


class Story(Played[Draft, DraftCommand, DraftEvent]):
    """One case of any business."""

    def __init__(self, product: ProductCard) -> None:
        super().__init__(DraftRules("T-1"), CASE, make.NOW_MS)
        assert self.give(Open(product, "T001")) is None

    def give(self, command: DraftCommand) -> Refusal | None:
        self.now_ms += 1_000
        reply = self.ask(command)
        assert isinstance(reply, Refusal | Done)
        return reply if isinstance(reply, Refusal) else None

    def sent(self) -> list[object]:
        """What is owed to the office; from now on nothing is."""
        return [effect.message for effect in self.taken()]

    def keep(self, name: str, value: Value) -> None:
        match value:
            case IdCardValue():
                assert self.give(KeepIdCard(name, value)) is None
            case RecordingValue():
                assert self.give(KeepEvidence(name, value)) is None
            case _:
                assert self.give(KeepValue(name, value)) is None


def chain() -> Story:
    story = Story(CHAIN)
    story.keep("a", TextValue("x"))
    story.keep("b", ListedValue("1", "one"))
    story.keep("c", ListedValue("2", "two"))
    story.keep("other", TextValue("y"))
    return story


def test_what_follows_from_a_changed_answer_is_gone() -> None:
    """Through any number of lists, whatever the order of the form."""
    story = chain()
    assert {"a", "b", "c", "other"} == set(story.state.values)

    story.keep("other", TextValue("z"))
    story.keep("a", TextValue("x"))
    assert {"a", "b", "c", "other"} == set(story.state.values)
    story.keep("b", ListedValue("3", "three"))
    assert {"a", "b", "other"} == set(story.state.values)
    story.keep("c", ListedValue("2", "two"))
    assert story.give(DropAnswer("a")) is None
    assert {"other"} == set(story.state.values)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", ""])), max_size=20))
def test_no_choice_outlives_what_it_was_made_from(deeds: list[tuple[str, str]]) -> None:
    """After anything: a list's answer is there only if nothing that it depends on has changed."""
    story = Story(CHAIN)
    basis: dict[str, Value | None] = {}
    above = {"b": "a", "c": "b"}
    for name, code in deeds:
        if code:
            value = TextValue(code) if name == "a" else ListedValue(code, code)
            if above.get(name, name) not in {*story.state.values, "a"} or (
                name == "b" and "a" not in story.state.values
            ):
                refusal = story.give(KeepValue(name, value))
                assert refusal is not None
                assert Code.STATE is refusal.code
                continue
            story.keep(name, value)
            basis[name] = story.state.values.get(above.get(name, ""))
        else:
            assert story.give(DropAnswer(name)) is None
        for one, before in basis.items():
            if one in above and one in story.state.values:
                assert before == story.state.values.get(above[one])


def test_a_business_without_an_id_card_needs_no_register() -> None:
    """It is handed over at once, with the whole trail and nobody's identity."""
    story = chain()
    assert {} == problems(story.state, story.now_ms)
    assert story.give(WantSubmission(None)) is None

    (errand,) = story.sent()
    assert isinstance(errand, SendSubmission)
    assert list(TRAIL) == [step.state for step in errand.submission.trail]
    assert "" == errand.submission.identity_reference
    context = Context(story.now_ms)
    assert () == check_submission(CHAIN.form, errand.submission, context, errand.pins)
    assert "" == case_row(story.state, 0).customer


def test_everybody_is_asked_about_at_the_register() -> None:
    """Whoever comes along leaves the customer's check as it is."""
    story = Story(PRODUCT)
    customer, guarantor = make.id_card(make.person(1)), make.id_card(make.person(2))
    refusal = story.give(KeepIdCard("guarantor", guarantor))
    assert refusal is not None
    assert (Code.STATE, "guarantor") == (refusal.code, refusal.field)
    assert "" == case_row(story.state, 0).customer
    story.keep("id_card", customer)
    assert [AskIdentity(customer)] == story.sent()
    story.keep("guarantor", guarantor)
    assert [AskIdentity(guarantor)] == story.sent()
    before = story.state
    another = make.id_card(make.person(3))
    story.keep("guarantor", another)
    assert (before.trail, before.identity) == (story.state.trail, story.state.identity)
    assert customer == story.state.id_card
    assert [AskIdentity(another)] == story.sent()
    matches = IdentityChecked(IdentityResult.MATCH, f"{CASE}#3", make.NOW_MS)
    assert story.give(KeepIdentity(card_digest(another), matches)) is None
    assert (None, None) == (story.state.identity, story.state.problem)


@pytest.mark.parametrize("result", [IdentityResult.NAME_DIFFERS, IdentityResult.NUMBER_ABSENT])
def test_a_companion_whom_the_register_does_not_know_is_told_at_the_card(
    result: IdentityResult,
) -> None:
    """Until another card is read there; what is said about one that is gone counts no more."""
    story = Story(PRODUCT)
    guarantor, another = make.id_card(make.person(2)), make.id_card(make.person(3))
    story.keep("id_card", make.id_card(make.person(1)))
    story.keep("guarantor", guarantor)
    differs = IdentityChecked(result, f"{CASE}#1", make.NOW_MS)
    assert story.give(KeepIdentity(card_digest(guarantor), differs)) is None

    problem = problems(story.state, story.now_ms)["guarantor"]
    assert (Code.ID_MISMATCH, False) == (problem.code, problem.retryable)
    assert not open_case(story.state, problems(story.state, story.now_ms)).can_submit
    story.keep("guarantor", another)
    assert story.give(KeepIdentity(card_digest(guarantor), differs)) is None
    assert story.state.problem is None


def test_a_submission_takes_along_whom_the_register_must_know() -> None:
    """The customer's own check is named in it."""
    card = products()["debit_card"].card
    story = Story(card)
    values = make.values_for(card.form, optional=True)
    customer, agent = values["id_card"], values["agent"]
    assert isinstance(customer, IdCardValue)
    story.keep("id_card", customer)
    story.keep("agent", agent)
    matches = IdentityChecked(IdentityResult.MATCH, f"{CASE}#1", make.NOW_MS)
    assert story.give(KeepIdentity(card_digest(customer), matches)) is None
    story.sent()
    assert story.give(WantSubmission(None)) is None

    (errand,) = story.sent()
    assert isinstance(errand, SendSubmission)
    assert (agent,) == errand.others
    assert f"{CASE}#1" == errand.submission.identity_reference


def test_a_recording_travels_like_a_photo() -> None:
    """Owed when it is made, counted when it is there, shown with its length."""
    story = Story(PRODUCT)
    recording = RecordingValue(bytes(32), 200_000, 72_300, make.NOW_MS)
    story.keep("id_card", make.id_card(make.person(1)))
    story.sent()
    story.keep("recording", recording)

    assert [UploadEvidence("recording", recording)] == story.sent()
    assert 0 == case_row(story.state, 0).uploaded
    assert story.give(KeepUpload(recording.digest)) is None
    assert 100 == case_row(story.state, 0).uploaded
    shown = open_case(story.state, problems(story.state, story.now_ms))
    (view,) = [one for one in shown.fields if one.name == "recording"]
    assert ("1:12", recording.digest.hex(), 100) == (view.shown, view.digest, view.uploaded)


def test_a_pin_that_is_taken_back_is_forgotten() -> None:
    """Its block waits nowhere any more."""
    story = Story(PRODUCT)
    values = make.values_for(FORM)
    story.keep("id_card", values["id_card"])
    story.keep("card", values["card"])
    assert story.give(KeepPin(PinBlock("pin", bytes(12), bytes(16)))) is None
    assert {"pin"} == story.state.pins
    assert story.give(DropAnswer("pin")) is None
    assert frozenset() == story.state.pins
    assert [None] == [document.body for document in story.verdict.documents]


def test_every_kind_is_shown_without_its_secrets() -> None:
    """ID numbers masked, also in the cells of a table; the rest as people read it."""
    story = Story(PRODUCT)
    values = make.values_for(FORM, 4)
    for name, value in values.items():
        story.keep(name, value)
    shown = open_case(story.state, problems(story.state, story.now_ms))
    views = {view.name: view for view in shown.fields}

    assert all(views[name].shown for name in values)
    assert "******" in views["contact"].shown
    assert all("******" in row.cells["number"] for row in views["members"].rows)
    assert "mobile_bank,sms_notice" == views["services"].shown
    assert ("列表中的一项", None) == (views["bill"].shown, views["bill"].items)
    assert views["phone"].proven
    text_of_all = msgspec.json.encode(shown).decode()
    for value in values.values():
        if isinstance(value, IdCardValue):
            assert value.number.number not in text_of_all


PLANT, BREED = When("purpose", ("plant",)), When("purpose", ("breed",))
RELEVANT = ProductCard(
    "relevant",
    "相关",
    "Relevance",
    Form(
        1,
        (
            Field(
                name="purpose",
                kind=FieldKind.CHOICE,
                title_zh="用途",
                title_en="Purpose",
                options=(Option("plant", "种植", "Planting"), Option("breed", "养殖", "Breeding")),
            ),
            msgspec.structs.replace(text("crop"), when=PLANT, required=True),
            msgspec.structs.replace(listed("field", "crop"), when=PLANT),
            msgspec.structs.replace(text("animals"), when=BREED, required=True),
            Field(name="card", kind=FieldKind.BANK_CARD, title_zh="卡", title_en="Card"),
            Field(name="pin", kind=FieldKind.PIN, title_zh="密码", title_en="PIN", when=PLANT),
        ),
    ),
    (),
)
"""What follows depends on the purpose."""


def shown(story: Story) -> dict[str, Refusal | None]:
    """The fields on the page, with their problems."""
    view = open_case(story.state, problems(story.state, story.now_ms))
    return {one.name: one.problem for one in view.fields}


def test_only_what_is_asked_is_shown_and_taken() -> None:
    """The other questions are not there, and what is said to them is refused."""
    story = Story(RELEVANT)
    assert ["purpose", "card"] == list(shown(story))
    refusal = story.give(KeepValue("crop", TextValue("烤烟")))
    assert refusal is not None
    assert (Code.FORMAT, "crop") == (refusal.code, refusal.field)

    assert story.give(KeepValue("purpose", ChoiceValue("breed"))) is None
    assert ["purpose", "animals", "card"] == list(shown(story))
    assert {"animals", "card"} == {name for name, problem in shown(story).items() if problem}


def test_an_answer_drops_what_is_asked_no_more() -> None:
    """For good: coming back finds the questions empty, and the PIN block is gone from the disk."""
    story = Story(RELEVANT)
    assert story.give(KeepValue("purpose", ChoiceValue("plant"))) is None
    assert story.give(KeepValue("crop", TextValue("烤烟"))) is None
    assert story.give(KeepValue("field", ListedValue("f1", "大田"))) is None
    story.keep("card", make.values_for(RELEVANT.form)["card"])
    assert story.give(KeepPin(PinBlock("pin", b"k" * 12, b"b" * 16))) is None

    assert story.give(KeepValue("purpose", ChoiceValue("breed"))) is None
    assert {"purpose", "card"} == set(story.state.values)
    assert frozenset() == story.state.pins
    assert [("pins", None)] == [(one.collection, one.body) for one in story.verdict.documents]

    assert story.give(KeepValue("purpose", ChoiceValue("plant"))) is None
    assert {"purpose", "card"} == set(story.state.values)
    assert story.give(KeepValue("crop", TextValue("咖啡"))) is None
    assert story.give(DropAnswer("purpose")) is None
    assert {"card"} == set(story.state.values)


def test_what_was_sent_back_is_settled_when_it_is_asked_no_more() -> None:
    """An authorizer's mark at a question that is not asked any more keeps nobody from going on."""
    story = Story(RELEVANT)
    assert story.give(KeepValue("purpose", ChoiceValue("plant"))) is None
    mark = Refusal(Code.FORMAT, "请核实作物", "crop")
    story.state = msgspec.structs.replace(story.state, marks={"crop": mark, "crop.1": mark})

    assert story.give(KeepValue("purpose", ChoiceValue("breed"))) is None
    assert {} == story.state.marks
