"""Debit card issue (借记卡发卡): an account is opened and a card from stock bound to it.

The card is reserved INACTIVE at PREPARE and becomes real only after the customer has signed; when
the customer does not want it after all, the account is closed and the card is spoiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backoffice.authorization.levels import Level, Raise
from backoffice.partners.core import IssueCard, Operation
from backoffice.product import (
    FACE_TO_FACE,
    ID_CARD,
    SECOND_DOCUMENT,
    Dossier,
    Product,
    Unique,
    choice,
    needs_of,
    photo,
    title_of_option,
    unique_key,
)
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

AGE_YEARS_MIN: Final = 16
"""Younger customers need their guardian, at the counter."""

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        photo("id_front", "E1", "身份证人像面", "ID card, portrait side"),
        photo("id_back", "E1", "身份证国徽面", "ID card, emblem side"),
        FACE_TO_FACE,
        Field(
            name="second_document",
            kind=FieldKind.PHOTO,
            title_zh="第二证件",
            title_en="Second document",
            required=False,
            evidence=SECOND_DOCUMENT,
            hint_zh="联网核查结果不一致时，拍摄户口簿等辅助证件。",
            hint_en="Household register or similar, when the identity check disagrees.",
        ),
        Field(name="phone", kind=FieldKind.PHONE, title_zh="手机号码", title_en="Mobile number"),
        Field(name="address", kind=FieldKind.TEXT, title_zh="联系地址", title_en="Contact address"),
        choice(
            "job",
            "职业",
            "Occupation",
            ("farmer", "农林牧渔业人员", "Farmer, herder or fisher"),
            ("worker", "务工人员", "Worker"),
            ("trader", "个体经营者", "Self-employed"),
            ("public", "机关事业单位人员", "Public service"),
            ("student", "学生", "Student"),
            ("retired", "离退休人员", "Retired"),
            ("other", "其他", "Other"),
        ),
        choice(
            "tax_residency",
            "税收居民身份",
            "Tax residency",
            ("china", "仅为中国税收居民", "China only"),
            ("abroad", "仅为非居民", "Abroad only"),
            ("both", "既是中国税收居民又是其他国家（地区）税收居民", "China and abroad"),
        ),
        choice(
            "account_class",
            "账户类别",
            "Account class",
            ("I", "Ⅰ类账户", "Class I"),
            ("II", "Ⅱ类账户", "Class II"),
            ("III", "Ⅲ类账户", "Class III"),
        ),
        Field(name="card", kind=FieldKind.BANK_CARD, title_zh="新卡", title_en="New card"),
        Field(name="new_pin", kind=FieldKind.NEW_PIN, title_zh="设置密码", title_en="New PIN"),
    ),
)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Sixteen or older; foreign tax residents declare at the counter."""
    found = []
    if dossier.age < AGE_YEARS_MIN:
        found.append(Refusal(Code.RANGE, "客户未满16周岁，请由监护人陪同到柜面办理。", "id_card"))
    if dossier.choice("tax_residency") != "china":
        found.append(
            Refusal(Code.SUITABILITY, "涉及境外税收居民声明，请到柜面办理。", "tax_residency")
        )
    return tuple(found)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """The card, for ever once prepared; and the one class-I account of a person."""
    pan = dossier.pan("card").digits
    card_key = unique_key("card", union, pan)
    owned = [Unique("card", card_key, "card", "该卡号已用于其他业务，请更换新卡。", spent=True)]
    if dossier.choice("account_class") == "I":
        key = unique_key("class-I", union, dossier.record.number)
        message = "该客户已有或正在办理Ⅰ类账户，请选择Ⅱ类或Ⅲ类账户。"
        owned.append(Unique("class-I", key, "account_class", message))
    return tuple(owned)


def operation(dossier: Dossier) -> Operation:
    """Open the account and bind the card."""
    return IssueCard(
        customer=dossier.customer,
        pan=dossier.pan("card"),
        phone=dossier.phone("phone"),
        account_class=dossier.choice("account_class"),
        pin_verifier=dossier.verifier("new_pin"),
    )


def slip_lines(dossier: Dossier, facts: Mapping[str, str]) -> tuple[SlipLine, ...]:
    """What the customer confirms: card, account, class, phone, address."""
    account_class = title_of_option(FORM, "account_class", dossier.choice("account_class"))
    return (
        SlipLine("卡号", "Card", dossier.pan("card").masked),
        SlipLine("账号", "Account", facts.get("account", "")),
        SlipLine("账户类别", "Account class", account_class),
        SlipLine("手机号码", "Mobile number", dossier.phone("phone").masked),
        SlipLine("联系地址", "Contact address", dossier.text("address")),
    )


PRODUCT: Final = Product(
    code="debit_card",
    title_zh="借记卡发卡",
    title_en="Debit card issue",
    form=FORM,
    needs=needs_of(FORM),
    problems=problems,
    level=lambda dossier: (Raise(Level.A2),),
    claims=claims,
    operation=operation,
    slip_lines=slip_lines,
    delivers="card",
)
