"""Where the terminal is: the tablet's own satellite receiver, behind one function.

A training terminal stands in a village of the training union. A fix that proves nothing (too old,
too inaccurate) is the checks' business, not this one's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wire.messages.case import Place

Locate = Callable[[], Place | None]
"""Where the terminal is now; None without a fix."""

TRAINING_PLACE: Final = Place(latitude_e6=25_046_500, longitude_e6=102_748_200, accuracy_m=8)
"""Xiaobanqiao, Guandu District, Kunming: where the virtual kit's customers live."""


def training_place() -> Place | None:
    """The same village every day."""
    return TRAINING_PLACE


__all__ = ["TRAINING_PLACE", "Locate", "training_place"]
