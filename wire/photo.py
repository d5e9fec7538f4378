"""The one door to pictures: measuring, normalising and shrinking JPEG, nothing else.

Photos come from cameras and from strangers, so every one is opened as JPEG only, its pixel count is
bounded before a pixel is decoded, and whatever the library raises leaves as a `PhotoError`.
Metadata is cut off before the library sees it, but for the orientation; so nothing that goes out
carries a place, a device or a hidden thumbnail. All functions are pure and slow (milliseconds);
callers run them beside the loop.
"""

from __future__ import annotations

import io
import math
import struct
from typing import Final

import msgspec
from PIL import Image, ImageFilter, ImageStat

from wire.errors import WireError
from wire.messages.images import THUMBNAIL_BYTES_MAX

PIXELS_MAX: Final = 50_000_000
"""The most pixels that are ever decoded; a 48-megapixel phone camera passes."""

JPEG_BYTES_MAX: Final = 32 * 1024 * 1024
"""The largest file that is opened."""

SIDE_MAX: Final = 2_048
SIDE_MIN: Final = 1_024
PHOTO_BYTES_MAX: Final = 400 * 1024
QUALITIES: Final = (65, 50, 35)
"""JPEG qualities tried in turn until a photo fits `PHOTO_BYTES_MAX`."""

THUMBNAIL_STEPS: Final = ((256, 60), (224, 45), (160, 40), (96, 30))
"""(long side, quality) tried in turn until a thumbnail fits `THUMBNAIL_BYTES_MAX`."""

_SHARPNESS_SIDE: Final = 1_024
_LAPLACIAN: Final = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
_LIBRARY_ERRORS: Final = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error,
    ZeroDivisionError, OverflowError, MemoryError,
)  # fmt: skip

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of each EXIF orientation upright (Exif 2.32 §4.6.4, tag 0x0112)."""

_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""TIFF types of whole numbers (TIFF 6.0 §2). The standard wants a SHORT; cameras write others."""

_KEPT_SEGMENTS: Final = frozenset(range(0xC0, 0xE0)) | {0xE0, 0xEE}
"""Markers that decoding needs: frames, tables, JFIF, Adobe's colour transform (T.81 table B.1)."""

_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""

# The library's own guard warns before it refuses; this module refuses at its own bound instead.
Image.MAX_IMAGE_PIXELS = None


class PhotoError(WireError):
    """A picture that cannot be used."""


class NotAPhoto(PhotoError):
    """The bytes are no readable JPEG."""


class PhotoTooLarge(PhotoError):
    """More bytes or pixels than are ever decoded, or no quality makes it small enough."""


class PhotoTooSmall(PhotoError):
    """The long side is below `SIDE_MIN`: no detail to judge."""


class PhotoFacts(msgspec.Struct, frozen=True):
    """What is known of a photo without looking at it.

    Attributes:
        width: pixels.
        height: pixels.
        size: bytes.
        sharpness: variance of the Laplacian at a long side of 1,024 pixels; about 700 for a sharp
            photo of a document, below 100 for a blurred one.
    """

    width: int
    height: int
    size: int
    sharpness: int


def measure(jpeg: bytes) -> PhotoFacts:
    """The facts of a photo.

    Raises:
        NotAPhoto: no readable JPEG.
        PhotoTooLarge: beyond what is ever decoded.
    """
    image, _ = _open(jpeg)
    width, height = image.size
    # The brightness of a JPEG lies apart from its colours, which need not be decoded at all.
    image.draft("L", image.size)
    grey = _loaded(image, "L")
    grey.thumbnail((_SHARPNESS_SIDE, _SHARPNESS_SIDE), Image.Resampling.BOX)
    edges = grey.filter(_LAPLACIAN)
    # The filter copies a border of one pixel unfiltered; it says nothing about sharpness.
    inner = edges.crop((1, 1, max(edges.width - 1, 2), max(edges.height - 1, 2)))
    return PhotoFacts(width, height, len(jpeg), round(ImageStat.Stat(inner).var[0]))


