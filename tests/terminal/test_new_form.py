"""A form that changes under the teller's hands: what still fits stays, the rest is said in words,
and what the terminal lets through then the office accepts.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from terminal.draft import Draft, card_digest
from terminal.draft_events import KeepIdentity, KeepRefusal, RenewForm, WantSubmission
from terminal.errands import SendSubmission
from terminal.form_runner import problems
from terminal.view import open_case
from tests.kit.new_forms import notice
from tests.terminal.filled import Table
from tests.terminal.test_draft_bindings import CARDS, DEEDS, Deed, card_of, everything, play
from wire.checks import Context, check_submission
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.session import ProductCard
from wire.value import TableValue

CARDS_OF = {FieldKind.ID_CARD, FieldKind.BANK_CARD}
"""What other answers hang on by their kinds."""

CHANCE = 0.2
"""How often a question is changed in each way."""


def reworked(product: ProductCard, dice: random.Random) -> ProductCard:
    """The same product with another form that a product could have."""
    needed = {name for one in product.form.fields for name in one.depends}
    needed |= {one.when.field for one in product.form.fields if one.when is not None}
    needed |= {one.name for one in product.form.fields if one.kind in CARDS_OF}
    fields = [_reworked(field, field.name in needed, dice) for field in product.form.fields]
    fields = [one for one in fields if one.name in needed or dice.random() >= CHANCE]
    version = product.form.version + 1
    return replace(product, form=Form(version, (*fields, notice(version))))


def _reworked(field: Field, needed: bool, dice: random.Random) -> Field:
    if dice.random() < CHANCE:
        field = replace(field, title_zh=f"{field.title_zh}（新）")
    if not needed and not field.depends and dice.random() < CHANCE:
        field = replace(field, required=not field.required)
    if field.options and dice.random() < CHANCE:
        first, *others = field.options
        field = replace(field, options=(replace(first, title_zh="其他含义"), *others))
    if field.columns and dice.random() < 2 * CHANCE:
        first_column, *columns = field.columns
        field = replace(field, columns=(replace(first_column, title_zh="其他列"), *columns))
    return field


def same_answer(before: Draft, after: Draft, name: str) -> bool:
    """As it was; of a table rows may have lost cells."""
    was, now = before.values[name], after.values[name]
    if not isinstance(was, TableValue) or not isinstance(now, TableValue):
        return was == now
    rows = zip(was.rows, now.rows, strict=True)
    return all(kept.items() <= row.items() for row, kept in rows)


def product_of(table: Table) -> ProductCard:
    assert table.state.product is not None
    return table.state.product


def lost(before: Draft, after: Draft) -> set[str]:
    return {*before.values, *before.pins} - {*after.values, *after.pins}


def told(table: Table) -> Refusal:
    """What the page says above the case."""
    (reason,) = open_case(table.state, problems(table.state, table.now_ms)).reasons
    return reason


@pytest.mark.parametrize("product", CARDS, ids=lambda product: product.code)
@seed(20261129)
@settings(deadline=None, max_examples=50)
@given(deeds=DEEDS, number=st.integers(0, 2**32))
def test_whatever_changes_the_case_goes_on(
    product: ProductCard, deeds: list[Deed], number: int
) -> None:
    """No answer is taken for another question's, none goes without a word, and the end is right."""
    table = play(product, deeds)
    before, other = table.state, reworked(product, random.Random(number))
    assert table.give(RenewForm(other)) is None
    table.check()

    after = table.state
    assert other == after.product
    assert after.values.keys() | after.pins <= before.values.keys() | before.pins
    assert all(same_answer(before, after, name) for name in after.values)
    words = told(table).message
    for name in lost(before, after) & after.asked:
        field = other.form.field(name)
        assert field is not None
        assert f"“{field.title_zh}”" in words

    table.finish()
    assert table.give(WantSubmission(None)) is None
    (errand,) = (e.message for e in table.taken() if isinstance(e.message, SendSubmission))
    context = Context(table.now_ms, staff_id="T001")
    assert () == check_submission(other.form, errand.submission, context, errand.pins)


def changed(product: ProductCard, name: str, **how: object) -> ProductCard:
    """The product with one question changed and one more at the end."""
    version = product.form.version + 1
    fields = [replace(f, **how) if f.name == name else f for f in product.form.fields]
    return replace(product, form=Form(version, (*fields, notice(version))))


