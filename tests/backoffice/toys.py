"""Products that no bank sells: the smallest ones that a rule of the case needs to be told by."""

from __future__ import annotations

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import HoldFunds, PayBill, SignUp
from backoffice.product import Category, Leg, Product
from backoffice.questions.fields import ID_CARD, needs_of
from tests.backoffice.case_story import PRODUCTS, rules_for
from wire.form import Field, FieldKind, Form
from wire.messages.case import SlipLine

CARD = Field(name="card", kind=FieldKind.BANK_CARD, title_zh="银行卡", title_en="Card")
PHONE = Field(
    name="phone", kind=FieldKind.PHONE, title_zh="手机号码", title_en="Phone", proven=True
)
UNPROVEN = Field(name="other", kind=FieldKind.PHONE, title_zh="联系电话", title_en="Contact")
TEXT = Field(name="text", kind=FieldKind.TEXT, title_zh="说明", title_en="Note")

BILL, MONEY, NOTICE = "bill", "money", "notice"
"""The legs of `ERRAND`: two essential ones, and an optional one in between."""


def _bill(dossier: Dossier) -> Leg:
    return Leg(PayBill("power", "0001", "2025-05", 5_000), BILL, "电费", "Power bill")


def _money(dossier: Dossier) -> Leg:
    operation = HoldFunds(
        dossier.customer, dossier.pan("card"), bytes(32), 5_000, "biller/power", "电费"
    )
    return Leg(operation, MONEY, "扣款", "Payment")


def _notice(dossier: Dossier, service: str = "sms_notice", name: str = NOTICE) -> Leg:
    pan, phone = dossier.pan("card"), dossier.phone("phone")
    operation = SignUp(dossier.customer, pan, bytes(32), service, phone, 0)
    return Leg(operation, name, "短信通知", "Notices", optional=True)


def no_lines(_dossier: Dossier) -> tuple[SlipLine, ...]:
    return ()


def product(code: str, *fields: Field, level: Level = Level.A1, **given: object) -> Product:
    form = Form(1, fields)
    return Product(
        code=code,
        title_zh=f"测试{code}",
        title_en=code,
        form=form,
        needs=needs_of(form, signed="plan" in given),
        category=Category.CUSTOMER,
        level=lambda _: (Raise(level),),
        slip_lines=no_lines,
        **given,  # type: ignore[arg-type]  # whatever a product takes by name
    )


ERRAND = product(
    "errand",
    ID_CARD,
    CARD,
    PHONE,
    plan=lambda dossier: (_bill(dossier), _notice(dossier), _money(dossier)),
    profile=lambda dossier: {"errand": "power"},
)
"""Somebody pays a bill and would like notices."""

WISHES = product(
    "wishes",
    ID_CARD,
    CARD,
    PHONE,
    plan=lambda dossier: (
        _notice(dossier),
        _notice(dossier, "mobile_bank", "mobile"),
    ),
)
"""Two services, each for itself."""

GIFT = product(
    "gift",
    ID_CARD,
    CARD,
    PHONE,
    plan=lambda dossier: (_notice(dossier), _money(dossier)),
)
"""Money for somebody, and a notice that the plan names first."""

LEAFLET = product("leaflet", ID_CARD, PHONE, TEXT)
"""Pure information about somebody."""

POSTCARD = product("postcard", ID_CARD, UNPROVEN, TEXT)
"""Pure information with a number that anybody may hold."""

REFERRAL = product("referral", ID_CARD, PHONE, TEXT, level=Level.A2)
"""Pure information that somebody looks at first."""

STREET = product("street", TEXT)
"""Pure information from somebody who shows no ID card."""

TOYS = {toy.code: toy for toy in (ERRAND, WISHES, GIFT, LEAFLET, POSTCARD, REFERRAL, STREET)}

RULES = rules_for(PRODUCTS | TOYS, learn=True)


__all__ = [
    "BILL",
    "ERRAND",
    "GIFT",
    "LEAFLET",
    "MONEY",
    "NOTICE",
    "REFERRAL",
    "RULES",
    "STREET",
    "TOYS",
    "WISHES",
    "product",
]
