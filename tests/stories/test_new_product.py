"""A 22nd function: one more file, and everything there is works with it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import backoffice.products
from backoffice.catalogue import products
from backoffice.verify.office import verify_office
from tests.kit.bank import Bank
from tests.kit.closing import DiskArchive, DiskShelf
from tests.kit.running import run
from tests.stories.cast import cast, kinds

FILE = '''
"""Lost card (卡片挂失): the holder reports it, somebody looks, the card's services are noted."""

from collections.abc import Mapping

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.questions.fields import FACE_TO_FACE, ID_CARD, choice, needs_of
from backoffice.partners.operations import RateRisk
from backoffice.product import Category, Leg, Product
from wire.form import Field, FieldKind, Form
from wire.messages.case import SlipLine

FORM = Form(
    version=1,
    fields=(
        ID_CARD,
        FACE_TO_FACE,
        choice("how", "挂失原因", "How", ("lost", "遗失", "Lost"), ("stolen", "被盗", "Stolen")),
        Field(name="note", kind=FieldKind.TEXT, title_zh="说明", title_en="Note"),
    ),
)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    answers = {"how": dossier.choice("how")}
    return (Leg(RateRisk(dossier.customer, 1, answers, 0, "C1")),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    return (SlipLine("说明", "Note", dossier.text("note")),)


PRODUCT = Product(
    code="lost_card",
    title_zh="卡片挂失",
    title_en="Lost card",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.ACCOUNT,
    level=lambda dossier: (Raise(Level.A2),),
    plan=plan,
    slip_lines=slip_lines,
)
'''


@pytest.fixture
def one_more_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file beside the others; the catalogue finds it as it finds those."""
    (tmp_path / "lost_card.py").write_text(FILE)
    monkeypatch.setattr(
        backoffice.products, "__path__", [*backoffice.products.__path__, str(tmp_path)]
    )
    importlib.invalidate_caches()
    yield
    sys.modules.pop("backoffice.products.lost_card", None)


@pytest.mark.usefixtures("one_more_file")
def test_a_new_product_is_one_file_and_works_from_the_table_to_the_slip() -> None:
    """Offered, captured, authorized, made real, signed, printed and verified."""
    assert "lost_card" in products()

    async def story() -> None:
        bank = Bank("one-more")
        async with cast(bank) as at:
            at.authorize()
            case = await at.clerk.finish(await at.clerk.begin("lost_card"))

        assert "CLOSED" == case.state
        assert "SlipSealed" in kinds(bank, case.case_id)
        disk = bank.disk("office").disk
        shelf = DiskShelf(disk.blobs)
        assert () == verify_office(DiskArchive(disk), shelf, products()).findings

    run(story)
