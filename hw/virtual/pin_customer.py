"""The customer at the virtual PIN pad: decides what to type, and how fast.

Lives on the pad's side of the line only. A customer has one PIN for each card, made from the seed
and the card, so that the PIN set yesterday is the one typed today, in this process or the next.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from hw.framing.epp import Advice

ENTER = "E"
CANCEL = "C"
BACK = "B"
KEYS = frozenset("0123456789" + ENTER + CANCEL + BACK)

KEY_S = 0.25
"""Between two keys, in seconds."""


class PinCustomer:
    """Types a PIN of six digits, and another one when the pad finds it weak."""

    def __init__(self, seed: str) -> None:
        """Take what tells this customer from others."""
        self._seed = seed
        self._rejected: Counter[str] = Counter()

    def __repr__(self) -> str:
        return "PinCustomer(***)"

    def keys(self, pan: str, advice: Advice) -> list[tuple[float, str]]:
        """What is typed when an entry opens: (seconds after the key before, key)."""
        if advice is Advice.WEAK:
            self._rejected[pan] += 1
        return [(KEY_S, key) for key in self.pin(pan) + ENTER]

    def pin(self, pan: str) -> str:
        """The PIN for a card."""
        what = f"{self._seed}/{pan}/{self._rejected[pan]}".encode()
        number = int.from_bytes(hashlib.blake2b(what, digest_size=8).digest(), "big")
        return f"{number % 10**6:06d}"


__all__ = ["BACK", "CANCEL", "ENTER", "KEYS", "KEY_S", "PinCustomer"]
