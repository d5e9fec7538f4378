"""Card activation (卡片激活): the holder proves ID card and PIN, and the card becomes ACTIVE.

No money moves and nothing is handed over, so the rules alone decide (A1), unless the card was
issued long ago, or to a proxy, who chose its PIN: whether the holder has come and wants it is then
a question for a person. What the core lists for this card and this holder is its record of issue;
whether the PIN is right it says at PREPARE.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.listing import day_of
from backoffice.partners.operations import ActivateCard, Partner
from backoffice.partners.queries import CardsToActivate, PartnerQuery
from backoffice.product import Asking, Category, FactLine, Leg, Product
from backoffice.questions.fields import CARD_FIRST, FACE_TO_FACE, ID_CARD, needs_of
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.value import BankCardValue

ISSUED_LONG_AGO: Final = "issued_long_ago"
"""The flag of a card whose holder waited with its activation."""

PROXY_CARD: Final = "proxy_card"
"""The flag of a card that was not handed to its holder."""

DAY_MS: Final = 24 * 60 * 60 * 1000


class CardActivationTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        issued_days_max: an older card needs a person's look (A2).
    """

    issued_days_max: int = 30


FORM: Final = Form(
    version=2,
    fields=(
        ID_CARD,
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="待激活卡片", title_en="Card"),
        Field(
            name="issued",
            kind=FieldKind.LISTED,
            title_zh="发卡记录",
            title_en="Record of issue",
            depends=(ID_CARD.name, "card"),
        ),
        FACE_TO_FACE,
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
    ),
)


def issues(asking: Asking) -> PartnerQuery | Refusal:
    """When this card was issued to this person."""
    card = asking.values.get("card")
    if asking.number is None:
        return CARD_FIRST
    if not isinstance(card, BankCardValue):
        return Refusal(Code.FORMAT, "请先读取“待激活卡片”。", "card")
    return CardsToActivate(asking.number, card.pan)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """Rules alone for a card that was handed to its holder lately; the core must have said so."""
    held_ms = dossier.now_ms - int(dossier.fact("issued", "issued_ms"))
    most = dossier.terms_as(CardActivationTerms).issued_days_max
    raises = []
    if held_ms > most * DAY_MS:
        raises.append(Raise(Level.A2, ISSUED_LONG_AGO))
    if dossier.item("issued").facts.get("by_proxy") != "0":
        raises.append(Raise(Level.A2, PROXY_CARD))
    return tuple(raises) or (Raise(Level.A1),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Make the card active for its holder, after one right PIN."""
    operation = ActivateCard(
        customer=dossier.customer,
        pan=dossier.pan("card"),
        pin_verifier=dossier.verifier("pin"),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: which card, of which account."""
    return (
        SlipLine("卡号", "Card", dossier.pan("card").masked),
        FactLine("账号", "Account", "account"),
        SlipLine("发卡日期", "Issued", day_of(int(dossier.fact("issued", "issued_ms")))),
        SlipLine("激活后状态", "State after activation", "正常"),
    )


PRODUCT: Final = Product(
    code="card_activation",
    title_zh="卡片激活",
    title_en="Card activation",
    form=FORM,
    needs=needs_of(FORM),
    level=level,
    category=Category.ACCOUNT,
    partners=frozenset({Partner.CORE}),
    plan=plan,
    listings={"issued": issues},
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.debit_card": "1"},
    terms=CardActivationTerms(),
    counter_s=10 * 60,
)
