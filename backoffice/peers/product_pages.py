"""The list of products, page by page: any number of them, whatever one frame holds.

Pages are cut anew for each request, in the order of codes, so a cursor is good for ever: whatever
was switched on or off meanwhile, the next page begins with the next code.
"""

from __future__ import annotations

from collections.abc import Sequence

from wire.codec import encode
from wire.messages.session import PAGE_BYTES_MAX, ProductCard, Products


def page_after(cards: Sequence[ProductCard], after: str) -> Products:
    """The first cards after a code: as many as fit into a page, and one at the least.

    Args:
        cards: in the order of codes.
    """
    rest = [card for card in cards if card.code > after]
    taken: list[ProductCard] = []
    size = 0
    for card in rest:
        size += len(encode(card))
        if taken and size > PAGE_BYTES_MAX:
            break
        taken.append(card)
    return Products(tuple(taken), more=len(taken) < len(rest))


__all__ = ["page_after"]
