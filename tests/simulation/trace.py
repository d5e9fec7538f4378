"""What happened in a run, as one hash: the same seed must give the same (invariant I14)."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from typing import Final

import trio

KEPT_MAX: Final = 400
"""How many of the newest lines are kept to be read."""


class Trace:
    """Takes every event with its virtual time.

    Attributes:
        counts: of the events by kind.
        lines: the newest ones, readable; all of them for finding where two runs part.
    """

    def __init__(self, *, full: bool = False) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.counts: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=None if full else KEPT_MAX)

    def note(self, kind: str, what: str) -> None:
        """One event, now."""
        line = f"{trio.current_time():.6f} {kind} {what}"
        self._hash.update(line.encode() + b"\n")
        self.counts[kind] += 1
        self.lines.append(line)

    @property
    def digest(self) -> str:
        """Of everything so far."""
        return self._hash.hexdigest()


__all__ = ["KEPT_MAX", "Trace"]
