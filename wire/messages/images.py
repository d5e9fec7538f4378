"""Photos travel as resumable 32-KiB chunks against a manifest of hashes; thumbnails go first.

Upload: `OfferImages` tells what will come and learns how much of each the office already has;
`PutChunk` carries the rest. Download (the desk): `GetChunk` until `total` bytes are there.
"""

from __future__ import annotations

import msgspec

from wire.form import FieldKind
from wire.ids import CaseId
from wire.message import Request

CHUNK_BYTES = 32 * 1024
"""The size of every chunk but the last."""

THUMBNAIL_BYTES_MAX = 8 * 1024
"""The largest thumbnail, in bytes."""

IMAGES_MAX = 16
"""The most images of one case."""


class ImageOffer(msgspec.Struct, frozen=True):
    """One image or recording to come.

    Attributes:
        digest: BLAKE2b-256.
        size: bytes; how many it may have goes by its kind.
        field: the form field it answers.
        kind: `PHOTO` or `RECORDING`; it can be handed in as nothing else.
        thumbnail: a small preview of a photo.
    """

    digest: bytes
    size: int
    field: str
    kind: FieldKind = FieldKind.PHOTO
    thumbnail: bytes = b""


class ImagesWanted(msgspec.Struct, frozen=True):
    """How many bytes of each offered image the office has, in the order of the offer."""

    have: tuple[int, ...]


class OfferImages(Request[ImagesWanted], frozen=True, tag="OfferImages"):
    """The manifest of one case's images; a case belongs to the device that brings its first one,
    and what a device has not brought for a case itself the office does not have.
    """

    case_id: CaseId
    images: tuple[ImageOffer, ...]


class ChunkKept(msgspec.Struct, frozen=True):
    """How many bytes of the image the office has now; equal to its size when it is stored."""

    have: int


class PutChunk(Request[ChunkKept], frozen=True, tag="PutChunk"):
    """Bytes of an image offered for this case at `offset`; a chunk seen before changes nothing."""

    case_id: CaseId
    digest: bytes
    offset: int
    data: bytes

    def __repr__(self) -> str:
        return f"PutChunk({self.digest.hex()[:8]}, {self.offset}, {len(self.data)} bytes)"


class ImageChunk(msgspec.Struct, frozen=True):
    """Bytes of an image at the offset asked for; `total` is its size."""

    data: bytes
    total: int

    def __repr__(self) -> str:
        return f"ImageChunk({len(self.data)} of {self.total} bytes)"


class GetChunk(Request[ImageChunk], frozen=True, tag="GetChunk"):
    """Ask for up to `CHUNK_BYTES` of an image of a case that the asker has claimed or submitted."""

    case_id: CaseId
    digest: bytes
    offset: int


__all__ = [
    "CHUNK_BYTES",
    "IMAGES_MAX",
    "THUMBNAIL_BYTES_MAX",
    "ChunkKept",
    "GetChunk",
    "ImageChunk",
    "ImageOffer",
    "ImagesWanted",
    "OfferImages",
    "PutChunk",
]
