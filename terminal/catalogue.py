"""What can be offered at this terminal: gathered from the office, kept for work offline.

The office answers page by page. Nothing of it counts before the last page is here: then the whole
list is stored and taken at once, and whatever was cut off on the way leaves the list before it in
force. A list whose pages were made before and after a change is possible, and lasts one round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from actors.ports import WallClock
from actors.store import Batch, Document, Store, StoreClosed, StoreError
from wire.codec import PAYLOAD_BYTES_MAX, decode, encode
from wire.messages.session import ListProducts, ProductCard, Products

log = structlog.get_logger("catalogue")

PAGES_MAX: Final = 64
"""The most pages that are gathered."""

CATALOGUE_BYTES_MAX: Final = PAGES_MAX * PAYLOAD_BYTES_MAX
"""The most that is stored."""

_PLACE: Final = ("settings", "products")


class Catalogue:
    """The products of one terminal.

    Args:
        taken: told by code what can be offered from now on.
    """

    def __init__(
        self, store: Store, wall: WallClock, taken: Callable[[Mapping[str, ProductCard]], None]
    ) -> None:
        self._store = store
        self._wall = wall
        self._taken = taken
        self._body = b""

    async def load(self) -> None:
        """What was offered last, for a start without the office."""
        body = await self._store.document(*_PLACE)
        if body is not None:
            self._take(decode(Products, body, bytes_max=CATALOGUE_BYTES_MAX).products, body)

    async def renew(self, ask: Callable[[ListProducts], Awaitable[Products]]) -> None:
        """Ask the office for every page; what `ask` raises changes nothing.

        A store that refuses costs nobody the products: they are offered, and kept next time.
        """
        cards: dict[str, ProductCard] = {}
        for _ in range(PAGES_MAX):
            page = await ask(ListProducts(max(cards, default="")))
            cards |= {card.code: card for card in page.products}
            if not page.more:
                break
        else:
            log.warning("more pages than a terminal takes", products=len(cards))
            return
        products = tuple(cards.values())
        body = encode(Products(products))
        kept = body == self._body or await self._keep(body)
        self._take(products, body if kept else self._body)

    async def _keep(self, body: bytes) -> bool:
        document = Document(*_PLACE, body)
        try:
            await self._store.commit(Batch("office", self._wall.now_ms(), documents=(document,)))
        except StoreClosed:
            raise
        except StoreError as refused:
            log.warning("products are not kept", error=str(refused))
            return False
        return True

    def _take(self, products: tuple[ProductCard, ...], body: bytes) -> None:
        self._body = body
        self._taken({product.code: product for product in products})


__all__ = ["CATALOGUE_BYTES_MAX", "PAGES_MAX", "Catalogue"]
