"""ESC/POS for the receipt printer: a dozen commands, Chinese text in GB 18030, status bytes.

Deliberately not here: layout of a receipt, pacing, and what to do about missing paper. Invariants:
text can hold no control character, so nothing a customer is called can command the printer; and no
character that printers have no picture of, four bytes in GB 18030 or private, goes out as noise.

Source: Epson "ESC/POS Command Reference" (DLE EOT n, ESC @, ESC a, ESC E, GS !, ESC d, GS V, ...);
`FS &` switches the printer to two-byte characters.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum, IntFlag

from hw.framing.decoder import NO_FRAME, Decoder
from wire.text import pieces, spelt

GLYPH_BYTES_MAX = 2
"""Printers have the pictures of GBK, which are the codes of GB 18030 with so many bytes."""

COLUMNS = 32
"""Half-width characters of one line on 58-mm paper; a Chinese character takes two."""

INITIALISE = b"\x1b@"
CHINESE_ON = b"\x1c&"
CHINESE_OFF = b"\x1c."
LINE_SPACING_DEFAULT = b"\x1b2"
CUT = b"\x1dV\x01"
NEW_LINE = b"\n"


class Align(IntEnum):
    """Where a line stands."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


class Query(IntEnum):
    """What `DLE EOT n` asks."""

    PRINTER = 1
    OFFLINE_CAUSE = 2
    ERROR_CAUSE = 3
    PAPER = 4


class OfflineCause(IntFlag):
    """Bits of the answer to `OFFLINE_CAUSE`."""

    COVER_OPEN = 0x04
    PAPER_END_STOP = 0x20
    ERROR = 0x40


class ErrorCause(IntFlag):
    """Bits of the answer to `ERROR_CAUSE`."""

    CUTTER = 0x08
    UNRECOVERABLE = 0x20
    OVERHEAT = 0x40


class Paper(IntFlag):
    """Bits of the answer to `PAPER`."""

    NEAR_END = 0x0C
    END = 0x60


STATUS_FIXED = 0x12
"""Bits 1 and 4 are set in every status byte, bits 0 and 7 are not."""

_STATUS_MASK = 0x93


def query(n: Query) -> bytes:
    """`DLE EOT n`, answered at once by one byte, even while printing."""
    return bytes([0x10, 0x04, n])


def align(where: Align) -> bytes:
    """`ESC a n`."""
    return bytes([0x1B, 0x61, where])


def bold(on: bool) -> bytes:
    """`ESC E n`."""
    return bytes([0x1B, 0x45, on])


def size(width: int, height: int) -> bytes:
    """`GS ! n`: each 1-8 times."""
    assert {width, height} <= set(range(1, 9)), "eight sizes"
    return bytes([0x1D, 0x21, (width - 1) << 4 | height - 1])


def line_spacing(dots: int) -> bytes:
    """`ESC 3 n`: 0-255 dots."""
    return bytes([0x1B, 0x33, dots])


def feed(lines: int) -> bytes:
    """`ESC d n`: print and feed 0-255 lines."""
    return bytes([0x1B, 0x64, lines])


def printable(line: str) -> str:
    """A line as printers can show it: the common yuan sign is the wide one (A3A4), and what they
    have no picture of is written as its code point.
    """
    return spelt(line.replace("\u00a5", "\uffe5"), _has_picture)


def text(line: str) -> bytes:
    """One line's characters in GB 18030, each of one or two bytes."""
    return printable(line).encode("gb18030")


def _has_picture(character: str) -> bool:
    private = unicodedata.category(character) == "Co"
    return not private and len(character.encode("gb18030")) <= GLYPH_BYTES_MAX


def cells(line: str) -> int:
    """How many half-width columns a printable line takes."""
    return sum(1 if ord(c) < 0x80 else 2 for c in line)


def wrapped(line: str, columns: int = COLUMNS) -> list[str]:
    """A printable line cut to the paper's width; an empty one stays one empty line."""
    rows, row, used = [], "", 0
    for piece in pieces(line):
        width = cells(piece)
        if used + width > columns:
            rows.append(row)
            row, used = "", 0
        row, used = row + piece, used + width
    return [*rows, row]


class EscposReceipt:
    """One receipt as printable steps: the prologue, a step for every row, the end with its cut.

    Attributes:
        steps: bytes to send in this order; between any two the printer may be asked how it is.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        rows = [row for line in lines for row in wrapped(printable(line))]
        head = INITIALISE + CHINESE_ON + LINE_SPACING_DEFAULT + align(Align.LEFT)
        body = [text(row) + NEW_LINE for row in rows]
        self.steps: tuple[bytes, ...] = (head, *body, CHINESE_OFF + feed(3) + CUT)


class _StatusFormat:
    preamble = b""

    def length(self, buffer: bytearray) -> int | None:
        return 1 if buffer[0] & _STATUS_MASK == STATUS_FIXED else NO_FRAME

    def parse(self, frame: bytes) -> int | None:
        return frame[0]


def status_decoder() -> Decoder[int]:
    """A decoder of status bytes; other bytes are noise."""
    return Decoder(_StatusFormat())


__all__ = [
    "CHINESE_OFF",
    "CHINESE_ON",
    "COLUMNS",
    "CUT",
    "INITIALISE",
    "LINE_SPACING_DEFAULT",
    "NEW_LINE",
    "STATUS_FIXED",
    "Align",
    "ErrorCause",
    "EscposReceipt",
    "OfflineCause",
    "Paper",
    "Query",
    "align",
    "bold",
    "cells",
    "feed",
    "line_spacing",
    "printable",
    "query",
    "size",
    "status_decoder",
    "text",
    "wrapped",
]
