"""The images of one case on the screen: fetched in chunks, shown only once their hash is right.

It knows neither why the case is open nor for how long; whoever opened it starts and ends `fetch`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from backoffice.desk.link import REQUEST_S_MAX
from backoffice.desk.page_model import ImageView
from wire.errors import LinkLost, OutcomeUnknown, PeerRefused
from wire.messages.case import LIVE_PHOTO
from wire.messages.desk import ImageCard
from wire.messages.images import GetChunk
from wire.office_link import OfficeLink

IMAGE_TRIES_MAX: Final = 5
"""How often an image whose bytes do not match its hash is fetched again."""


class CaseImages:
    """What is here of the images of one case."""

    def __init__(self, case_id: str, cards: tuple[ImageCard, ...]) -> None:
        self._case_id = case_id
        self._cards = {card.digest: card for card in cards}
        self._bodies = {digest: bytearray() for digest in self._cards}

    def keep(self, before: CaseImages) -> None:
        """Images that are here already, of the same case opened before, need not come again."""
        known = before._bodies.items()
        self._bodies.update((digest, body) for digest, body in known if digest in self._cards)

    @property
    def complete(self) -> bool:
        """Every image is here and verified."""
        return all(len(self._bodies[card.digest]) == card.size for card in self._cards.values())

    def body(self, digest: bytes) -> bytes | None:
        """A whole image, or None."""
        card = self._cards.get(digest)
        whole = card is not None and len(self._bodies[digest]) == card.size
        return bytes(self._bodies[digest]) if whole else None

    def views(self) -> tuple[ImageView, ...]:
        """As the page shows them, in form order."""
        return tuple(
            ImageView(
                card.digest.hex(),
                card.title_zh,
                card.title_en,
                card.evidence,
                100 * len(self._bodies[card.digest]) // max(card.size, 1),
                card.field if card.field != LIVE_PHOTO.name else "",
            )
            for card in self._cards.values()
        )

    async def fetch(self, link: OfficeLink, changed: Callable[[], None]) -> bool:
        """Fetch whatever is missing, however often the link breaks.

        Args:
            changed: called after every chunk.

        Returns:
            False where the office refuses, or has other bytes than the hash says.
        """
        for card in self._cards.values():
            body = self._bodies[card.digest]
            tries = 0
            while len(body) < card.size:
                request = GetChunk(self._case_id, card.digest, len(body))
                try:
                    chunk = await link.request(request, within=REQUEST_S_MAX)
                except (LinkLost, OutcomeUnknown):
                    continue
                except PeerRefused:
                    return False
                body += chunk.data
                whole = len(body) >= card.size
                if not chunk.data or (whole and not _matches(body, card.digest)):
                    body.clear()
                    tries += 1
                    if tries >= IMAGE_TRIES_MAX:
                        return False
                changed()
        return True


def _matches(body: bytearray, digest: bytes) -> bool:
    return hashlib.blake2b(body, digest_size=32).digest() == digest


__all__ = ["IMAGE_TRIES_MAX", "CaseImages"]
