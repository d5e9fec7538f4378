"""What to offer somebody: eligibility first, weights second, and always the reason.

An offer that the person may not have (age, risk rating, consent, what they hold already) is never
scored: no weight can lift it. Pure functions of the record and of the table in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from backoffice.customers.record import CustomerView
from backoffice.product import Product
from wire.messages.offers import Recommendation

OFFERS_MAX: Final = 3
"""How many recommendations a teller is shown."""

RISK_ORDER: Final = ("C1-", "C1", "C2", "C3", "C4", "C5")
"""Risk ratings, lowest first; `C1-` allows R1 alone, as `C1` does."""


class Weight(msgspec.Struct, frozen=True):
    """What a tag adds to an offer's score, and why, in words that a teller can say."""

    tag: str
    points: int
    reason_zh: str
    reason_en: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One business that may be offered.

    Attributes:
        product: its code.
        age_min: the youngest, in years.
        age_max: the oldest.
        risk: the fund class it would need, `R1` … `R5`, or empty.
        lacks: facts that must not be there: what the person holds already.
        has: facts that must be there.
        base: points of everybody.
        weights: what tags add.
        reason_zh: said when no tag speaks for it.
        reason_en: the same in English.
    """

    product: str
    age_min: int = 16
    age_max: int = 120
    risk: str = ""
    lacks: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    base: int = 10
    weights: tuple[Weight, ...] = ()
    reason_zh: str = ""
    reason_en: str = ""


OFFERS: Final = (
    Offer(
        product="debit_card",
        lacks=("holds.debit_card",),
        base=30,
        weights=(Weight("farmer", 10, "惠农补贴可直接入卡", "Subsidies are paid to the card"),),
        reason_zh="尚未持有本行借记卡",
        reason_en="Holds no debit card of ours yet",
    ),
    Offer(
        product="service_sign_up",
        has=("holds.debit_card",),
        lacks=("holds.service_sign_up",),
        base=20,
        weights=(Weight("regular", 15, "常来办理业务，可改用手机银行", "Comes often"),),
        reason_zh="持卡客户，可开通手机银行等服务",
        reason_en="Has a card, but no mobile banking",
    ),
    Offer(
        product="farmer_file",
        age_min=18,
        age_max=65,
        lacks=("holds.farmer_file",),
        base=5,
        weights=(
            Weight("farmer", 30, "农户客户，建档后可申请信用贷款", "A farmer without a file"),
            Weight("likes_credit", 20, "近期咨询过贷款", "Asked about credit lately"),
        ),
        reason_zh="建档后可申请信用贷款",
        reason_en="A file opens the way to credit",
    ),
    Offer(
        product="pre_rating",
        age_min=18,
        age_max=65,
        has=("holds.farmer_file",),
        lacks=("holds.pre_rating",),
        base=25,
        weights=(Weight("good_income", 10, "收入较高，预评级有望较好", "Good income"),),
        reason_zh="已建档，可做预评级",
        reason_en="Has a file, not rated yet",
    ),
    Offer(
        product="risk_assessment",
        age_min=18,
        lacks=("risk_level",),
        base=5,
        weights=(
            Weight("likes_wealth", 25, "近期浏览过理财产品", "Looked at wealth products lately"),
            Weight("wealthy", 20, "资产较高，可先做风险测评", "High net worth"),
        ),
        reason_zh="尚未做风险测评",
        reason_en="No risk rating yet",
    ),
    Offer(
        product="wealth_purchase",
        age_min=18,
        risk="R2",
        has=("risk_level",),
        base=10,
        weights=(
            Weight("likes_wealth", 20, "近期浏览过理财产品", "Looked at wealth products lately"),
            Weight("wealthy", 20, "资产较高，适合配置理财", "High net worth"),
        ),
        reason_zh="风险等级适合稳健型理财",
        reason_en="The rating suits steady products",
    ),
    Offer(
        product="credit_card_application",
        age_min=18,
        age_max=65,
        has=("holds.debit_card",),
        lacks=("holds.credit_card_application",),
        base=5,
        weights=(
            Weight("good_income", 25, "收入较高，适合申请信用卡", "Good income"),
            Weight("trader", 15, "个体经营户，便于资金周转", "Trader: helps with cash flow"),
        ),
        reason_zh="可申请信用卡",
        reason_en="May apply for a credit card",
    ),
)
"""The offers and weights in force."""


def recommend(
    customer: CustomerView,
    age: int,
    products: Mapping[str, Product],
    offers: Sequence[Offer] = OFFERS,
) -> tuple[Recommendation, ...]:
    """The best offers that this person may have, highest score first.

    Nothing at all for somebody who does not want to be offered anything.
    """
    facts = customer.facts
    if facts.get("do_not_contact") == "1" or facts.get("consent.marketing") == "0":
        return ()
    found = [
        _scored(offer, products[offer.product], customer)
        for offer in offers
        if offer.product in products and is_eligible(offer, facts, age)
    ]
    return tuple(sorted(found, key=lambda one: (-one.score, one.product))[:OFFERS_MAX])


def is_eligible(offer: Offer, facts: Mapping[str, str], age: int) -> bool:
    """Whether this person may have it: age, holdings, and never a fund above the rating."""
    if not offer.age_min <= age <= offer.age_max:
        return False
    if any(fact in facts for fact in offer.lacks) or any(f not in facts for f in offer.has):
        return False
    return not offer.risk or suits(offer.risk, facts.get("risk_level", ""))


def suits(risk: str, level: str) -> bool:
    """R ≤ C: a fund of this class for a person with this rating; without a rating never."""
    if level not in RISK_ORDER or not risk:
        return False
    return int(risk[1:]) <= max(RISK_ORDER.index(level), 1)


def _scored(offer: Offer, product: Product, customer: CustomerView) -> Recommendation:
    spoken = [weight for weight in offer.weights if weight.tag in customer.standing.tags]
    strongest = max(spoken, key=lambda weight: weight.points, default=None)
    return Recommendation(
        product=offer.product,
        title_zh=product.title_zh,
        title_en=product.title_en,
        score=offer.base + sum(weight.points for weight in spoken),
        reason_zh=strongest.reason_zh if strongest else offer.reason_zh,
        reason_en=strongest.reason_en if strongest else offer.reason_en,
    )


__all__ = ["OFFERS", "Offer", "Weight", "is_eligible", "recommend", "suits"]
