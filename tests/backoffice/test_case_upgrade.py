"""A case ends by what was approved, whatever becomes of its product while it is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from actors.store import Batch, StoreClosed
from actors.store.memory import Disk, MemoryStore
from backoffice.authorization.levels import THRESHOLDS
from backoffice.cases.case import CaseBehaviour
from backoffice.cases.commands import PartnerSilent
from backoffice.cases.events import CustomerLearned
from backoffice.cases.terms import Rules
from backoffice.forms import COLLECTION, Forms, form_digest
from backoffice.product import Product
from tests.backoffice.case_story import DESK, PRODUCTS, RULES, SECOND_DESK, Catalogued, Story
from tests.backoffice.toys import RULES as WITH_TOYS
from tests.kit.outside import VirtualWall
from tests.kit.running import run
from wire.case_state import State
from wire.codec import encode
from wire.form import Form
from wire.messages import desk

CODES = ("debit_card", "bill_payment", "service_sign_up", "post_loan_check", "wealth_purchase")
"""Handed over; of two legs; of optional ones; with a line that a partner may add; of two desks."""


def spoilt(*_: object) -> Any:
    """What a product's rules of today say of a submission of yesterday."""
    raise KeyError("this field is asked no more")


def upgraded(product: Product) -> Product:
    """The same code for another business."""
    return replace(
        product,
        title_zh="全新业务",
        title_en="Something new",
        form=Form(product.form.version + 1, product.form.fields[:1]),
        plan=spoilt,
        slip_lines=spoilt,
        profile=spoilt,
        level=spoilt,
        problems=spoilt,
        claims=spoilt,
        delivers="",
    )


def rules(products: dict[str, Product]) -> Catalogued:
    """The rules after a restart: the forms that are stored, other products, other numbers."""
    forms = Forms([*(one.form for one in PRODUCTS.values())])
    numbers = msgspec.structs.replace(
        THRESHOLDS, a1_fen_max=0, a2_fen_max=0, a3_fen_max=0, async_ms=1, sync_ms=1
    )
    return Catalogued(forms, RULES.verify, numbers, learn=True, products=products)


BEFORE = replace(RULES, learn=True)

AFTER: dict[str, Callable[[], Rules]] = {
    "vanished": lambda: rules({}),
    "changed": lambda: rules({code: upgraded(one) for code, one in PRODUCTS.items()}),
}


def deeds(story: Story) -> list[Callable[[], object]]:
    """The whole life, deed by deed."""

    def decide() -> None:
        for who in (DESK, SECOND_DESK):
            if story.where() is State.AUTH_QUEUED:
                story.approve(who)

    return [
        story.file,
        decide,
        lambda: [story.give(PartnerSilent(leg.key)) for leg in story.case.legs[:1]],
        story.core,
        story.show,
        story.sign,
        story.core,
        lambda: story.deliver() if story.where() is State.COMMITTED else None,
    ]


def lived(code: str, upgrade_after: int | None, to: str = "vanished") -> Story:
    """A case whose office is upgraded after so many deeds."""
    story = Story(code, rules=BEFORE)
    for number, deed in enumerate(deeds(story), start=1):
        deed()
        if number == upgrade_after:
            story.behaviour = CaseBehaviour(AFTER[to]())
    return story


@pytest.mark.parametrize("to", AFTER)
@pytest.mark.parametrize("code", CODES)
def test_an_upgrade_changes_nothing_of_what_is_under_way(code: str, to: str) -> None:
    """In every state: the same events, the same requests, the same slip, the same knowledge."""
    usual = lived(code, None)
    assert State.CLOSED is usual.where()
    learned = [one.message for one in usual.owed if isinstance(one.message, CustomerLearned)]
    assert 1 == len(learned)
    for after in range(1, len(deeds(usual))):
        story = lived(code, after, to)
        assert usual.events == story.events, f"upgraded after deed {after}"
        assert usual.owed == story.owed
        assert usual.bank.core.entries == story.bank.core.entries
        assert usual.bank.documents == story.bank.documents


