"""The signed slip on paper: an A5 page, two if it must be; the only door to reportlab.

The same slip, ink and seals give the same bytes, so that a printed slip can be compared with a
reprint years later. The type is embedded as a subset of the given font, the signature is drawn as
vectors from the very points that were signed. What is printed proves nothing by itself; the hash
and the fingerprints lead to the signed records that do.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]  # has no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # has no types

from backoffice.slips.slip import slip_hash
from wire.messages.case import Signature, Slip

FONT: Final = Path(__file__).parent.parent / "fonts" / "NotoSansSC_400Regular.ttf"
"""The typeface that comes along (OFL 1.1)."""

MM: Final = 72 / 25.4
"""One millimetre in points."""

A5: Final = (148 * MM, 210 * MM)
MARGIN: Final = 12 * MM
TITLE_WIDTH: Final = 34 * MM
LINE_STEP: Final = 4.6 * MM
INK_WIDTH: Final = 60 * MM
INK_HEIGHT: Final = 24 * MM
FOOT_HEIGHT: Final = 16 * MM
BODY_SIZE: Final = 8.5
SMALL_SIZE: Final = 6.5
HEAD_SIZE: Final = 14.0
VALUE_ROWS_MAX: Final = 4
"""The most rows that one value is wrapped into; the rest is on the signed slip, not on paper."""

FINGERPRINT_BYTES: Final = 10


class Seal(msgspec.Struct, frozen=True):
    """One digital signature, named by who made it."""

    title_zh: str
    signature: bytes

    @property
    def fingerprint(self) -> str:
        """80 bits of the signature's BLAKE2b, in groups of four."""
        digest = hashlib.blake2b(self.signature, digest_size=FINGERPRINT_BYTES).hexdigest()
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def render_slip(
    slip: Slip, ink: Signature | None, seals: Sequence[Seal], font: Path = FONT
) -> bytes:
    """The slip as PDF; about 4 ms after the font has been read once.

    Args:
        ink: the customer's strokes; None prints an empty box.
        seals: the device's and the office's signatures.
        font: a TrueType file with glyf outlines.
    """
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A5, invariant=1)
    face = _face(font)
    canvas.setTitle(f"{slip.title_zh} {slip.case_id}")
    top = _head(canvas, face, slip)
    top = _lines(canvas, face, slip, top) - 4 * MM
    _signature(canvas, face, ink, _room(canvas, top, INK_HEIGHT + 4 * MM))
    _foot(canvas, face, slip, seals)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


@lru_cache(maxsize=4)
def _face(font: Path) -> str:
    """Read a font once; its name in the documents."""
    name = f"slip-{font.stem}"
    pdfmetrics.registerFont(ttfonts.TTFont(name, str(font)))
    return name


def _head(canvas: Canvas, face: str, slip: Slip) -> float:
    width, height = A5
    top = height - MARGIN - HEAD_SIZE
    canvas.setFont(face, HEAD_SIZE)
    canvas.drawCentredString(width / 2, top, slip.title_zh)
    canvas.setFont(face, SMALL_SIZE)
    canvas.drawCentredString(width / 2, top - 4 * MM, slip.title_en)
    return top - 8 * MM


def _lines(canvas: Canvas, face: str, slip: Slip, top: float) -> float:
    """Title left, value right, a hair line below each."""
    width = A5[0]
    canvas.setLineWidth(0.25)
    for line in slip.lines:
        rows = _wrapped(canvas, face, line.value, width - 2 * MARGIN - TITLE_WIDTH)
        top = _room(canvas, top, len(rows) * LINE_STEP)
        canvas.setFont(face, BODY_SIZE)
        canvas.drawString(MARGIN, top - LINE_STEP + 1.4 * MM, line.title_zh)
        for row in rows:
            top -= LINE_STEP
            canvas.drawString(MARGIN + TITLE_WIDTH, top + 1.4 * MM, row)
        canvas.line(MARGIN, top, width - MARGIN, top)
    return top


def _room(canvas: Canvas, top: float, height: float) -> float:
    """Where to go on: here if there is room above the foot, else at the top of a new page."""
    if top - height >= MARGIN + FOOT_HEIGHT:
        return top
    canvas.showPage()
    canvas.setLineWidth(0.25)
    return A5[1] - MARGIN


def _wrapped(canvas: Canvas, face: str, text: str, width: float) -> list[str]:
    """Chinese breaks between any two characters."""
    rows = [""]
    for character in text.replace("\n", " "):
        if rows[-1] and canvas.stringWidth(rows[-1] + character, face, BODY_SIZE) > width:
            rows.append("")
        rows[-1] += character
    if len(rows) > VALUE_ROWS_MAX:
        rows = rows[:VALUE_ROWS_MAX]
        rows[-1] = rows[-1][:-1] + "…"
    return rows


def _signature(canvas: Canvas, face: str, ink: Signature | None, top: float) -> None:
    canvas.setFont(face, BODY_SIZE)
    canvas.drawString(MARGIN, top - BODY_SIZE, "客户签名")
    left, bottom = MARGIN + TITLE_WIDTH, top - INK_HEIGHT
    canvas.setLineWidth(0.25)
    canvas.rect(left, bottom, INK_WIDTH, INK_HEIGHT)
    if ink is None:
        return
    scale = min(INK_WIDTH / ink.width, INK_HEIGHT / ink.height)
    canvas.setLineWidth(0.8)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    for stroke in ink.strokes:
        path = canvas.beginPath()
        for index, point in enumerate(stroke):
            # The pad's origin is at its top left, the page's at its bottom left.
            place = (left + point.x * scale, bottom + INK_HEIGHT - point.y * scale)
            (path.lineTo if index else path.moveTo)(*place)
        canvas.drawPath(path)


def _foot(canvas: Canvas, face: str, slip: Slip, seals: Sequence[Seal]) -> None:
    digest = slip_hash(slip).hex()
    rows = [f"确认单摘要 {digest[:32]}", f"BLAKE2b-256 {digest[32:]}"]
    rows += [f"{seal.title_zh} {seal.fingerprint}" for seal in seals]
    canvas.setFont(face, SMALL_SIZE)
    bottom = MARGIN
    for row in reversed(rows):
        canvas.drawString(MARGIN, bottom, row)
        bottom += 3.4 * MM


__all__ = ["FONT", "Seal", "render_slip"]
