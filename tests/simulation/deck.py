"""What the customers of a seed come for: products dealt from a shuffled deck, in a workable order.

Every terminal gets a hand of its own; where a hand has a product that is done with the customer's
own card, that card is issued and activated first. Over many seeds each product is dealt about
equally often. Nothing here knows a product: what it needs shows in the kinds of its fields.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from backoffice.product import Product
from tests.kit.determinism import stream
from wire.form import FieldKind

ISSUE: Final = "debit_card"
"""Puts a card into the customer's hands."""

ACTIVATE: Final = "card_activation"
"""Makes a card one that can pay."""


def uses_own_card(product: Product) -> bool:
    """It is about a card that the customer must have already."""
    kinds = {field.kind for field in product.form.fields}
    return FieldKind.BANK_CARD in kinds and FieldKind.NEW_PIN not in kinds


def deal(
    seed: int, products: Mapping[str, Product], hands: int, size: int
) -> tuple[tuple[str, ...], ...]:
    """Codes for each of `hands` tellers, in the order of work.

    Args:
        products: by code.
        hands: how many tellers.
        size: how many products each is dealt, before the cards that they need.
    """
    deck = stream(seed, "deck").sample(sorted(products), len(products))
    dealt = itertools.cycle(deck)
    return tuple(_workable(tuple(itertools.islice(dealt, size)), products) for _ in range(hands))


def _workable(hand: Sequence[str], products: Mapping[str, Product]) -> tuple[str, ...]:
    """The same, what is done with a card last, and the card before it."""
    own = [code for code in hand if uses_own_card(products[code]) and code != ACTIVATE]
    free = [code for code in hand if not uses_own_card(products[code]) and code != ISSUE]
    if own or ACTIVATE in hand:
        return (ISSUE, ACTIVATE, *free, *own)
    return (*hand,)


__all__ = ["ACTIVATE", "ISSUE", "deal", "uses_own_card"]