@pytest.mark.parametrize("to", AFTER)
def test_what_is_stored_only_ends_as_well(to: str) -> None:
    """Pure information has a receipt by what was filed."""

    def stored(*, upgrade: bool) -> Story:
        story = Story("referral", rules=replace(WITH_TOYS, learn=True))
        story.file()
        seen = story.claim()
        if upgrade:
            forms = story.behaviour._rules.forms
            story.behaviour = CaseBehaviour(replace(AFTER[to](), forms=forms))
            again = story.claim()
            assert isinstance(again, desk.CaseFile)
            assert seen.compared == again.compared
            seen = again
        story.judge(seen)
        return story

    usual, story = stored(upgrade=False), stored(upgrade=True)
    assert State.CLOSED is usual.where() is story.where()
    assert usual.case.slip == story.case.slip


@pytest.mark.parametrize("to", AFTER)
def test_a_desk_reads_an_old_case_with_the_form_that_was_filled(to: str) -> None:
    """Every line as before; a return names fields of that form."""
    story = Story("debit_card", rules=BEFORE)
    story.file()
    before = story.claim()
    story.behaviour = CaseBehaviour(AFTER[to]())
    after = story.claim()
    assert isinstance(after, desk.CaseFile)
    assert before.compared == after.compared
    assert (before.item.title_zh, before.item.level) == (after.item.title_zh, after.item.level)

    unclear = desk.Reason.IMAGE_UNCLEAR
    taken = story.judge(after, desk.Verdict.RETURN, unclear, fields=("id_front",))
    assert isinstance(taken, desk.DecisionTaken)


def test_what_was_approved_is_written_down() -> None:
    """Plan, titles and numbers stand in the intake; of the form, its digest."""
    story = Story("bill_payment", rules=BEFORE)
    story.file()
    kept = story.case.filed.undertaking

    assert form_digest(PRODUCTS["bill_payment"].form) == kept.form
    assert PRODUCTS["bill_payment"].title_zh == kept.title_zh
    assert 2 == len(kept.plan)
    assert all(leg.key.startswith(story.case_id) for leg in kept.plan)
    assert THRESHOLDS == kept.numbers.thresholds
    assert msgspec.json.decode(kept.numbers.terms)["billers"]


def test_a_form_is_stored_once_and_found_after_a_restart() -> None:
    """Before the first case that names it; a store that fails keeps the case out."""

    async def story() -> None:
        disk, wall, commits = Disk(), VirtualWall(), []

        async def counted(_store: MemoryStore, batch: Batch) -> None:
            commits.append(batch)

        store = MemoryStore(disk, before_commit=counted)
        forms = Forms()
        some = [PRODUCTS[code].form for code in CODES]
        for form in (*some, *some):
            await forms.keep(form, store, wall)
        assert len(some) == len(commits)

        after = Forms()
        await after.load(MemoryStore(disk))
        assert some == [after[form_digest(form)] for form in some]
        assert {(COLLECTION, form_digest(one).hex()): encode(one) for one in some} == disk.documents

        broken = MemoryStore(Disk())
        broken.crash()
        lost = Forms()
        with pytest.raises(StoreClosed):
            await lost.keep(some[0], broken, wall)
        with pytest.raises(KeyError):
            lost[form_digest(some[0])]

    run(story)


def test_more_forms_than_a_page_are_all_found() -> None:
    """Years of unions that each have bounds of their own."""

    async def story() -> None:
        disk, wall = Disk(), VirtualWall()
        forms, store = Forms(), MemoryStore(disk)
        many = [Form(version, ()) for version in range(1, 2_002)]
        for form in many:
            await forms.keep(form, store, wall)
        after = Forms()
        await after.load(MemoryStore(disk))
        assert all(after[form_digest(form)] == form for form in many)

    run(story)
