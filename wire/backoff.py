"""How long to wait before something that failed is tried again: the one rule for all of it.

A restart, a dial, a delivery: each wait is twice the one before up to a longest one, and chance
takes a share off, so that many who failed together do not come back together. It has no clock and
counts nothing; whoever tries says how often it has failed in a row.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

from wire.errors import LocalMisuse

WAIT_S_MAX: Final = 7 * 24 * 3600.0
"""The longest wait that may be asked for, in seconds."""

DOUBLINGS_MAX: Final = 32
"""Here it stops doubling, long after it has reached any sensible maximum."""


@dataclass(frozen=True)
class Backoff:
    """Waits that double, with a random share taken off.

    Attributes:
        first_s: the first wait, in seconds.
        most_s: the longest wait, in seconds.
        jitter: 0 to 1; a wait of `d` becomes one between `d * (1 - jitter)` and `d`.

    Raises:
        LocalMisuse: a number is outside its bounds, or the longest wait is below the first.
    """

    first_s: float
    most_s: float
    jitter: float = 0.2

    def __post_init__(self) -> None:
        for name, seconds in (("first_s", self.first_s), ("most_s", self.most_s)):
            if not (math.isfinite(seconds) and 0 <= seconds <= WAIT_S_MAX):
                raise LocalMisuse(f"{name} is 0 to {WAIT_S_MAX:g} seconds, not {seconds!r}")
        if self.most_s < self.first_s:
            raise LocalMisuse("most_s is below first_s")
        if not 0 <= self.jitter <= 1:
            raise LocalMisuse(f"jitter is 0 to 1, not {self.jitter!r}")

    def wait_s(self, failures: int, dice: random.Random) -> float:
        """How long to wait now, in seconds.

        Args:
            failures: how many in a row, the latest included; at least 1.
            dice: where the jitter comes from.
        """
        assert failures >= 1, "what has not failed need not wait"
        doublings = min(failures - 1, DOUBLINGS_MAX)
        whole: float = min(self.first_s * 2.0**doublings, self.most_s)
        return whole * (1.0 - self.jitter * dice.random())


__all__ = ["DOUBLINGS_MAX", "WAIT_S_MAX", "Backoff"]
