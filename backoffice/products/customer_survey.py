"""Customer survey (客户调查): three questions to people whom a survey's running wave wants asked.

Pure information, and nobody shows a card: the list names the people, and says whom nobody has asked
yet. That somebody refused or was not there is an answer, too, and each person has one in a wave.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier
from backoffice.partners.operations import Partner
from backoffice.partners.queries import PartnerQuery, SurveyTargets
from backoffice.product import Asking, Category, Product, Unique, unique_key
from backoffice.questions.fields import choice, needs_of, title_of_option
from wire.form import Field, FieldKind, Form, When
from wire.message import Refusal
from wire.messages.case import SlipLine

ANSWERED: Final = "answered"

QUESTIONS: Final = (
    choice(
        "satisfaction",
        "您对本社的服务是否满意？",
        "Are you content with our service?",
        ("very", "非常满意", "Very"),
        ("content", "满意", "Yes"),
        ("fair", "一般", "So-so"),
        ("poor", "不满意", "No"),
    ),
    choice(
        "wish",
        "未来一年您最需要哪项金融服务？",
        "Which service will you need most in the coming year?",
        ("credit", "贷款", "A loan"),
        ("savings", "存款理财", "Savings and wealth"),
        ("payment", "缴费、转账", "Payments"),
        ("mobile_bank", "手机银行", "Mobile bank"),
        ("none", "暂无需要", "None"),
    ),
    choice(
        "trouble",
        "您办理业务最不方便的是什么？",
        "What troubles you most?",
        ("far", "网点太远", "The outlet is far"),
        ("queue", "排队时间长", "Queues"),
        ("papers", "手续、材料繁琐", "Papers"),
        ("unaware", "不了解有哪些业务", "Not knowing what there is"),
        ("none", "没有不便", "Nothing"),
    ),
)
"""Asked of whoever answers."""

FORM: Final = Form(
    version=2,
    fields=(
        Field(
            name="target",
            kind=FieldKind.LISTED,
            title_zh="调查对象",
            title_en="Person to ask",
            hint_zh="名单由客户关系系统下发，已调查的不再列出。",
            hint_en="Who was asked already is listed no more.",
        ),
        choice(
            "result",
            "调查结果",
            "Result",
            ("absent", "未遇到本人", "Not there"),
            ("refused", "拒绝回答", "Refused"),
            (ANSWERED, "已回答", "Answered"),
            hint=("已回答的，请逐题填写。", "Who answered, answered all three questions."),
        ),
        *(msgspec.structs.replace(one, when=When("result", (ANSWERED,))) for one in QUESTIONS),
    ),
)


def targets(asking: Asking) -> PartnerQuery | Refusal:
    """Whom the teller's outlet is to ask."""
    return SurveyTargets(asking.outlet)


def claims(dossier: Dossier, union: str) -> tuple[Unique, ...]:
    """One answer of each person in a wave."""
    who = dossier.fact("target", "wave"), dossier.fact("target", "target")
    message = "该客户本期调查已完成。"
    return (Unique("survey", unique_key("survey", union, *who), "target", message),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """Who was asked, and what came of it."""
    return (
        SlipLine("调查期次", "Wave", dossier.fact("target", "wave")),
        SlipLine("调查对象", "Person", dossier.item("target").title_zh),
        SlipLine("调查结果", "Result", title_of_option(FORM, "result", dossier.choice("result"))),
        *(
            SlipLine(one.title_zh, one.title_en, title_of_option(FORM, one.name, answer))
            for one in QUESTIONS
            if dossier.has(one.name) and (answer := dossier.choice(one.name))
        ),
    )


def profile(dossier: Dossier) -> dict[str, str]:
    """What came of it in this wave, and every answer."""
    wave = dossier.fact("target", "wave")
    said = ("result", *(one.name for one in QUESTIONS if dossier.has(one.name)))
    return {f"survey.{wave}.{name}": dossier.choice(name) for name in said}


PRODUCT: Final = Product(
    code="customer_survey",
    title_zh="客户调查",
    title_en="Customer survey",
    form=FORM,
    needs=needs_of(FORM, signed=False),
    category=Category.CUSTOMER,
    partners=frozenset({Partner.OCRM}),
    level=lambda dossier: (Raise(Level.A0),),
    claims=claims,
    target="target",
    listings={"target": targets},
    slip_lines=slip_lines,
    profile=profile,
    counter_s=15 * 60,
)
