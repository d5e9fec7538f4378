"""Information collection (信息采集): what a customer tells of themselves, for a stated purpose.

Pure information. Without the customer's consent nothing is stored: the form does not even leave the
tablet. Who is asked decides the template and its questions; in which version it may still be used
the list says. Facts go to the customer's record, with the template and version that asked for them;
consents are kept one by one, as they were given. To change a consent, above all to withdraw one, is
a purpose of its own: nothing else is asked then, and no consent to being asked is needed
(个人信息保护法, art. 15). Whoever consents to being told of products may be contacted again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner
from backoffice.partners.queries import PartnerQuery, Templates
from backoffice.product import Asking, Category, Product
from backoffice.questions.fields import (
    ID_CARD,
    JOB,
    PHONE_OFFLINE,
    TOPICS,
    amount,
    choice,
    needs_of,
    title_of_option,
)
from backoffice.questions.templates import HOUSEHOLD, MERCHANT, SUBJECT, facts_told
from backoffice.slips.slip import phone_line
from wire.form import Field, FieldKind, Form, When
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.value import ChoiceValue

INCOME_FEN_MAX: Final = 100_000_000_00
"""A larger yearly income is a slip of the finger, in fen."""

_YES_NO: Final = (("yes", "同意", "Yes"), ("no", "不同意", "No"))

CONSENTS: Final = "consents"
"""The purpose of whoever only gives or withdraws a consent."""

_COLLECTING: Final = When("purpose", ("service", "credit", "marketing"))


def _collected(*fields: Field) -> tuple[Field, ...]:
    """Questions of a collection; the template's own hang on `SUBJECT` already."""
    return tuple(msgspec.structs.replace(one, when=one.when or _COLLECTING) for one in fields)


_QUESTIONS: Final = _collected(
    SUBJECT,
    Field(
        name="template",
        kind=FieldKind.LISTED,
        title_zh="采集模板",
        title_en="Template",
        depends=(SUBJECT.name,),
    ),
    Field(
        name="consent",
        kind=FieldKind.CONFIRM,
        title_zh="客户已知晓采集目的和范围，同意本社采集并使用其个人信息",
        title_en="The customer knows purpose and scope, and consents to being recorded",
        hint_zh="须逐字向客户说明；客户不同意的，不得采集，本页内容不会保存。",
        hint_en="Explain it word for word; without consent nothing is stored.",
    ),
    PHONE_OFFLINE,
    Field(name="address", kind=FieldKind.TEXT, title_zh="联系地址", title_en="Contact address"),
    JOB,
    *HOUSEHOLD,
    *MERCHANT,
    amount("income", "家庭年收入", "Yearly income", INCOME_FEN_MAX, required=False),
    TOPICS,
    Field(
        name="scene",
        kind=FieldKind.PHOTO,
        title_zh="现场照片",
        title_en="Scene",
        required=False,
        evidence="E7",
    ),
)

FORM: Final = Form(
    version=3,
    fields=(
        ID_CARD,
        choice(
            "purpose",
            "采集目的",
            "Purpose",
            ("service", "完善客户资料", "Customer record"),
            ("credit", "信贷服务准备", "Preparing credit"),
            ("marketing", "产品与服务推荐", "Recommendations"),
            (CONSENTS, "仅变更或撤回授权", "Change or withdraw consents only"),
        ),
        *_QUESTIONS,
        choice("marketing", "是否同意接收产品信息", "May we tell of products?", *_YES_NO),
        choice("place", "是否同意记录位置用于就近服务", "May places be kept?", *_YES_NO),
    ),
)


def templates(asking: Asking) -> PartnerQuery | Refusal:
    """What may still be used for this kind of customer."""
    subject = asking.values.get(SUBJECT.name)
    if not isinstance(subject, ChoiceValue):
        return Refusal(Code.FORMAT, "请先选择采集对象。", SUBJECT.name)
    return Templates(subject.code)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What was kept, under which template and for what; and every consent as it stands now."""
    purpose = title_of_option(FORM, "purpose", dossier.choice("purpose"))
    consents = (
        SlipLine(
            field.title_zh, field.title_en, title_of_option(FORM, field.name, dossier.choice(name))
        )
        for name in ("marketing", "place")
        if (field := FORM.field(name))
    )
    return (
        SlipLine("采集目的", "Purpose", purpose),
        *(() if dossier.choice("purpose") == CONSENTS else _collection_lines(dossier)),
        *consents,
    )


def _collection_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    return (
        SlipLine("采集模板", "Template", dossier.item("template").title_zh),
        SlipLine("模板版本", "Version", dossier.fact("template", "version")),
        phone_line(dossier.phone("phone"), dossier.is_proven("phone")),
        SlipLine("联系地址", "Contact address", dossier.text("address")),
        SlipLine("职业", "Occupation", title_of_option(FORM, "job", dossier.choice("job"))),
    )


def profile(dossier: Dossier) -> dict[str, str]:
    """Everything that was told, and each consent by itself."""
    marketing = dossier.choice("marketing") == "yes"
    consents = {
        "consent.marketing": str(int(marketing)),
        "consent.place": str(int(dossier.choice("place") == "yes")),
    } | ({"do_not_contact": "0"} if marketing else {})
    return consents if dossier.choice("purpose") == CONSENTS else _told(dossier) | consents


def _told(dossier: Dossier) -> dict[str, str]:
    learned = {
        "address": dossier.text("address"),
        "job": dossier.choice("job"),
        f"template.{dossier.fact('template', 'template')}": dossier.fact("template", "version"),
        **facts_told(dossier.submission.values),
    }
    if dossier.has("village"):
        learned["village"] = dossier.text("village")
    if dossier.has("income"):
        learned["income_fen"] = str(dossier.fen("income"))
    return learned | {f"interest.{topic}": "1" for topic in dossier.choices(TOPICS.name)}


PRODUCT: Final = Product(
    code="information_collection",
    title_zh="信息采集",
    title_en="Information collection",
    form=FORM,
    needs=needs_of(FORM, signed=False),
    category=Category.CUSTOMER,
    partners=frozenset({Partner.OCRM}),
    level=lambda dossier: (Raise(Level.A0),),
    listings={"template": templates},
    slip_lines=slip_lines,
    profile=profile,
    counter_s=15 * 60,
)
