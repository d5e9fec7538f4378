"""V4: a person's name as the chip spells it.

Names of minority peoples carry a separator that every system types differently; it is normalised
to U+00B7. Characters outside the common sets are kept as they are, never replaced: they are the
person's name. A name that holds one is looked at by a person (`is_rare`), not refused.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from wire.checks.limits import Context
from wire.message import Code, Refusal
from wire.text import is_written

SEPARATOR: Final = "\u00b7"
"""MIDDLE DOT, the separator of GB/T 2312 and of the population register."""

_LOOKALIKES: Final = str.maketrans(
    dict.fromkeys("\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff65\uff0e\u0387\u2024.", SEPARATOR)
)

_COMMON_FIRST: Final = 0x4E00
_COMMON_LAST: Final = 0x9FA5
"""The unified ideographs of GBK; what lies outside is missing from many a font and system."""


_RADICALS: Final = range(0x2E80, 0x2FE0)
"""Radicals (category So), with which some systems wrote a character that they did not have."""


def normalise_name(name: str) -> str:
    """Without blanks around it, its separators U+00B7."""
    return name.strip().translate(_LOOKALIKES)


def is_rare(name: str) -> bool:
    """Whether a character needs a person's eye: private use, or outside GBK's ideographs."""
    return any(
        character != SEPARATOR and not _COMMON_FIRST <= ord(character) <= _COMMON_LAST
        for character in name
    )


def check_name(name: str, context: Context) -> list[Refusal]:
    """V4: length in UTF-16 units, separator normalised and inside, no digits, signs or blanks.

    U+3007, the round zero, is a letter of names that Unicode calls a number (Nl). Code: `FORMAT`.
    """
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    limits = context.limits
    if not limits.name_units_min <= units <= limits.name_units_max:
        return [context.refuse(Code.FORMAT, "姓名长度不符合要求。")]
    if normalise_name(name) != name or name[0] == SEPARATOR or name[-1] == SEPARATOR:
        return [context.refuse(Code.FORMAT, "姓名中的分隔点或空格不规范。")]
    if not all(_may_stand_in_a_name(character) for character in name):
        return [context.refuse(Code.FORMAT, "姓名中含有不允许的字符。")]
    return []


def _may_stand_in_a_name(character: str) -> bool:
    if character == SEPARATOR:
        return True
    category = unicodedata.category(character)
    named = category[0] == "L" or category in ("Nl", "Co", "Cn") or ord(character) in _RADICALS
    return named and is_written(character)


__all__ = ["SEPARATOR", "check_name", "is_rare", "normalise_name"]
