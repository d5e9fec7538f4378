"""A virtual camera: drawn scenes as JPEG files, no two photos with the same pixels.

Each photo gets a faint grain of its own, so that its hash is new, also after the terminal has
encoded it again: reused-photo detection means something, and no image library is needed.
Deliberately not here: drawing (the files are made by `tests/kit/draw_photos.py`).
"""

from __future__ import annotations

import random
from importlib import resources

from hw.transport import FaultPlan
from hw.virtual.capture import VirtualCaptureDevice
from wire.form import Capability

SHUTTER_S = 0.3
"""From arming to a ready photo, in seconds."""

SCENES = ("id_front", "id_back", "customer", "card")
"""The drawn scenes; any other subject shows the customer."""

_TABLES = b"\xff\xdb"
_GRAIN = slice(6, 31)
"""Which of a table's 64 steps vary: middle frequencies, where a picture has its texture."""


def with_grain(jpeg: bytes, dice: random.Random) -> bytes:
    """The same scene with other pixels: some quantisation steps of its first table differ by one.

    A decoder scales every coefficient by its step (ISO/IEC 10918-1 B.2.4.1), so the picture gets a
    faint texture of its own, as from another exposure, and keeps it when it is encoded again.
    """
    table = bytearray(jpeg)
    start = jpeg.index(_TABLES) + 5
    for at in range(start, start + 64)[_GRAIN]:
        table[at] = max(table[at] + dice.choice((-1, 0, 1)), 1)
    return bytes(table)


def scene(subject: str) -> bytes:
    """The stored JPEG of a subject."""
    name = subject if subject in SCENES else "customer"
    return resources.files("hw.virtual").joinpath("photos", f"{name}.jpg").read_bytes()


class VirtualCamera(VirtualCaptureDevice):
    """The far end of a camera's line."""

    def __init__(self, dice: random.Random, plan: FaultPlan) -> None:
        self._dice = dice
        super().__init__(Capability.CAMERA, self._shoot, plan, SHUTTER_S)

    def _shoot(self, subject: str) -> bytes:
        return with_grain(scene(subject), self._dice)


__all__ = ["SCENES", "SHUTTER_S", "VirtualCamera", "scene", "with_grain"]
