"""How often each product is asked for: the one table that the load by mix is drawn from.

The case study names the businesses of its first half year (issuing and activating cards, credit
card applications, signing up, farmers' files, loan visits, collecting information, signing face to
face, surveys; about 500,000 cases) and gives no shares. So the named ones share nine tenths, the
more frequent ones more, and every other product has one hundredth: assumed, not measured.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Final

NAMED: Final = {
    "debit_card": 18,
    "card_activation": 18,
    "service_sign_up": 10,
    "farmer_file": 10,
    "information_collection": 10,
    "loan_visit": 8,
    "credit_card_application": 6,
    "contract_signing": 5,
    "customer_survey": 5,
}
"""Shares of the businesses that the case study names, in hundredths."""

OTHER: Final = 1
"""The share of each product that it does not name."""


def draw(codes: Collection[str], count: int, seed: str) -> list[str]:
    """So many cases; an activation follows the issue of its card.

    Args:
        codes: of all products.
        seed: the same seed gives the same cases.
    """
    ordered = sorted(codes)
    shares = [NAMED.get(code, OTHER) for code in ordered]
    drawn = random.Random(seed).choices(ordered, shares, k=count)
    cards = iter(["debit_card", "card_activation"] * count)
    return [next(cards) if code in ("debit_card", "card_activation") else code for code in drawn]


__all__ = ["NAMED", "OTHER", "draw"]
