"""A virtual camera: drawn scenes as JPEG files, no two photos with the same bytes.

Each photo carries a comment segment with a number of its own, so that its hash is new while its
picture is not: reused-photo detection means something, and no image library is needed. Deliberately
not here: drawing (the files are made by `tests/kit/draw_photos.py`).
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

_START_OF_IMAGE = b"\xff\xd8"
_COMMENT = b"\xff\xfe"


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """The same picture with a COM segment (ISO/IEC 10918-1 B.2.4.5) behind its first marker."""
    assert jpeg[:2] == _START_OF_IMAGE, "a JPEG begins with SOI"
    segment = _COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    return jpeg[:2] + segment + jpeg[2:]


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
        return with_comment(scene(subject), self._dice.randbytes(16).hex().encode())


__all__ = ["SCENES", "SHUTTER_S", "VirtualCamera", "scene", "with_comment"]
