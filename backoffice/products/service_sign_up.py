"""Comprehensive sign-up (综合签约): up to six services for one account, in one visit.

Whoever signs up knows the card's PIN: a service moves money for years. Every service is a leg of
its own and succeeds or fails alone; what the customer signs lists them all. A service without a
limit (a notice moves no money) takes none, the others take the customer's or the usual one. Whether
a service is on already only the core knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from backoffice.authorization.levels import Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import Partner, SignUp
from backoffice.product import Category, Leg, Product
from backoffice.questions.fields import (
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    PHONE,
    SECOND_PAPER,
    amount,
    choices,
    confirm,
    needs_of,
    option_of,
)
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

HIGH_LIMIT: Final = "high_limit"
"""A daily limit that a second-level authorizer looks at."""


DAILY_FEN_MAX: Final = 5_000_000_00
"""No union lets a service be signed up with a higher daily limit, in fen."""


class DailyLimit(msgspec.Struct, frozen=True):
    """The daily limit of one service, in fen.

    Attributes:
        usual_fen: unless the customer wants another.
        most_fen: the highest that can be asked for here.
    """

    usual_fen: Annotated[int, msgspec.Meta(ge=1, le=DAILY_FEN_MAX)]
    most_fen: Annotated[int, msgspec.Meta(ge=1, le=DAILY_FEN_MAX)]

    def __post_init__(self) -> None:
        if self.usual_fen > self.most_fen:
            raise ValueError("usual_fen should not exceed most_fen")


def _limits() -> dict[str, DailyLimit]:
    return {
        "mobile_bank": DailyLimit(50_000_00, 500_000_00),
        "online_bank": DailyLimit(50_000_00, 500_000_00),
        "fast_pay": DailyLimit(1_000_00, 10_000_00),
        "auto_transfer": DailyLimit(5_000_00, 200_000_00),
        "agent_bill": DailyLimit(1_000_00, 5_000_00),
    }


class ServiceSignUpTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: younger customers sign up with their guardian, at the counter.
        reviewed_fen: a limit above needs A3.
        limits: service → its daily limit; a service that is not here has none.
    """

    age_years_min: int = 16
    reviewed_fen: int = 50_000_00
    limits: dict[str, DailyLimit] = msgspec.field(default_factory=_limits)


TERMS: Final = ServiceSignUpTerms()

SERVICES: Final = (
    ("sms_notice", "短信通知", "SMS notice"),
    ("mobile_bank", "手机银行", "Mobile bank"),
    ("online_bank", "网上银行", "Online bank"),
    ("fast_pay", "快捷支付", "Fast pay"),
    ("auto_transfer", "自动转账", "Automatic transfer"),
    ("agent_bill", "代扣代缴", "Bill collection"),
)

_USUAL: Final = ("不填则按该业务的默认限额签约。", "Left empty: the service's usual limit.")

LIMIT_FIELDS: Final = {
    code: amount(
        f"limit_{code}",
        f"{title_zh}日累计限额",
        f"Daily limit, {title_en.lower()}",
        TERMS.limits[code].most_fen,
        required=False,
        hint=_USUAL,
    )
    for code, title_zh, title_en in SERVICES
    if code in TERMS.limits
}
"""The question about the limit of each service that has one."""

FORM: Final = Form(
    version=2,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        FACE_TO_FACE,
        SECOND_PAPER,
        Field(
            name="card",
            kind=FieldKind.BANK_CARD,
            title_zh="签约卡",
            title_en="Card",
            hint_zh="客户本人的借记卡，签约到该卡的账户。",
            hint_en="The customer's own debit card; the services belong to its account.",
        ),
        choices("services", "签约项目", "Services", *SERVICES),
        msgspec.structs.replace(PHONE, title_zh="签约手机号码"),
        *LIMIT_FIELDS.values(),
        confirm(
            "agreement",
            "客户已阅读并同意所选项目的服务协议",
            "The customer has read and accepts the agreements of the chosen services",
        ),
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
    ),
)


def limit_of(dossier: Dossier, service: str) -> int:
    """The daily limit in fen: the customer's, else the usual one; 0 where the service has none."""
    limit = dossier.terms_as(ServiceSignUpTerms).limits.get(service)
    return (dossier.fen(f"limit_{service}") or limit.usual_fen) if limit is not None else 0


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Old enough; a limit only for what is chosen; nothing that is not offered here."""
    terms, chosen = dossier.terms_as(ServiceSignUpTerms), dossier.choices("services")
    found = []
    if dossier.age < terms.age_years_min:
        message = f"客户未满{terms.age_years_min}周岁，请由监护人陪同到柜面签约。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    for service, field in LIMIT_FIELDS.items():
        title = option_of(FORM, "services", service).title_zh
        if dossier.has(field.name) and service not in chosen:
            message = f"未选择“{title}”，请清空其限额或勾选该项目。"
            found.append(Refusal(Code.FORMAT, message, field.name))
        elif service in chosen and service not in terms.limits:
            message = f"本机构暂不办理“{title}”，请取消勾选。"
            found.append(Refusal(Code.SUITABILITY, message, "services"))
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """A2; A3 when any limit is high."""
    reviewed = dossier.terms_as(ServiceSignUpTerms).reviewed_fen
    highest = max(limit_of(dossier, service) for service in dossier.choices("services"))
    high = (Raise(Level.A3, HIGH_LIMIT),) if highest > reviewed else ()
    return (Raise(Level.A2), *high)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """One leg for each service; none of them waits for another."""
    legs = []
    for service in dossier.choices("services"):
        operation = SignUp(
            customer=dossier.customer,
            pan=dossier.pan("card"),
            pin_verifier=dossier.verifier("pin"),
            service=service,
            phone=dossier.phone("phone"),
            limit_fen=limit_of(dossier, service),
        )
        option = option_of(FORM, "services", service)
        legs.append(Leg(operation, service, option.title_zh, option.title_en, optional=True))
    return tuple(legs)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer confirms: the card, the phone, and each service with its limit."""
    lines = [
        SlipLine("签约卡", "Card", dossier.pan("card").masked),
        SlipLine("签约手机号码", "Mobile number", dossier.phone("phone").masked),
    ]
    for service in dossier.choices("services"):
        option, fen = option_of(FORM, "services", service), limit_of(dossier, service)
        value = f"日累计限额 ¥{fen // 100:,}.{fen % 100:02}" if fen else "签约"
        lines.append(SlipLine(option.title_zh, option.title_en, value))
    return tuple(lines)


def _most(service: str) -> Callable[[ServiceSignUpTerms], int]:
    """The highest limit of a service; one that is not offered here keeps its default."""
    return lambda terms: terms.limits.get(service, TERMS.limits[service]).most_fen


def profile(dossier: Dossier) -> dict[str, str]:
    """That services are in use."""
    del dossier
    return {"holds.service_sign_up": "1"}


PRODUCT: Final = Product(
    code="service_sign_up",
    title_zh="综合签约",
    title_en="Comprehensive sign-up",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.ACCOUNT,
    partners=frozenset({Partner.CORE}),
    problems=problems,
    level=level,
    plan=plan,
    slip_lines=slip_lines,
    profile=profile,
    terms=TERMS,
    amounts={field.name: _most(service) for service, field in LIMIT_FIELDS.items()},
    counter_s=18 * 60,
)
