"""Where messages go that nobody handled: stored up to a bound, counted beyond it.

A dead letter never holds the message: its type, whose it was, and why. Bodies may be personal; who
needs one back keeps it in an outbox.
"""

from __future__ import annotations

from collections import Counter, deque
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from actors.ports import WallClock

DEAD_LETTERS_MAX = 1_024
"""How many are kept; the oldest go first."""


class Reason(StrEnum):
    """Why a message, or an answer, was not used."""

    OVERFLOW = "overflow"
    POISON = "poison"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"
    NO_HANDLER = "no_handler"
    LATE_REPLY = "late_reply"


class DeadLetter(msgspec.Struct, frozen=True):
    """One message that was not handled.

    Attributes:
        reason: why.
        path: the actor it was for.
        kind: the type name of the message.
        at: Unix time in milliseconds.
        summary: for poison, what crashed and where; never a field of the message.
    """

    reason: Reason
    path: str
    kind: str
    at: int
    summary: str = ""


class DeadLetters:
    """The last `DEAD_LETTERS_MAX` of one system.

    Attributes:
        count: all that ever came.
        by_reason: the same, split by reason.
    """

    def __init__(self, wall: WallClock) -> None:
        self.count = 0
        self.by_reason: Counter[Reason] = Counter()
        self._kept: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_MAX)
        self._wall = wall

    def add(self, reason: Reason, path: str, kind: str, summary: str = "") -> None:
        """Keep one more."""
        self.count += 1
        self.by_reason[reason] += 1
        self._kept.append(DeadLetter(reason, path, kind, self._wall.now_ms(), summary))

    @property
    def entries(self) -> tuple[DeadLetter, ...]:
        """What is kept, oldest first."""
        return tuple(self._kept)


__all__ = ["DEAD_LETTERS_MAX", "DeadLetter", "DeadLetters", "Reason"]
