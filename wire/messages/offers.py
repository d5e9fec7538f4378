"""What to offer a customer who has been identified, with the reason; the office knows why."""

from __future__ import annotations

import msgspec

from wire.ids import CaseId
from wire.masked import IdNumber
from wire.message import Request


class Recommendation(msgspec.Struct, frozen=True):
    """An offer with its score and the strongest reason, in words that a teller can say."""

    product: str
    title_zh: str
    title_en: str
    score: int
    reason_zh: str
    reason_en: str


class Recommendations(msgspec.Struct, frozen=True):
    """The best ones first; empty for somebody who wants no offers.

    Attributes:
        tier: code of the customer's tier, or empty.
        tier_zh: its title.
        tier_en: the same in English.
    """

    offers: tuple[Recommendation, ...]
    tier: str = ""
    tier_zh: str = ""
    tier_en: str = ""


class Recommend(Request[Recommendations], frozen=True, tag="Recommend"):
    """Ask for offers to the person whose card was read for this case."""

    case_id: CaseId
    number: IdNumber
    name: str

    def __repr__(self) -> str:
        return f"Recommend({self.case_id!r}, {self.number!r})"


__all__ = ["Recommend", "Recommendation", "Recommendations"]
