"""The questions of the templates of information collection, one tuple of fields for each template.

Which template asks decides the first question, who is asked; the form carries the questions of all
of them, and each is asked only with its own (`wire.form.When`). A field is named after its template
and its fact (`household_members` is `household.members`): the answers need no table of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from backoffice.questions.fields import amount, choice, choices
from wire.form import Field, FieldKind, When
from wire.value import (
    AmountValue,
    ChoicesValue,
    ChoiceValue,
    NumberValue,
    TextValue,
    Value,
)

SUBJECT: Final = choice(
    "subject",
    "采集对象",
    "Who is asked",
    ("household", "农户", "Farmer"),
    ("merchant", "个体工商户", "Small merchant"),
)
"""Who is asked; its codes are the kinds of templates."""

TURNOVER_FEN_MAX: Final = 100_000_000_00
"""A larger monthly turnover is a slip of the finger, in fen."""


def _number(
    name: str, title: tuple[str, str], unit: tuple[str, str], most: int, decimals: int = 0
) -> Field:
    """A count or a measure, from nothing up."""
    return Field(
        name=name,
        kind=FieldKind.NUMBER,
        title_zh=title[0],
        title_en=title[1],
        unit_zh=unit[0],
        unit_en=unit[1],
        number_max=most,
        decimals=decimals,
    )


def _of(template: str, *fields: Field) -> tuple[Field, ...]:
    """Questions that are asked only of these people."""
    when = When(SUBJECT.name, (template,))
    return tuple(msgspec.structs.replace(one, when=when) for one in fields)


HOUSEHOLD: Final = _of(
    "household",
    Field(
        name="village",
        kind=FieldKind.TEXT,
        title_zh="所在村组",
        title_en="Village",
        required=False,
        chars_max=40,
    ),
    _number("household_members", ("家庭人口", "Members"), ("人", "people"), 30),
    _number("household_labour", ("其中劳动力", "Of them working"), ("人", "people"), 30),
    _number("household_land", ("经营土地面积", "Land"), ("亩", "mu"), 100_000_00, decimals=2),
    choices(
        "household_living",
        "主要收入来源",
        "Lives on",
        ("grain", "粮食种植", "Grain"),
        ("cash_crop", "烤烟、咖啡等经济作物", "Tobacco, coffee and the like"),
        ("livestock", "畜禽养殖", "Livestock"),
        ("away", "外出务工", "Work away from home"),
        ("trade", "经商", "Trade"),
    ),
)
"""What a household is asked."""

MERCHANT: Final = _of(
    "merchant",
    Field(
        name="merchant_shop",
        kind=FieldKind.TEXT,
        title_zh="店铺名称（字号）",
        title_en="Shop",
        chars_max=40,
    ),
    Field(
        name="merchant_licence",
        kind=FieldKind.TEXT,
        title_zh="统一社会信用代码",
        title_en="Unified social credit code",
        required=False,
        chars_max=18,
        pattern="[0-9A-HJ-NPQRTUWXY]{18}",
        hint_zh="见营业执照，18位；未办照的可不填。",
        hint_en="18 characters, on the licence; left out where there is none.",
    ),
    choice(
        "merchant_trade",
        "经营行业",
        "Trade",
        ("retail", "零售", "Retail"),
        ("catering", "餐饮", "Catering"),
        ("produce", "农产品收购", "Buying farm produce"),
        ("transport", "运输", "Transport"),
        ("service", "居民服务", "Services"),
        ("other", "其他", "Other"),
    ),
    _number("merchant_years", ("经营年限", "Years in business"), ("年", "years"), 80),
    _number("merchant_staff", ("从业人数", "People working there"), ("人", "people"), 500),
    amount("merchant_turnover", "月均营业额", "Monthly turnover", TURNOVER_FEN_MAX),
    choices(
        "merchant_paid_by",
        "收款方式",
        "Is paid by",
        ("code", "扫码", "Payment code"),
        ("cash", "现金", "Cash"),
        ("card", "刷卡", "Card"),
        ("transfer", "转账", "Transfer"),
    ),
)
"""What a merchant is asked."""

_TEMPLATES: Final = tuple(f"{option.code}_" for option in SUBJECT.options)


def facts_told(values: Mapping[str, Value]) -> dict[str, str]:
    """The answers to a template's questions as facts: integers in decimal, options by comma."""
    told = ((name, _fact(value)) for name, value in values.items() if name.startswith(_TEMPLATES))
    return {name.replace("_", ".", 1): fact for name, fact in told if fact}


def _fact(value: Value) -> str:
    match value:
        case TextValue(text=text):
            return text.strip()
        case ChoiceValue(code=code):
            return code
        case ChoicesValue(codes=codes):
            return ",".join(codes)
        case AmountValue(fen=number) | NumberValue(number=number):
            return str(number)
        case _:
            raise AssertionError(f"no template asks for a {type(value).__name__}")


__all__ = ["HOUSEHOLD", "MERCHANT", "SUBJECT", "facts_told"]
