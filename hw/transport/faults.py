"""What goes wrong in a simulated kit, drawn from one seed or written down in advance.

All virtual devices and lines of a kit ask one `FaultPlan` at the moments where the real thing can
fail. The same seed and the same questions give the same faults. Deliberately not here: what a fault
does; the line or device that asked does that. Invariant: after `heal` nothing strikes any more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from wire.form import Capability


class Fault(StrEnum):
    """Everything that can be made to happen."""

    DROP_BEFORE = "drop_before"
    """The link dies before a request reaches the device."""
    DROP_AFTER = "drop_after"
    """The link dies after the device has acted and before its answer arrives."""
    LOSE_FRAGMENT = "lose_fragment"
    DUPLICATE_FRAGMENT = "duplicate_fragment"
    FLIP_BIT = "flip_bit"
    SILENCE = "silence"
    """The link looks alive and carries nothing any more, until it is opened again."""
    LATE_REPLY = "late_reply"
    """An answer is held back and delivered after the link was opened again."""
    OVERFLOW = "overflow"
    """The receiver is so slow that the link's buffer runs full."""
    BATTERY_LOW = "battery_low"

    ID_NO_CARD = "id_no_card"
    ID_WRONG_CARD = "id_wrong_card"
    ID_READ_FAILED = "id_read_failed"
    ID_NOT_AUTHORISED = "id_not_authorised"
    CARD_REMOVED = "card_removed"
    CARD_MUTE = "card_mute"
    PIN_TIMEOUT = "pin_timeout"
    PIN_CANCEL = "pin_cancel"
    PIN_TAMPER = "pin_tamper"
    PAPER_OUT = "paper_out"
    """The paper ends after 60 % of a receipt of usual length."""
    COVER_OPEN = "cover_open"
    SIGNATURE_LEFT = "signature_left"
    """The customer puts the pen down and walks away."""


class FaultPlan:
    """When which fault strikes.

    Attributes:
        struck: how often each has struck so far, by (device, fault).
    """

    def __init__(self, dice: random.Random, rates: Mapping[Fault, float] | None = None) -> None:
        """Take the seeded dice and the probability, 0 to 1, of each fault at each question."""
        self._dice = dice
        self._rates = dict(rates or {})
        self._armed: Counter[tuple[Capability, Fault]] = Counter()
        self._spared: dict[tuple[Capability, Fault], int] = {}
        self.struck: Counter[tuple[Capability, Fault]] = Counter()

    def arm(self, device: Capability, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Let a fault strike a device the next `times` it is asked for, sparing `after` first."""
        self._armed[device, fault] += times
        self._spared[device, fault] = after

    def heal(self) -> None:
        """End all faults."""
        self._armed.clear()
        self._rates.clear()

    def strikes(self, device: Capability, fault: Fault) -> bool:
        """Whether it happens now."""
        key = (device, fault)
        if self._armed[key] > 0:
            if self._spared.get(key, 0) > 0:
                self._spared[key] -= 1
                return False
            self._armed[key] -= 1
        elif not self._dice.random() < self._rates.get(fault, 0.0):
            return False
        self.struck[key] += 1
        return True

    def pick(self, count: int) -> int:
        """One of `count` places for a fault, from 0."""
        return self._dice.randrange(count)


__all__ = ["Fault", "FaultPlan"]
