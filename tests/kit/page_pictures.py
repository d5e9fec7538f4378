"""Pictures that stand in for a camera's: drawn, so that nobody's face or card is in here."""

from __future__ import annotations

import functools
import hashlib
import io

from PIL import Image, ImageDraw

SIZE = (1280, 800)
_PAPER, _INK, _SOFT = (226, 233, 238), (44, 56, 66), (150, 166, 178)


@functools.cache
def picture(name: str) -> bytes:
    """A JPEG for one evidence slot: a card's front or back, or two people."""
    image = Image.new("RGB", SIZE, (92, 84, 74))
    draw = ImageDraw.Draw(image)
    for row in range(0, SIZE[1], 40):
        draw.line((0, row, SIZE[0], row + 60), fill=(86, 78, 68), width=8)
    if name == "face_to_face":
        _people(draw)
    else:
        _card(draw, front=name != "id_back")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


def digest_of(name: str) -> str:
    """The picture's digest, as the page names it."""
    return hashlib.blake2b(picture(name), digest_size=32).hexdigest()


def _card(draw: ImageDraw.ImageDraw, *, front: bool) -> None:
    draw.rounded_rectangle((160, 100, 1120, 700), 36, fill=_PAPER)
    if not front:
        draw.ellipse((220, 160, 380, 320), fill=(190, 70, 60))
        for at, width in ((190, 560), (260, 480), (560, 420), (620, 520)):
            draw.rounded_rectangle((440, at, 440 + width, at + 34), 8, fill=_INK)
        return
    for at, width in ((160, 220), (240, 320), (320, 380), (400, 460), (456, 320)):
        draw.rounded_rectangle((220, at, 300, at + 28), 8, fill=_SOFT)
        draw.rounded_rectangle((330, at, 330 + width, at + 28), 8, fill=_INK)
    draw.rounded_rectangle((220, 600, 1040, 640), 8, fill=_INK)
    draw.rectangle((820, 150, 1060, 470), fill=(244, 247, 249))
    _person(draw, 940, 470, 0.7)


def _people(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, *SIZE), fill=(188, 203, 190))
    draw.rectangle((0, 560, *SIZE), fill=(138, 116, 92))
    _person(draw, 430, 760, 1.5)
    _person(draw, 860, 760, 1.4)


def _person(draw: ImageDraw.ImageDraw, x: int, bottom: int, scale: float) -> None:
    head, body = int(70 * scale), int(110 * scale)
    top = bottom - body - int(2.2 * head)
    draw.ellipse((x - body, bottom - body, x + body, bottom + body // 4), fill=(64, 92, 110))
    draw.ellipse((x - head, top, x + head, top + int(2.4 * head)), fill=(214, 178, 150))
    draw.chord((x - head, top - 8, x + head, top + int(2.1 * head)), 180, 360, fill=(52, 46, 44))


__all__ = ["digest_of", "picture"]
