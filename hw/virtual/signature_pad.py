"""A virtual signature pad: a customer who signs with a few waves, differently each time."""

from __future__ import annotations

import math
import random

from hw.framing import capture
from hw.transport import FaultPlan
from hw.virtual.capture import VirtualCaptureDevice
from wire.form import Capability
from wire.ink import Point, Signature

PAD_WIDTH = 1000
PAD_HEIGHT = 400
SAMPLE_MS = 12
SIGNING_S = 2.0
"""From arming to the confirmed signature, in seconds."""

STROKES_MIN = 2
STROKES_MAX = 4
POINTS_PER_STROKE = 24


def signature(dice: random.Random) -> Signature:
    """A signature that spans well over a twentieth of the pad and takes over half a second."""
    strokes, t_ms = [], 0
    count = dice.randint(STROKES_MIN, STROKES_MAX)
    width = (PAD_WIDTH - 200) // count
    for number in range(count):
        stroke, phase = [], dice.random() * math.tau
        height = dice.randint(90, 160)
        for step in range(POINTS_PER_STROKE):
            share = step / (POINTS_PER_STROKE - 1)
            x = 100 + number * width + round(share * width * 0.9)
            y = PAD_HEIGHT // 2 + round(height * math.sin(phase + share * 2 * math.tau))
            pressure = 300 + round(400 * math.sin(share * math.pi))
            stroke.append(Point(t_ms, x + dice.randint(-3, 3), y, pressure))
            t_ms += SAMPLE_MS
        strokes.append(tuple(stroke))
        t_ms += dice.randint(80, 200)
    return Signature(PAD_WIDTH, PAD_HEIGHT, tuple(strokes))


class VirtualSignaturePad(VirtualCaptureDevice):
    """The far end of a signature pad's line."""

    def __init__(self, dice: random.Random, plan: FaultPlan) -> None:
        self._dice = dice
        super().__init__(Capability.SIGNATURE, self._sign, plan, SIGNING_S)

    def _sign(self, subject: str) -> bytes:
        return capture.pack_signature(signature(self._dice))


__all__ = ["PAD_HEIGHT", "PAD_WIDTH", "SIGNING_S", "VirtualSignaturePad", "signature"]
