"""Who stands behind the office, and for whom something is asked of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.masked import IdNumber


class Partner(StrEnum):
    """Who stands behind the office."""

    CORE = "core"
    """Accounts, cards and money."""
    CARD = "card"
    """Credit-card applications."""
    CREDIT = "credit"
    """Farmer files, ratings, loans, visits, contracts."""
    WEALTH = "wealth"
    """Risk ratings, funds and orders."""
    SEC = "sec"
    """Securities brokers."""
    BILLER = "biller"
    """Who is paid: power, water, telephone."""
    OCRM = "ocrm"
    """Campaigns and surveys; it only answers queries."""


TITLES: Final[dict[Partner, tuple[str, str]]] = {
    Partner.CORE: ("核心系统", "Core bank"),
    Partner.CARD: ("信用卡中心", "Card centre"),
    Partner.CREDIT: ("信贷系统", "Credit system"),
    Partner.WEALTH: ("理财系统", "Wealth system"),
    Partner.SEC: ("证券公司", "Brokers"),
    Partner.BILLER: ("收费单位", "Billers"),
    Partner.OCRM: ("客户关系系统", "OCRM"),
}
"""Partner → (Simplified Chinese, English)."""


class Customer(msgspec.Struct, frozen=True):
    """Who the operation is for, as proven by the ID card's chip."""

    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"Customer({self.number!r})"


class Quiet(msgspec.Struct, frozen=True):
    """An operation whose repr names its type alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


__all__ = ["TITLES", "Customer", "Partner", "Quiet"]