def normalise(jpeg: bytes) -> bytes:
    """The photo upright, long side at most `SIDE_MAX`, bare, at most `PHOTO_BYTES_MAX`.

    Raises:
        NotAPhoto: no readable JPEG.
        PhotoTooSmall: its long side is below `SIDE_MIN`.
        PhotoTooLarge: beyond what is ever decoded, or it will not fit.
    """
    image = _upright(*_open(jpeg))
    if max(image.size) < SIDE_MIN:
        raise PhotoTooSmall(f"long side {max(image.size)} px")
    image.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    for quality in QUALITIES:
        encoded = _encoded(image, quality)
        if len(encoded) <= PHOTO_BYTES_MAX:
            return encoded
    raise PhotoTooLarge("does not fit at the lowest quality")


def thumbnail(jpeg: bytes) -> bytes:
    """A small upright preview, at most `THUMBNAIL_BYTES_MAX`.

    Raises:
        NotAPhoto: no readable JPEG.
        PhotoTooLarge: beyond what is ever decoded.
    """
    image, orientation = _open(jpeg)
    # A decoder halves for nothing as long as both sides stay at least twice what is wanted.
    share = 2 * THUMBNAIL_STEPS[0][0] / max(image.size)
    image.draft("RGB", (math.ceil(image.width * share), math.ceil(image.height * share)))
    image = _upright(image, orientation)
    for side, quality in THUMBNAIL_STEPS:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        encoded = _encoded(image, quality)
        if len(encoded) <= THUMBNAIL_BYTES_MAX:
            return encoded
    raise PhotoTooLarge("no thumbnail fits")


def _open(jpeg: bytes) -> tuple[Image.Image, int]:
    """The picture, not decoded yet, and its orientation."""
    if len(jpeg) > JPEG_BYTES_MAX:
        raise PhotoTooLarge(f"{len(jpeg)} bytes")
    bare, orientation = _without_metadata(jpeg)
    try:
        image = Image.open(io.BytesIO(bare), formats=("JPEG",))
    except _LIBRARY_ERRORS:
        raise NotAPhoto("no JPEG header") from None
    if image.width * image.height > PIXELS_MAX:
        raise PhotoTooLarge(f"{image.width} × {image.height} px")
    return image, orientation


def _without_metadata(jpeg: bytes) -> tuple[bytes, int]:
    """The file up to its scan without what decoding does not need, and the orientation in it."""
    if jpeg[:2] != b"\xff\xd8":
        raise NotAPhoto("no JPEG header")
    kept, orientation, at = [jpeg[:2]], 1, 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF or marker in _BARE_MARKERS:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            return b"".join([*kept, jpeg[at:]]), orientation
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker in _KEPT_SEGMENTS:
            kept.append(jpeg[at:end])
        elif marker == 0xE1 and orientation == 1 and jpeg[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _orientation(jpeg[at + 10 : end])
        at = end
    raise NotAPhoto("no scan in it")


def _orientation(tiff: bytes) -> int:
    """The orientation in an Exif block; 1, upright, where it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
            if tag == 0x0112 and kind in _INTEGERS:
                # A value of at most four bytes stands in its entry, at the left.
                return int(struct.unpack_from(order + _INTEGERS[kind], tiff, entry + 8)[0])
    except struct.error:
        return 1
    return 1


def _loaded(image: Image.Image, mode: str) -> Image.Image:
    try:
        image.load()
        return image if image.mode == mode else image.convert(mode)
    except _LIBRARY_ERRORS:
        raise NotAPhoto("not decodable") from None


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    whole = _loaded(image, "RGB")
    turn = _TURNS.get(orientation)
    return whole if turn is None else whole.transpose(turn)


def _encoded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


__all__ = [
    "NotAPhoto",
    "PhotoError",
    "PhotoFacts",
    "PhotoTooLarge",
    "PhotoTooSmall",
    "measure",
    "normalise",
    "thumbnail",
]
