"""Text that people type: one rule for every form, table row, note, opinion and reason.

What is typed ends on a signed slip or in a journal, and must there read as it was meant: something
visible in it, no character that steers instead of showing (controls, formats, direction marks,
fillers that show nothing), one spelling for one text (NFC, Unicode annex 15). Letters that are
written from right to left are refused, too: beside digits they change the order in which a line is
read. Rare and private-use ideographs stay as they are; they are people's names.

`normalised` is for the side where somebody types; `text_fault` is what both sides hold a text to.
`spelt` and `legible` write a character that cannot be shown as its code point in words, never as a
box and never left out.
Names off a chip follow `wire.checks.name`; they share `is_written`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from wire.message import Code, Refusal

_WIDE_SPACE: Final = "\u3000"
"""IDEOGRAPHIC SPACE, the one blank besides the common one that people type on purpose."""

_BLANK: Final = frozenset(
    code
    for first, last in (
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800),
        (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""Letters, marks and signs that show nothing: Unicode's Default_Ignorable_Code_Point outside the
format characters (DerivedCoreProperties, 16.0), and the empty pattern of Braille."""

_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))
"""Bidi_Class of letters and digits that turn a line's order (Unicode annex 9)."""

_PIECES: Final = re.compile(r"〔U\+[0-9A-F]{4,6}〕|.", re.DOTALL)

_IDEOGRAPHIC_PLANES: Final = range(0x20000, 0x40000)
"""Where ideographs are added every other year; what this Python does not know may be a name."""


def normalised(text: str) -> str:
    """A text as it is kept: composed (NFC), every kind of line end a newline, every kind of blank
    a common one but for the ideographic space, nothing of these around it.
    """
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(map(_plain_blank, lines)).strip()


def is_written(character: str) -> bool:
    """Whether a character shows what it is and nothing else; a line end does not."""
    code, category = ord(character), unicodedata.category(character)
    if code in _BLANK or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
        return False
    if category == "Zs":
        return character in (" ", _WIDE_SPACE)
    if category == "Cn":
        return code in _IDEOGRAPHIC_PLANES and code & 0xFFFE != 0xFFFE
    return category == "Co" or category[0] not in "CZ"


def is_visible(text: str) -> bool:
    """Whether anything in a text can be seen: a letter, digit or sign, not only blanks or marks."""
    return any(is_written(one) and _shows(unicodedata.category(one)) for one in text)


def text_fault(
    text: str, title: str, chars_max: int, field: str, *, required: bool = True, lines: bool = False
) -> Refusal | None:
    """What is wrong with a text (`FORMAT`); None where nothing is.

    The length is looked at before the characters, so the work is bounded by the form.

    Args:
        text: what was typed, as it is to be kept.
        title: what the field or note is called.
        chars_max: the longest, in characters.
        field: what the refusal names.
        required: an empty text is a fault.
        lines: it may have several lines.
    """
    if not text and not required:
        return None
    if len(text) > chars_max:
        return Refusal(Code.FORMAT, f"“{title}”不能超过{chars_max}个字。", field)
    if not all(is_written(one) or (lines and one == "\n") for one in text):
        return Refusal(Code.FORMAT, f"“{title}”含有无法显示的字符，请删去后重新填写。", field)
    if not is_visible(text):
        return Refusal(Code.FORMAT, f"请填写“{title}”。", field)
    if not unicodedata.is_normalized("NFC", text):
        return Refusal(Code.FORMAT, f"“{title}”的字符写法不规范，请重新填写。", field)
    return None


def spelt(text: str, shows: Callable[[str], bool]) -> str:
    """A text of which every character can be shown: `王〔U+E123〕`; blanks are common blanks.

    Args:
        text: whatever it holds.
        shows: whether what it is shown with has a picture of a character.
    """
    return "".join(
        one if is_written(one) and shows(one) else " " if one.isspace() else in_words(one)
        for one in text
    )


def legible(text: str) -> str:
    """A text for a page, whose typefaces nobody knows: what is in no standard is spelt, and behind
    ideographs that few typefaces have stands which they are.
    """
    return "".join(
        one + in_words(one) if ord(one) in _IDEOGRAPHIC_PLANES else spelt(one, _is_standard)
        for one in text
    )


def in_words(character: str) -> str:
    """A code point as people can look it up: `〔U+2A6D6〕`."""
    return f"〔U+{ord(character):04X}〕"


def pieces(text: str) -> list[str]:
    """A spelt text cut into what must not be torn at the end of a row."""
    return _PIECES.findall(text)


def _is_standard(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"


def _shows(category: str) -> bool:
    """Of a written character: all but blanks and marks; `Co` and `Cn` are rare ideographs."""
    return category[0] not in "MZ"


def _plain_blank(character: str) -> str:
    if character == "\t" or unicodedata.category(character) == "Zs":
        return character if character == _WIDE_SPACE else " "
    return character


__all__ = [
    "in_words",
    "is_visible",
    "is_written",
    "legible",
    "normalised",
    "pieces",
    "spelt",
    "text_fault",
]
