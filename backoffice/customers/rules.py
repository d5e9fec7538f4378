"""Tags and tiers: what kind of customer somebody is, by a versioned table of rules.

A tag belongs to one of four groups (base, behaviour, preference, value) and holds when all of its
conditions do. Tiers go by assets. Pure: the same facts, visits and moment give the same standing,
so that a recomputation overnight changes only what has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

DAY_MS: Final = 24 * 60 * 60 * 1000


class Group(StrEnum):
    """What a tag speaks of."""

    BASE = "base"
    BEHAVIOUR = "behaviour"
    PREFERENCE = "preference"
    VALUE = "value"


class Condition(msgspec.Struct, frozen=True):
    """One fact compared with a value.

    Attributes:
        fact: an agreed fact, or `visits.<days>` for how many visits there were in so many days.
        at_least: the fact as a number is not less; None for no such bound.
        is_in: the fact is one of these; empty for no such condition.
    """

    fact: str
    at_least: int | None = None
    is_in: tuple[str, ...] = ()


class TagRule(msgspec.Struct, frozen=True):
    """A tag and when it holds."""

    code: str
    title_zh: str
    title_en: str
    group: Group
    when: tuple[Condition, ...]


class Tier(msgspec.Struct, frozen=True):
    """A class of customers: from so many fen of net worth on."""

    code: str
    title_zh: str
    title_en: str
    assets_fen: int


class Standing(msgspec.Struct, frozen=True):
    """How the rules see a person.

    Attributes:
        rules: version of the rules.
        tier: code of the tier; empty before anything is known.
        tags: codes, in the rules' order.
    """

    rules: int = 0
    tier: str = ""
    tags: tuple[str, ...] = ()


class CustomerRules(msgspec.Struct, frozen=True, kw_only=True):
    """The table in force.

    Attributes:
        version: rises with every change.
        tiers: highest first.
        tags: in the order in which they are shown.
    """

    version: int = 1
    tiers: tuple[Tier, ...] = (
        Tier("diamond", "钻石客户", "Diamond", 1_000_000_00),
        Tier("gold", "黄金客户", "Gold", 300_000_00),
        Tier("silver", "白银客户", "Silver", 50_000_00),
        Tier("plain", "普通客户", "Standard", 0),
    )
    tags: tuple[TagRule, ...] = (
        TagRule("farmer", "农户", "Farmer", Group.BASE, (Condition("job", is_in=("farmer",)),)),
        TagRule(
            "trader", "个体经营户", "Trader", Group.BASE, (Condition("job", is_in=("trader",)),)
        ),
        TagRule(
            "card_holder",
            "持卡客户",
            "Card holder",
            Group.BASE,
            (Condition("holds.debit_card", at_least=1),),
        ),
        TagRule(
            "regular",
            "活跃客户",
            "Regular visitor",
            Group.BEHAVIOUR,
            (Condition("visits.90", at_least=3),),
        ),
        TagRule(
            "bill_payer",
            "缴费客户",
            "Pays bills",
            Group.BEHAVIOUR,
            (Condition("holds.bill_payment", at_least=1),),
        ),
        TagRule(
            "borrower",
            "信贷客户",
            "Borrower",
            Group.BEHAVIOUR,
            (Condition("holds.contract_signing", at_least=1),),
        ),
        TagRule(
            "likes_wealth",
            "关注理财",
            "Interested in wealth products",
            Group.PREFERENCE,
            (Condition("interest.wealth", at_least=1),),
        ),
        TagRule(
            "likes_credit",
            "关注贷款",
            "Interested in credit",
            Group.PREFERENCE,
            (Condition("interest.credit", at_least=1),),
        ),
        TagRule(
            "cautious",
            "稳健偏好",
            "Cautious investor",
            Group.PREFERENCE,
            (Condition("risk_level", is_in=("C1-", "C1", "C2")),),
        ),
        TagRule(
            "good_income",
            "收入较高",
            "Good income",
            Group.VALUE,
            (Condition("income_fen", at_least=100_000_00),),
        ),
        TagRule(
            "wealthy",
            "高净值",
            "High net worth",
            Group.VALUE,
            (Condition("net_fen", at_least=500_000_00),),
        ),
    )

    def tier(self, code: str) -> Tier | None:
        """The tier of that code, or None."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def standing(self, facts: Mapping[str, str], visits_ms: Sequence[int], now_ms: int) -> Standing:
        """Tier and tags of a person with these facts and visits."""
        assets = _number(facts.get("net_fen", "0"))
        tier = next((tier.code for tier in self.tiers if assets >= tier.assets_fen), "")
        tags = tuple(
            rule.code
            for rule in self.tags
            if all(_holds(one, facts, visits_ms, now_ms) for one in rule.when)
        )
        return Standing(self.version, tier, tags)


def _holds(one: Condition, facts: Mapping[str, str], visits_ms: Sequence[int], now_ms: int) -> bool:
    kind, _, days = one.fact.partition(".")
    if kind == "visits":
        since = now_ms - int(days) * DAY_MS
        value = str(sum(at_ms >= since for at_ms in visits_ms))
    else:
        value = facts.get(one.fact, "")
    if one.is_in and value not in one.is_in:
        return False
    return one.at_least is None or _number(value) >= one.at_least


def _number(value: str) -> int:
    """A fact as a number; flags and codes that are none count as 1 when they are there."""
    try:
        return int(value)
    except ValueError:
        return int(bool(value) and value != "0")


__all__ = ["Condition", "CustomerRules", "Group", "Standing", "TagRule", "Tier"]
