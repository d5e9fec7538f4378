"""Blank bank cards as they are delivered: by the box, whose numbers follow each other.

Cards are important blank vouchers. Each terminal is allotted boxes of its own, and hands out no
card of another's. Numbers are counted without their last digit, which only checks the others.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

import msgspec

Serial = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{11,18}\Z")]
"""A card number without its check digit."""

TRAINING_PREFIX: Final = "621700"
"""How the numbers of training cards begin."""

_BLOCK_DIGITS: Final = 4
_CARD_DIGITS: Final = 8


class CardBox(msgspec.Struct, frozen=True):
    """Cards whose numbers follow each other, both ends included.

    Raises:
        ValueError: the ends are no numbers of one length, or the wrong way round.
    """

    first: Serial
    last: Serial

    def __post_init__(self) -> None:
        if len(self.first) != len(self.last) or self.first > self.last:
            raise ValueError("first should be as long as last, and not after it")

    @property
    def count(self) -> int:
        """How many cards are in it."""
        return int(self.last) - int(self.first) + 1

    def holds(self, digits: str) -> bool:
        """Whether the card with this number is in it."""
        serial = digits[:-1]
        return len(serial) == len(self.first) and self.first <= serial <= self.last


def training_box(terminal: str) -> CardBox:
    """The box that a training office allots to a terminal: no other terminal's, and never empty."""
    digest = hashlib.blake2b(terminal.encode(), digest_size=8).digest()
    block = int.from_bytes(digest, "big") % 10**_BLOCK_DIGITS
    head = f"{TRAINING_PREFIX}{block:0{_BLOCK_DIGITS}d}"
    return CardBox(head + "0" * _CARD_DIGITS, head + "9" * _CARD_DIGITS)


__all__ = ["TRAINING_PREFIX", "CardBox", "Serial", "training_box"]
