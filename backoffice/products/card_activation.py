"""Card activation (卡片激活): the holder proves ID card and PIN, and the card becomes ACTIVE.

No money moves and nothing is handed over, so the rules alone decide (A1). Whether the card was
issued to this person, and the PIN is right, only the core knows: it declines at PREPARE. How long
ago it was issued only the core knows, too, so no rule here can look closer at an old card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import ActivateCard
from backoffice.product import Category, Leg, Product
from backoffice.questions.fields import FACE_TO_FACE, ID_CARD, needs_of
from wire.form import Field, FieldKind, Form
from wire.messages.case import SlipLine

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="待激活卡片", title_en="Card"),
        FACE_TO_FACE,
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
    ),
)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Make the card active for its holder, after one right PIN."""
    operation = ActivateCard(
        customer=dossier.customer,
        pan=dossier.pan("card"),
        pin_verifier=dossier.verifier("pin"),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier, facts: Mapping[str, str]) -> tuple[SlipLine, ...]:
    """What the customer confirms: which card, of which account."""
    return (
        SlipLine("卡号", "Card", dossier.pan("card").masked),
        SlipLine("账号", "Account", facts.get("account", "")),
        SlipLine("激活后状态", "State after activation", "正常"),
    )


PRODUCT: Final = Product(
    code="card_activation",
    title_zh="卡片激活",
    title_en="Card activation",
    form=FORM,
    needs=needs_of(FORM),
    level=lambda dossier: (Raise(Level.A1),),
    category=Category.ACCOUNT,
    plan=plan,
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.debit_card": "1"},
    counter_s=10 * 60,
)
