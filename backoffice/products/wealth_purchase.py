"""Wealth purchase (理财购买): an order for one wealth product, paid from the customer's card.

Nobody buys more risk than their rating carries, however much they want to. The risk is read aloud
and recorded (E11) and its disclosure confirmed (E12); the purchase is always made face to face
(E3), the first as every other. The order is placed before the money is taken: a cut-off that
passed meanwhile declines it, and the held money is released.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from backoffice.authorization.levels import Level, Raise, by_amount
from backoffice.dossier import Dossier, Terms
from backoffice.partners.operations import BuyFund, HoldFunds, Partner
from backoffice.partners.queries import Funds, PartnerQuery
from backoffice.product import Asking, Category, FactLine, Leg, Product
from backoffice.questions.fields import (
    CARD_FIRST,
    FACE_TO_FACE,
    ID_CARD,
    SECOND_PAPER,
    amount,
    confirm,
    needs_of,
)
from backoffice.slips.slip import amount_line
from wire.form import Field, FieldKind, Form
from wire.message import Code, Refusal
from wire.messages.case import SlipLine

HIGH_RISK: Final = "high_risk"
"""A product whose risk a second-level authorizer looks at."""

CARRIES: Final = {"C1-": 1, "C1": 1, "C2": 2, "C3": 3, "C4": 4, "C5": 5}
"""A customer's rating to the highest product risk that it carries."""

RISKS: Final = {"R1": 1, "R2": 2, "R3": 3, "R4": 4, "R5": 5}
"""A product's risk as a number."""

READ_ALOUD_ZH: Final = "本人已经阅读风险揭示，愿意承担投资风险。"
READ_ALOUD_EN: Final = "I have read the risk disclosure and am willing to bear the risk."

RECORDING_SECONDS_MIN: Final = 10
"""Nobody reads the sentence out and is asked about it in less."""


ORDER_FEN_MAX: Final = 10_000_000_00
"""No union lets a tablet take a larger order, in fen."""


class WealthPurchaseTerms(Terms, frozen=True):
    """What a union may change.

    Attributes:
        age_years_min: youngest buyer.
        fen_max: the largest single order on a tablet, in fen.
        high_risk: from this product risk on, 1 to 5, an order needs A3.
    """

    age_years_min: int = 18
    fen_max: Annotated[int, msgspec.Meta(ge=1, le=ORDER_FEN_MAX)] = 1_000_000_00
    high_risk: int = 4


TERMS: Final = WealthPurchaseTerms()

FORM: Final = Form(
    version=1,
    fields=(
        ID_CARD,
        FACE_TO_FACE,
        SECOND_PAPER,
        Field(
            name="fund",
            kind=FieldKind.LISTED,
            title_zh="理财产品",
            title_en="Product",
            hint_zh="只列出与客户风险等级匹配的在售产品；没有产品时请先办理风险评估。",
            hint_en="Only what the customer's rating allows; none without a risk assessment.",
        ),
        amount(
            "amount",
            "购买金额",
            "Amount",
            TERMS.fen_max,
            hint=(
                "不低于起购金额，超出部分为递增金额的整数倍。",
                "At least the starting amount, then whole steps.",
            ),
        ),
        confirm(
            "risk_disclosure",
            "客户已阅读产品说明书和风险揭示书，确认知晓产品不保证本金和收益",
            "The customer has read prospectus and risk disclosure: neither principal nor yield "
            "is guaranteed",
        ),
        Field(
            name="recording",
            kind=FieldKind.RECORDING,
            title_zh="销售过程录音",
            title_en="Recording of the sale",
            seconds_min=RECORDING_SECONDS_MIN,
            evidence="E11",
            hint_zh=f"业务员说明产品名称、期限、风险等级后，请客户朗读：“{READ_ALOUD_ZH}”",
            hint_en=f"Explain name, term and risk; then the customer reads: “{READ_ALOUD_EN}”",
        ),
        Field(
            name="card",
            kind=FieldKind.BANK_CARD,
            title_zh="付款卡",
            title_en="Card",
            hint_zh="客户本人的借记卡，赎回和收益也转入该卡。",
            hint_en="The customer's own debit card, which redemptions and yields go to as well.",
        ),
        Field(name="pin", kind=FieldKind.PIN, title_zh="输入密码", title_en="PIN"),
    ),
)


def funds(asking: Asking) -> PartnerQuery | Refusal:
    """What the rating of the person whose card was read allows."""
    return CARD_FIRST if asking.number is None else Funds(asking.number)


def fund_number(dossier: Dossier, fact: str) -> int:
    """A number among the facts of the chosen product."""
    return int(dossier.fact("fund", fact))


def problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """Suitable for the customer, still on sale, and an amount that can be bought."""
    return (*_suitability(dossier), *_amount_problems(dossier))


def _suitability(dossier: Dossier) -> tuple[Refusal, ...]:
    """Age, rating and risk; a product or a rating of an unknown kind suits nobody."""
    terms, rating = dossier.terms_as(WealthPurchaseTerms), dossier.fact("fund", "level")
    risk = dossier.fact("fund", "risk")
    found = []
    if dossier.age < terms.age_years_min:
        message = f"客户未满{terms.age_years_min}周岁，不能购买理财产品。"
        found.append(Refusal(Code.RANGE, message, ID_CARD.name))
    if not rating:
        message = "客户没有有效的风险评估结果，请先办理风险评估。"
        found.append(Refusal(Code.SUITABILITY, message, "fund"))
    elif RISKS.get(risk, len(RISKS) + 1) > CARRIES.get(rating, 0):
        message = f"产品风险等级{risk}高于客户风险承受能力{rating}，不能购买。"
        found.append(Refusal(Code.SUITABILITY, message, "fund"))
    return tuple(found)


def _amount_problems(dossier: Dossier) -> tuple[Refusal, ...]:
    """The first thing that is wrong with the amount, or with the moment."""
    fen = dossier.fen("amount")
    start, step = fund_number(dossier, "start_fen"), fund_number(dossier, "step_fen")
    if dossier.now_ms >= fund_number(dossier, "cutoff_ms"):
        return (Refusal(Code.STALE, "该产品已过购买截止时间，请选择其他产品。", "fund"),)
    if fen < start:
        message = f"购买金额低于起购金额{start // 100:,}元。"
        return (Refusal(Code.RANGE, message, "amount"),)
    if step and (fen - start) % step:
        message = f"超出起购金额的部分应为{step // 100:,}元的整数倍。"
        return (Refusal(Code.RANGE, message, "amount"),)
    if fen > fund_number(dossier, "quota_fen"):
        return (Refusal(Code.LIMIT, "购买金额超过产品剩余额度。", "amount"),)
    return ()


def level(dossier: Dossier) -> tuple[Raise, ...]:
    """A2; more for much money, and A3 for much risk."""
    risk = RISKS[dossier.fact("fund", "risk")]
    risky = risk >= dossier.terms_as(WealthPurchaseTerms).high_risk
    raises = (Raise(Level.A2), by_amount(dossier.fen("amount"), dossier.thresholds))
    return (*raises, Raise(Level.A3, HIGH_RISK)) if risky else raises


def plan(dossier: Dossier) -> tuple[Leg, ...]:
    """The order first, then the money."""
    fund = dossier.item("fund")
    order = BuyFund(
        customer=dossier.customer,
        fund=fund.code,
        fen=dossier.fen("amount"),
        level=dossier.fact("fund", "level"),
    )
    hold = HoldFunds(
        customer=dossier.customer,
        pan=dossier.pan("card"),
        pin_verifier=dossier.verifier("pin"),
        fen=dossier.fen("amount"),
        payee=f"wealth/{fund.code}",
        purpose=f"购买理财 {fund.title_zh}",
    )
    return (
        Leg(order, "order", "产品认购", "Placed the order"),
        Leg(hold, "funds", "账户扣款", "Debited the account"),
    )


def slip_lines(dossier: Dossier) -> tuple[SlipLine | FactLine, ...]:
    """What the customer confirms: the product, its risk beside their own rating, and the money."""
    return (
        FactLine("订单编号", "Order", "order"),
        SlipLine("产品名称", "Product", dossier.item("fund").title_zh),
        SlipLine("产品代码", "Product code", dossier.item("fund").code),
        SlipLine("产品风险等级", "Product risk", dossier.fact("fund", "risk")),
        SlipLine("客户风险承受能力", "Customer's rating", dossier.fact("fund", "level")),
        amount_line("购买金额", "Amount", dossier.fen("amount")),
        SlipLine("付款卡", "Card", dossier.pan("card").masked),
        SlipLine("风险确认", "Risk", READ_ALOUD_ZH),
    )


PRODUCT: Final = Product(
    code="wealth_purchase",
    title_zh="理财购买",
    title_en="Wealth purchase",
    form=FORM,
    needs=needs_of(FORM),
    category=Category.WEALTH,
    partners=frozenset({Partner.CORE, Partner.WEALTH}),
    problems=problems,
    level=level,
    plan=plan,
    listings={"fund": funds},
    slip_lines=slip_lines,
    profile=lambda dossier: {"holds.wealth": dossier.fact("fund", "risk")},
    terms=TERMS,
    amounts={"amount": lambda terms: terms.fen_max},
    counter_s=30 * 60,
)
