"""Which numbers of a configuration make sense, beyond their types.

A Struct may bound its own numbers (`msgspec.Meta`), and sections written for configuration do. Here
are the bounds of Structs that are something else first, and what must not be the wrong way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from backoffice.authorization.levels import Thresholds
from backoffice.cases.terms import Terms as CaseTerms
from wire.checks import Limits
from wire.photo import PHOTO_BYTES_MAX
from wire.sound import RECORDING_BYTES_MAX

_SECOND: Final = 1_000
_HOUR: Final = 60 * 60 * _SECOND
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY

NUMBER_MAX: Final = 10**15
"""No number is larger: ten thousand billion yuan, or thirty thousand years."""

RANGES: Final[dict[type[msgspec.Struct], dict[str, tuple[int, int]]]] = {
    Limits: {
        "age_years_max": (100, 150),
        "name_units_min": (1, 15),
        "name_units_max": (2, 15),
        "validity_slack_days": (0, 31),
        "issue_days_max": (0, 180),
        "pan_digits_min": (12, 19),
        "pan_digits_max": (16, 19),
        "accuracy_m_max": (1, 10_000),
        "skew_ms_max": (_SECOND, _HOUR),
        "capture_age_ms_max": (_HOUR, 4 * _WEEK),
        "evidence_age_ms_max": (4 * _WEEK, 52 * _WEEK),
        "photo_side_min": (320, 2_048),
        "photo_side_max": (1_024, 4_096),
        "photo_bytes_max": (64 * 1024, PHOTO_BYTES_MAX),
        "sharpness_min": (0, 1_000),
        "ink_points_min": (2, 1_000),
        "ink_ms_min": (1, 10 * _SECOND),
        "ink_area_permille_min": (0, 900),
        "recording_bytes_max": (64 * 1024, RECORDING_BYTES_MAX),
        "item_code_chars_max": (16, 1_000),
        "item_title_chars_max": (16, 1_000),
        "staff_chars_max": (4, 200),
        "reference_chars_max": (40, 1_000),
    },
    Thresholds: {
        "senior_years": (50, 150),
        "minor_years": (0, 30),
        "sync_ms": (10 * _SECOND, _HOUR),
        "async_ms": (_SECOND, _DAY),
        "sample_permille": (0, 1_000),
    },
    CaseTerms: {
        "lease_ms": (30 * _SECOND, 8 * _HOUR),
        "returned_ms": (60 * _SECOND, 4 * _WEEK),
        "prepared_ms": (60 * _SECOND, _WEEK),
        "inquire_ms_first": (100, _HOUR),
        "inquire_ms_max": (_SECOND, _DAY),
        "inquiries_max": (1, 1_000),
        "manual_ms_first": (_SECOND, _DAY),
        "manual_ms_max": (_SECOND, _WEEK),
    },
}
"""Struct → key → least and most; any other number is at least 0."""

ORDERED: Final[dict[type[msgspec.Struct], tuple[tuple[str, str], ...]]] = {
    Thresholds: (
        ("a1_fen_max", "a2_fen_max"),
        ("a2_fen_max", "a3_fen_max"),
        ("minor_years", "senior_years"),
    ),
    CaseTerms: (
        ("inquire_ms_first", "inquire_ms_max"),
        ("manual_ms_first", "manual_ms_max"),
    ),
}
"""Struct → keys of which the first must not exceed the second, besides every `_min` and `_max`."""


def out_of_bounds(kind: type[msgspec.Struct], key: str, value: object) -> tuple[str, str] | None:
    """What is wrong with a number, in both languages; None for a sensible one, or no number."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    least, most = RANGES.get(kind, {}).get(key, (0, NUMBER_MAX))
    if least <= value <= most:
        return None
    return f"应为 {least} 至 {most}", f"should be {least} to {most}"


def disorder(section: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Pairs of keys of which the first should not exceed the second, and does."""
    names = section.__struct_fields__
    lows = [name for name in names if name.endswith("_min")]
    pairs = [(low, f"{low.removesuffix('_min')}_max") for low in lows]
    pairs = [pair for pair in pairs if pair[1] in names]
    for low, high in (*pairs, *ORDERED.get(type(section), ())):
        values = getattr(section, low), getattr(section, high)
        if all(isinstance(value, int | float) for value in values) and values[0] > values[1]:
            yield low, high


__all__ = ["NUMBER_MAX", "ORDERED", "RANGES", "disorder", "out_of_bounds"]
