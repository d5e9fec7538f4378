"""Ink: a signature as strokes on a pad. What it must be to count is `wire.checks.ink`'s."""

from __future__ import annotations

from typing import Final

import msgspec

POINTS_MAX: Final = 4_000
"""The most points of a signature."""

PAD_UNITS_MAX: Final = 100_000
"""The longest side of a pad, in its own units; the finest glass has a fifth of it."""

INK_MS_MAX: Final = 60 * 60 * 1000
"""The longest that a signature takes, in milliseconds."""

PRESSURE_MAX: Final = 1_000
"""The most pressure of a point."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """One sample of a stroke: milliseconds since the first, position and pressure in 1/1000."""

    t_ms: int
    x: int
    y: int
    pressure: int = 500


class Signature(msgspec.Struct, frozen=True):
    """A signature as strokes on a pad of `width` × `height` units."""

    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]

    def __repr__(self) -> str:
        return f"Signature({sum(map(len, self.strokes))} points)"


__all__ = ["INK_MS_MAX", "PAD_UNITS_MAX", "POINTS_MAX", "PRESSURE_MAX", "Point", "Signature"]
