"""The signed slip on paper: an A5 page, two if it must be; the only door to reportlab.

The same proof gives the same bytes, so that a printed slip can be compared with a reprint years
later. The type is embedded as a subset of the given font, the signature is drawn as vectors from
the very points that were signed. The proof itself travels in the keywords (`slips.proof`), and the
square code leads from paper to it: case, hash, fingerprint of the office's signature. A character
that the font has no picture of is written as its code point: what was signed is on the paper.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from reportlab.graphics.barcode.qr import QrCodeWidget  # type: ignore[import-untyped]  # no types
from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]  # has no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # has no types

from backoffice.slips.proof import SlipProof, UnknownLayout, as_keywords
from backoffice.slips.slip import slip_hash
from wire.ink import Signature
from wire.messages.case import LegResult, Slip
from wire.text import pieces, spelt

LAYOUT: Final = 1
"""Which drawing this is; raised with every change that draws other bytes for the same proof."""

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
CODE_SIDE: Final = 20 * MM

DEVICE_SEAL: Final = "终端签名"
OFFICE_SEAL: Final = "后台签名"


def render_slip(proof: SlipProof, font: Path = FONT) -> bytes:
    """The slip as PDF.

    Args:
        font: a TrueType file with glyf outlines.

    Raises:
        UnknownLayout: the proof belongs to another drawing.
    """
    if proof.layout != LAYOUT:
        raise UnknownLayout(f"layout {proof.layout}")
    slip = proof.slip
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A5, invariant=1)
    face = face_of(font)
    canvas.setTitle(f"{slip.title_zh} {slip.case_id}")
    canvas.setKeywords(as_keywords(proof))
    top = _head(canvas, face, slip)
    top = _lines(canvas, face, [(line.title_zh, line.value) for line in slip.lines], top)
    if proof.results:
        top = _results(canvas, face, proof.results, top - 2 * MM)
    _signature(canvas, face, proof.ink, _room(canvas, top - 4 * MM, INK_HEIGHT + 4 * MM))
    _foot(canvas, face, proof)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def code_of(proof: SlipProof) -> str:
    """What the square code says: case, half of the hash, fingerprint of the office's signature."""
    seal = fingerprint(proof.office_signature).replace(" ", "")
    return f"backpack:slip:{proof.slip.case_id}:{slip_hash(proof.slip).hex()[:32]}:{seal}"


def fingerprint(signature: bytes) -> str:
    """80 bits of a signature's BLAKE2b, in groups of four."""
    digest = hashlib.blake2b(signature, digest_size=FINGERPRINT_BYTES).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


@lru_cache(maxsize=4)
def face_of(font: Path) -> str:
    """Read a font once; its name in the documents."""
    name = f"slip-{font.stem}"
    pdfmetrics.registerFont(ttfonts.TTFont(name, str(font)))
    return name


def drawn(face: str, text: str) -> str:
    """A text in characters that the font has."""
    glyphs = pdfmetrics.getFont(face).face.charToGlyph
    return spelt(text, lambda one: ord(one) in glyphs)


def _head(canvas: Canvas, face: str, slip: Slip) -> float:
    width, height = A5
    top = height - MARGIN - HEAD_SIZE
    canvas.setFont(face, HEAD_SIZE)
    canvas.drawCentredString(width / 2, top, drawn(face, slip.title_zh))
    canvas.setFont(face, SMALL_SIZE)
    canvas.drawCentredString(width / 2, top - 4 * MM, drawn(face, slip.title_en))
    return top - 8 * MM


def _lines(canvas: Canvas, face: str, lines: Iterable[tuple[str, str]], top: float) -> float:
    """Title left, value right, a hair line below each."""
    width = A5[0]
    canvas.setLineWidth(0.25)
    for title, value in lines:
        rows = _wrapped(canvas, face, value, width - 2 * MARGIN - TITLE_WIDTH)
        top = _room(canvas, top, len(rows) * LINE_STEP)
        canvas.setFont(face, BODY_SIZE)
        canvas.drawString(MARGIN, top - LINE_STEP + 1.4 * MM, drawn(face, title))
        for row in rows:
            top -= LINE_STEP
            canvas.drawString(MARGIN + TITLE_WIDTH, top + 1.4 * MM, row)
        canvas.line(MARGIN, top, width - MARGIN, top)
    return top


def _results(canvas: Canvas, face: str, results: tuple[LegResult, ...], top: float) -> float:
    """How each item ended, under a heading of its own: it was not yet known to who signed."""
    top = _room(canvas, top, LINE_STEP * 2)
    canvas.setFont(face, BODY_SIZE)
    canvas.drawString(MARGIN, top - LINE_STEP + 1.4 * MM, "各项办理结果")
    lines = ((one.title_zh, "办理成功" if one.ok else f"未办理：{one.message}") for one in results)
    return _lines(canvas, face, lines, top - LINE_STEP)


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
    for piece in pieces(drawn(face, text)):
        if rows[-1] and canvas.stringWidth(rows[-1] + piece, face, BODY_SIZE) > width:
            rows.append("")
        rows[-1] += piece
    if len(rows) > VALUE_ROWS_MAX:
        rows = rows[:VALUE_ROWS_MAX]
        rows[-1] = rows[-1][:-1] + "…"
    return rows


def _signature(canvas: Canvas, face: str, ink: Signature, top: float) -> None:
    canvas.setFont(face, BODY_SIZE)
    canvas.drawString(MARGIN, top - BODY_SIZE, "客户签名")
    left, bottom = MARGIN + TITLE_WIDTH, top - INK_HEIGHT
    canvas.setLineWidth(0.25)
    canvas.rect(left, bottom, INK_WIDTH, INK_HEIGHT)
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


def _foot(canvas: Canvas, face: str, proof: SlipProof) -> None:
    digest = slip_hash(proof.slip).hex()
    rows = [
        f"确认单摘要 {digest[:32]}",
        f"BLAKE2b-256 {digest[32:]}",
        f"{DEVICE_SEAL} {fingerprint(proof.device_signature)}",
        f"{OFFICE_SEAL} {fingerprint(proof.office_signature)}",
    ]
    canvas.setFont(face, SMALL_SIZE)
    bottom = MARGIN
    for row in reversed(rows):
        canvas.drawString(MARGIN, bottom, row)
        bottom += 3.4 * MM
    _square_code(canvas, code_of(proof), A5[0] - MARGIN - CODE_SIDE, MARGIN - 4 * MM)


def _square_code(canvas: Canvas, text: str, left: float, bottom: float) -> None:
    """A QR code (ISO/IEC 18004) as one path: each row's dark runs are its rectangles."""
    code = QrCodeWidget(text).qr
    code.make()
    side = CODE_SIDE / (code.getModuleCount() + 2)
    path = canvas.beginPath()
    for row, modules in enumerate(code.modules, start=2):
        column = 1
        for dark, run in groupby(modules, bool):
            width = len(list(run))
            if dark:
                place = (left + column * side, bottom + CODE_SIDE - row * side)
                path.rect(*place, width * side, side)
            column += width
    canvas.drawPath(path, stroke=0, fill=1)


__all__ = ["FONT", "LAYOUT", "code_of", "drawn", "face_of", "fingerprint", "render_slip"]
