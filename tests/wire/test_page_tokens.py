"""The page's colours can be read in the sun: 7:1 for every ink on its ground, light and dark."""

from __future__ import annotations

import re

import pytest

from wire.page.shell import SHARED_FILES

TOKENS = (SHARED_FILES / "tokens.css").read_text(encoding="utf-8")
CONTRAST_MIN = 7.0
EDGE_CONTRAST_MIN = 3.0


def colour(name: str, theme: int) -> str:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", TOKENS)
    assert found is not None, name
    return found.groups()[theme]


def luminance(hex_colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(hex_colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(("ink", ground) for ground in ("ground", "surface", "sunken")),
        *(("ink-soft", ground) for ground in ("ground", "surface", "sunken")),
        ("accent-ink", "accent"),
        ("accent", "accent-soft"),
        ("accent", "surface"),
        ("bad-ink", "bad"),
        ("bad", "surface"),
        *((state, f"{state}-soft") for state in ("good", "wait", "bad", "info", "idle")),
    ],
)  # fmt: skip
def test_ink_can_be_read_on_its_ground(ink: str, ground: str, theme: int) -> None:
    """A teller in the sun reads every text."""
    assert contrast(colour(ink, theme), colour(ground, theme)) >= CONTRAST_MIN


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_control_can_be_seen(theme: int) -> None:
    """WCAG 2.2, 1.4.11: what can be pressed stands out from what cannot."""
    assert contrast(colour("line-strong", theme), colour("surface", theme)) >= EDGE_CONTRAST_MIN
