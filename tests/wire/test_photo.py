"""The door to pictures: measuring, normalising and thumbnails, and what strangers may send."""

from __future__ import annotations

import io
import random
import struct
import zlib
from contextlib import suppress

import pytest
from PIL import Image, ImageDraw, ImageFilter

from wire.messages.images import THUMBNAIL_BYTES_MAX
from wire.photo import (
    PHOTO_BYTES_MAX,
    SIDE_MAX,
    NotAPhoto,
    PhotoError,
    PhotoTooLarge,
    PhotoTooSmall,
    measure,
    normalise,
    thumbnail,
)

SHARPNESS_MIN = 100


def document(width: int = 1600, height: int = 1200, seed: int = 0) -> Image.Image:
    """Something like a card on a table: lines and blocks."""
    dice = random.Random(seed)
    image = Image.new("RGB", (width, height), (180, 170, 150))
    draw = ImageDraw.Draw(image)
    for _ in range(400):
        x, y = dice.randrange(width), dice.randrange(height)
        shade = dice.randrange(60)
        draw.rectangle((x, y, x + 40, y + 6), fill=(shade, shade, shade))
    return image


def jpeg(image: Image.Image, quality: int = 85, exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=exif or Image.Exif())
    return out.getvalue()


def test_a_sharp_photo_is_told_from_a_blurred_one() -> None:
    """The floor lies between the two."""
    sharp = measure(jpeg(document()))
    blurred = measure(jpeg(document().filter(ImageFilter.GaussianBlur(6))))

    assert (1600, 1200) == (sharp.width, sharp.height)
    assert sharp.sharpness > 2 * SHARPNESS_MIN
    assert blurred.sharpness < SHARPNESS_MIN


def test_a_large_photo_is_brought_down_and_loses_its_exif() -> None:
    """Where and with which device it was taken is nobody's business."""
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif[0x8825] = {1: "N", 2: (25.0, 2.0, 1.0)}

    small = normalise(jpeg(document(4000, 3000), 95, exif))

    opened = Image.open(io.BytesIO(small))
    assert SIDE_MAX == max(opened.size)
    assert len(small) <= PHOTO_BYTES_MAX
    assert {} == dict(opened.getexif())
    assert b"maker" not in small
    assert "exif" not in opened.info


def test_a_photo_taken_sideways_stands_upright() -> None:
    """Orientation 6: the camera was turned a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6

    upright = Image.open(io.BytesIO(normalise(jpeg(document(1600, 1200), 85, exif))))

    assert (1200, 1600) == upright.size


def oriented(order: str, kind: int, layout: str, value: int) -> bytes:
    """A sideways document whose Exif says so in a whole number of this TIFF type."""
    entry = struct.pack(f"{order}HHI", 0x0112, kind, 1)
    entry += struct.pack(order + layout, value).ljust(4, b"\0")
    mark = b"II" if order == "<" else b"MM"
    tiff = mark + struct.pack(f"{order}HIH", 42, 8, 1) + entry + bytes(4)
    block = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    plain = jpeg(document(1600, 1200))
    return plain[:2] + segment + plain[2:]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("kind", "layout"), [(1, "B"), (3, "H"), (4, "I"), (6, "b"), (8, "h"), (9, "i")]
)
def test_an_orientation_may_be_any_whole_number(order: str, kind: int, layout: str) -> None:
    """Cameras write LONG where the standard says SHORT; the picture stands upright all the same."""
    upright = Image.open(io.BytesIO(normalise(oriented(order, kind, layout, 6))))

    assert (1200, 1600) == upright.size


@pytest.mark.parametrize("kind", [0, 2, 5, 7, 10, 12, 200])
def test_an_orientation_that_is_no_whole_number_is_none(kind: int) -> None:
    """Text, fractions and unknown types say nothing; the picture is kept as it is."""
    kept = Image.open(io.BytesIO(normalise(oriented("<", kind, "I", 6))))

    assert (1600, 1200) == kept.size


def test_a_photo_full_of_noise_still_fits() -> None:
    """Quality gives way before the bound does, or it is a typed no."""
    noise = Image.frombytes("RGB", (1400, 1100), random.Random(1).randbytes(1400 * 1100 * 3))

    with suppress(PhotoTooLarge):
        assert len(normalise(jpeg(noise, 95))) <= PHOTO_BYTES_MAX


def test_a_small_photo_is_refused() -> None:
    """1,023 pixels do not show a hologram."""
    with pytest.raises(PhotoTooSmall):
        normalise(jpeg(document(1023, 700)))


def test_thumbnails_are_small_whatever_comes() -> None:
    """Even of noise."""
    noise = Image.frombytes("RGB", (1400, 1100), random.Random(1).randbytes(1400 * 1100 * 3))

    for picture in (document(), document(4000, 3000), noise, document(2, 2)):
        assert len(thumbnail(jpeg(picture, 95))) <= THUMBNAIL_BYTES_MAX


def test_the_same_bytes_give_the_same_bytes() -> None:
    """Digests are taken of what comes out."""
    source = jpeg(document())

    assert normalise(source) == normalise(source)
    assert normalise(normalise(source)) == normalise(normalise(source))


def bomb(width: int, height: int) -> bytes:
    """A tiny JPEG whose header claims many pixels."""
    small = bytearray(jpeg(Image.new("RGB", (8, 8))))
    at = small.index(b"\xff\xc0") + 5
    small[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(small)


def test_a_bomb_is_refused_before_a_pixel_is_decoded() -> None:
    """65,500 × 65,500 pixels in 600 bytes."""
    for door in (measure, normalise, thumbnail):
        with pytest.raises(PhotoTooLarge):
            door(bomb(65_500, 65_500))


def test_only_jpeg_is_opened() -> None:
    """Another format, a claim of one, nothing at all."""
    png = io.BytesIO()
    document(1100, 1100).save(png, "PNG")

    for strange in (png.getvalue(), b"", b"\xff\xd8\xff", b"GIF89a" + bytes(60)):
        with pytest.raises(NotAPhoto):
            measure(strange)


def test_broken_files_end_in_one_typed_error() -> None:
    """Cut and altered at 120 seeded places."""
    exif = Image.Exif()
    exif[0x0112] = 3
    whole = jpeg(document(1100, 900), 60, exif)
    dice = random.Random(7)
    for _ in range(120):
        broken = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 6)):
            if broken:
                broken[dice.randrange(min(len(broken), 700))] = dice.randrange(256)
        for door in (measure, thumbnail):
            with suppress(PhotoError):
                door(bytes(broken))


def test_broken_exif_does_not_lose_a_photo() -> None:
    """Its orientation is unreadable; the picture is not."""
    exif = Image.Exif()
    exif[0x0112] = 6
    source = bytearray(jpeg(document(1100, 900), 60, exif))
    at = source.index(b"Exif\0\0") + 6
    source[at : at + 20] = zlib.compress(b"broken")[:14] + bytes(6)

    assert normalise(bytes(source))