def test_a_whole_form_keeps_what_fits() -> None:
    """One question in other words, one new: the rest is neither typed nor photographed again."""
    table = everything(card_of("debit_card"))
    before = table.state
    other = changed(card_of("debit_card"), "address", title_zh="现居住地址")
    assert table.give(RenewForm(other)) is None

    assert {"address"} == lost(before, table.state)
    assert before.identity == table.state.identity
    assert (Code.STALE, "") == (told(table).code, told(table).field)
    assert (
        "业务表单已更新，仍适用的内容已保留，请核对后继续；须重新办理：“现居住地址”；"
        "须补充：“客户已知悉第4版须知”。" == told(table).message
    )
    assert {"address", "notice_4"} == set(problems(table.state, table.now_ms))


def test_a_photo_that_counts_for_nothing_any_more_is_taken_again() -> None:
    """And what hangs on a card that is to be read again falls with it."""
    table = everything(card_of("debit_card"))
    other = changed(card_of("debit_card"), "card", title_zh="联名卡")
    before = table.state
    assert table.give(RenewForm(other)) is None
    assert {"card", "new_pin"} == lost(before, table.state)
    assert set() == table.pins.keys()

    table = everything(card_of("debit_card"))
    assert (
        table.give(RenewForm(changed(product_of(table), "id_card", title_zh="外国人证件"))) is None
    )
    assert table.state.identity is None
    assert "DRAFT" == table.state.state


def test_a_refused_submission_goes_on_with_the_new_form() -> None:
    """It went out with the old one: what follows is another submission, under the same number."""
    table = everything(card_of("debit_card"))
    other = changed(card_of("debit_card"), "phone")
    assert table.give(WantSubmission(None)) is None
    sent = table.state
    assert table.give(RenewForm(other)) is None
    assert sent == table.state, "what is on its way is not changed any more"

    refusal = Refusal(Code.STALE, "业务表单已更新，请重新填写。", "form_version")
    assert table.give(KeepRefusal(refusal, submission=True)) is None
    assert table.give(RenewForm(other)) is None
    assert other == table.state.product
    table.finish()
    assert table.give(WantSubmission(None)) is None
    errands = [e.message for e in table.taken() if isinstance(e.message, SendSubmission)]
    assert [3, 4] == [one.submission.form_version for one in errands]
    assert [1, 1] == [one.submission.revision for one in errands]


def test_the_register_answers_after_the_news() -> None:
    """What the teller was told stands until they have done something about it."""
    table = Table(card_of("debit_card"))
    assert table.answer(table.form.fields[0], 0) is None
    assert table.give(RenewForm(changed(card_of("debit_card"), "phone"))) is None
    news = told(table)
    card = table.state.id_card
    assert card is not None
    says = IdentityChecked(IdentityResult.MATCH, "r-1", table.now_ms)
    assert table.give(KeepIdentity(card_digest(card), says)) is None
    assert news == told(table)


def test_the_same_form_is_no_news() -> None:
    """Whatever else the product's card says; and another product's form is not for this case."""
    table = everything(card_of("debit_card"))
    before = table.state
    for card in (replace(card_of("debit_card"), title_zh="借记卡"), card_of("bill_payment")):
        assert table.give(RenewForm(card)) is None
    assert before == table.state


def test_choices_and_rows_stay_while_they_mean_the_same() -> None:
    """A code that stands for something else now is no answer; of a row the other cells stay."""
    table = next(
        one
        for one in map(everything, CARDS)
        if any(isinstance(value, TableValue) for value in one.state.values.values())
    )
    form = table.form
    rows = next(field for field in form.fields if field.kind is FieldKind.TABLE)
    first, *columns = rows.columns
    other = changed(
        product_of(table), rows.name, columns=(replace(first, title_zh="别的"), *columns)
    )
    before = table.state.values[rows.name]
    assert isinstance(before, TableValue)
    assert table.give(RenewForm(other)) is None
    after = table.state.values[rows.name]
    assert isinstance(after, TableValue)
    without = [{n: c for n, c in row.items() if n != first.name} for row in before.rows]
    assert without == list(after.rows)
