"""Photos brought to the image desk as a terminal brings them, chunk by chunk."""

from __future__ import annotations

import random
from copy import copy

from actors.blobs.memory import MemoryBlobs
from actors.store import event_digest
from actors.store.memory import MemoryStore
from backoffice.images import JPEG, ImageDesk
from backoffice.uploads import Bringer
from tests.kit import submissions as make
from tests.kit.disk import FaultyDisk
from tests.kit.outside import VirtualWall
from wire.checks import LIMITS
from wire.form import FieldKind
from wire.message import Code, Refusal
from wire.messages.images import (
    CHUNK_BYTES,
    ChunkKept,
    ImageChunk,
    ImageOffer,
    ImagesWanted,
    OfferImages,
    PutChunk,
)

PHOTO = JPEG + random.Random(1).randbytes(3 * CHUNK_BYTES + 97)
DIGEST = event_digest(PHOTO)


CASE_ID = make.case_id("images")
MINE = Bringer("530102", "T-0001", CASE_ID)
PHOTO_KIND, RECORDING_KIND = FieldKind.PHOTO, FieldKind.RECORDING


class Desk:
    """The image desk as one terminal knows it.

    Attributes:
        bringer: which terminal, and for which of its cases.
        disk: what is kept.
    """

    def __init__(self, disk: FaultyDisk | None = None, bringer: Bringer = MINE) -> None:
        self.disk = disk or FaultyDisk()
        self.store = MemoryStore(self.disk)
        self.blobs = MemoryBlobs(self.disk.blobs, VirtualWall())
        self._images = ImageDesk(self.store, self.blobs, VirtualWall())
        self.bringer = bringer

    def seen_by(self, bringer: Bringer) -> Desk:
        """The same desk as somebody else knows it."""
        other = copy(self)
        other.bringer = bringer
        return other

    async def offer(self, request: OfferImages) -> ImagesWanted | Refusal:
        """Announce."""
        return await self._images.offer(self.bringer, request.images, LIMITS)

    async def put(self, request: PutChunk) -> ChunkKept | Refusal:
        """Bring."""
        return await self._images.put(self.bringer, request)

    async def get(self, digest: bytes, offset: int) -> ImageChunk | Refusal:
        """Look."""
        return await self._images.get(digest, offset)


def desk(disk: FaultyDisk | None = None) -> Desk:
    return Desk(disk)


def offer(
    photo: bytes = PHOTO, size: int | None = None, kind: FieldKind = PHOTO_KIND
) -> OfferImages:
    claimed = len(photo) if size is None else size
    return OfferImages(CASE_ID, (ImageOffer(event_digest(photo), claimed, "id_front", kind),))


def chunk(offset: int, photo: bytes = PHOTO, size: int = CHUNK_BYTES) -> PutChunk:
    return PutChunk(CASE_ID, event_digest(photo), offset, photo[offset : offset + size])


async def have(office: Desk, request: OfferImages | None = None) -> int:
    answer = await office.offer(request or offer())
    assert isinstance(answer, ImagesWanted), answer
    return answer.have[0]


async def put(office: Desk, request: PutChunk) -> int:
    answer = await office.put(request)
    assert isinstance(answer, ChunkKept), answer
    return answer.have


async def bring(office: Desk, photo: bytes = PHOTO) -> None:
    """The whole of it."""
    at = await have(office, offer(photo))
    while at < len(photo):
        at = await put(office, chunk(at, photo))


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def picture(number: int, size: int = 100) -> bytes:
    return JPEG + number.to_bytes(4, "big") + bytes(size - 7)


OTHER = Bringer("530102", "T-0002", make.case_id("theirs"))
