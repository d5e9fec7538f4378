"""Securities account opening (证券开户): witnessed by two members of staff, or by one and a third.

The witness is a colleague who stands there and proves it, or the authorizer at the centre, who
sells nothing and sees the customer live: that is why the level is always A3. The rating is the one
in force at the wealth system; without one nothing can be chosen, and nobody opens an account. The
broker decides; what it refuses leaves nothing behind at the bank.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import WITNESS, Level, Raise
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import OpenSecurities, Partner
from backoffice.partners.queries import Brokers, PartnerQuery, RiskRatings
from backoffice.product import Asking, Category, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    FACE_TO_FACE,
    ID_BACK,
    ID_CARD,
    ID_FRONT,
    SECOND_PAPER,
    choice,
    confirm,
    needs_of,
    title_of_option,
)
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

SECURITIES: Final = "securities"
"""A business that is always looked at."""

REMOTE_WITNESS: Final = WITNESS
"""The authorizer is the second witness, too, and has to see the customer live."""

READ_ALOUD_ZH: Final = "本人自愿开立证券账户，已知晓证券投资风险，账户由本人使用。"
READ_ALOUD_EN: Final = "I open this account of my own will, for myself, and know the risks."

RECORDING_SECONDS_MIN: Final = 15
"""Nobody reads the sentence out and is asked about it in less."""


class SecuritiesTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: youngest customer.
        accounts_max: how many accounts one person may have in the end.
    """

    age_years_min: int = 18
    accounts_max: int = 3


FORM: Final = Form(
    version=2,
    fields=(
        ID_CARD,
        ID_FRONT,
        ID_BACK,
        FACE_TO_FACE,
        SECOND_PAPER,
        Field(
            name="rating",
            kind=FieldKind.LISTED,
            title_zh="风险承受能力",
            title_en="Risk rating",
            depends=(ID_CARD.name,),
            hint_zh="没有可选结果的，请先为客户办理风险评估。",
            hint_en="Where nothing is listed the customer is rated first.",
        ),
        Field(
            name="broker",
            kind=FieldKind.LISTED,
            title_zh="证券公司",
            title_en="Broker",
            depends=(ID_CARD.name,),
            hint_zh="由客户自行选择，不得诱导。",
            hint_en="The customer's own choice.",
        ),
        Field(
            name="card",
            kind=FieldKind.BANK_CARD,
            title_zh="三方存管银行卡",
            title_en="Settlement card",
            hint_zh="客户本人的借记卡。",
            hint_en="The customer's own debit card.",
        ),
        choice(
            "experience",
            "证券投资经验",
            "Investment experience",
            ("none", "无", "None"),
            ("two", "2年以内", "Up to two years"),
            ("five", "2至5年", "Two to five years"),
            ("more", "5年以上", "More than five years"),
        ),
        choice(
            "purpose",
            "开户目的",
            "Purpose",
            ("stocks", "买卖股票", "Trade stocks"),
            ("offerings", "新股申购", "New issues"),
            ("bonds", "国债及逆回购", "Treasury bonds and repos"),
            ("funds", "场内基金", "Exchange-traded funds"),
        ),
        confirm(
            "owner",
            "客户确认账户的实际控制人和受益所有人均为本人",
            "The customer alone controls the account and benefits from it",
        ),
        confirm(
            "risk_disclosure",
            "客户已阅读证券交易风险揭示书和客户须知",
            "The customer has read the risk disclosure and the notes for customers",
        ),
        Field(
            name="recording",
            kind=FieldKind.RECORDING,
            title_zh="见证过程录音",
            title_en="Recording of the witnessing",
            seconds_min=RECORDING_SECONDS_MIN,
            evidence="E11",
            hint_zh=f"核对客户身份和开户意愿后，请客户朗读：“{READ_ALOUD_ZH}”",
            hint_en=f"After identity and intention are asked the customer reads: “{READ_ALOUD_EN}”",
        ),
        choice(
            "witness",
            "见证方式",
            "Witness",
            ("remote", "单人现场，授权中心远程见证", "One here, one at the centre"),
            ("colleague", "双人现场见证", "Two here"),
            hint=(
                "见证人不得为销售人员；远程见证时，客户须等候授权中心连线。",
                "No salesperson; for the centre the customer waits to be seen.",
            ),
        ),
        Field(
            name="colleague",
            kind=FieldKind.COLLEAGUE,
            title_zh="现场见证人",
            title_en="Witness who is here",
            required=False,
            hint_zh="双人现场见证时，由第二名员工输入工号和密码。",
            hint_en="Where two are here: the second one's staff number and passcode.",
        ),
    ),
)


def ratings(asking: Asking) -> PartnerQuery | Refusal:
    """How the person whose card was read is rated now."""
    return CARD_FIRST if asking.number is None else RiskRatings(asking.number)


def brokers(asking: Asking) -> PartnerQuery | Refusal:
    """Who opens accounts for the person whose card was read."""
    return CARD_FIRST if asking.number is None else Brokers(asking.number)


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Of age, not too many accounts yet; and the witness who was named was there."""
    terms = dossier.terms_as(SecuritiesTerms)
    found = []
    if dossier.age < terms.age_years_min:
        message = f"客户未满{terms.age_years_min}周岁，不能开立证券账户。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    if int(dossier.fact("broker", "accounts")) >= terms.accounts_max:
        message = f"同一客户最多开立{terms.accounts_max}个证券账户。"
        found.append(Refusal(Code.LIMIT, message, "broker"))
    if dossier.choice("witness") == "colleague" and not dossier.has("colleague"):
        message = "双人现场见证，请第二名员工验证身份。"
        found.append(Refusal(Code.EVIDENCE, message, "colleague"))
    return tuple(found)


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """A3 for one reason: the business itself, or the authorizer's being its witness."""
    remote = dossier.choice("witness") == "remote"
    return (Raise(Level.A3, REMOTE_WITNESS if remote else SECURITIES),)


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """Ask the broker to open the account."""
    operation = OpenSecurities(
        customer=dossier.customer,
        broker=dossier.item("broker").code,
        pan=dossier.pan("card"),
        level=dossier.fact("rating", "level"),
        witness=dossier.choice("witness"),
    )
    return (Leg(operation),)


def slip_lines(dossier: Dossier) -> tuple[SlipLine, ...]:
    """What the customer confirms: the broker, the card, their rating, and who witnessed it."""
    lines = [
        SlipLine("证券公司", "Broker", dossier.item("broker").title_zh),
        SlipLine("三方存管银行卡", "Settlement card", dossier.pan("card").masked),
        SlipLine("风险承受能力", "Rating", dossier.fact("rating", "level")),
    ]
    for name in ("experience", "purpose", "witness"):
        title = next((one.title_zh, one.title_en) for one in FORM.fields if one.name == name)
        lines.append(SlipLine(*title, title_of_option(FORM, name, dossier.choice(name))))
    if "colleague" in dossier.colleagues:
        lines.append(SlipLine("现场见证人", "Witness", dossier.colleagues["colleague"].name))
    return tuple(lines)


PRODUCT: Final = Product(
    code="securities_account",
    title_zh="证券开户",
    title_en="Securities account opening",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.WEALTH,
    partners=frozenset({Partner.SEC, Partner.WEALTH}),
    problems=problems,
    level=level,
    plan=plan,
    listings={"rating": ratings, "broker": brokers},
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.securities_account": "1"},
    terms=SecuritiesTerms(),
    counter_s=45 * 60,
)
