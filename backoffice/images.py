"""Photos and recordings on their way in: gathered until the hash proves the whole, then kept.

What has not been completed lives in memory only, because the terminal still has it: after a crash
of the office an upload starts again. What has been acknowledged as whole is in the store, with a
receipt: this device brought it for this case. The same bytes of another device or case are not
there for anybody who asks, so nobody learns what others hold, nor hands in what they only know the
hash of. What the bytes are is judged at the submission that names them, not here.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

import msgspec

from actors.ports import WallClock
from actors.store import Batch, Claim, ClaimConflict, Document, Store
from wire.checks import Limits
from wire.codec import decode, encode
from wire.form import FieldKind
from wire.message import Code, Refusal
from wire.messages.images import (
    CHUNK_BYTES,
    IMAGES_MAX,
    THUMBNAIL_BYTES_MAX,
    ChunkKept,
    ImageChunk,
    ImageOffer,
    ImagesWanted,
    PutChunk,
)

GATHERED_BYTES_MAX: Final = 256 * 1024 * 1024
"""The most bytes being gathered at once; beyond, as with `UPLOADS_MAX`."""

UPLOADS_MAX: Final = 2_000
"""The most photos being gathered at once; beyond, the one longest untouched starts again."""

DIGEST_BYTES: Final = 32

CASE_SCOPE: Final = "case-device"
"""The claims by which a case belongs to the device that brought its first image."""

_NOT_YOURS: Final = Refusal(Code.FORBIDDEN, "该业务属于其他终端，不能上传影像。", "case_id")


class Bringer(msgspec.Struct, frozen=True):
    """Who brings an image, and for which case."""

    union: str
    device: str
    case_id: str

    @property
    def collection(self) -> str:
        """Where the receipts are, by digest in hex."""
        return f"brought/{self.union}/{self.device}/{self.case_id}"

    @property
    def claim(self) -> Claim:
        """The case is this device's."""
        return Claim(CASE_SCOPE, f"{self.union}/{self.case_id}", self.device)


class Receipt(msgspec.Struct, frozen=True):
    """What was brought as a whole: its size in bytes, and the kind it may be handed in as."""

    size: int
    kind: FieldKind


async def receipt_of(store: Store, bringer: Bringer, digest: bytes) -> Receipt | None:
    """What this device brought for this case under a digest, or None."""
    body = await store.document(bringer.collection, digest.hex())
    return decode(Receipt, body) if body is not None else None


def bytes_max(kind: FieldKind, limits: Limits) -> int:
    """How large an upload of this kind may be; 0 where the kind has no bytes."""
    return {
        FieldKind.PHOTO: limits.photo_bytes_max,
        FieldKind.RECORDING: limits.recording_bytes_max,
    }.get(kind, 0)


class _Upload:
    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        self.body = bytearray()


class ImageDesk:
    """Takes photos in and gives them out, in chunks."""

    def __init__(self, store: Store, wall: WallClock) -> None:
        self._store = store
        self._wall = wall
        self._uploads: OrderedDict[tuple[Bringer, bytes], _Upload] = OrderedDict()
        self._gathered = 0

    async def offer(
        self, bringer: Bringer, images: tuple[ImageOffer, ...], limits: Limits
    ) -> ImagesWanted | Refusal:
        """How much of each offered photo this device has brought for this case already.

        Codes: `FORMAT` (a kind without bytes), `LIMIT`, `IMAGE_QUALITY`, `FORBIDDEN`.
        """
        if len(images) > IMAGES_MAX:
            return Refusal(Code.LIMIT, f"一笔业务最多{IMAGES_MAX}份影像")
        wrong = next((one for one in (_unfit(image, limits) for image in images) if one), None)
        if wrong is not None:
            return wrong
        owner = await self._store.owner(CASE_SCOPE, bringer.claim.key)
        if owner not in (None, bringer.device):
            return _NOT_YOURS
        return ImagesWanted(tuple([await self._have(bringer, one) for one in images]))

    async def put(self, bringer: Bringer, request: PutChunk) -> ChunkKept | Refusal:
        """Take a chunk; the photo is in the store before the last one is acknowledged."""
        upload = self._uploads.get((bringer, request.digest))
        if upload is None:
            brought = await self._brought(bringer, request.digest)
            if brought is not None:
                return ChunkKept(brought.size)
            return Refusal(Code.NOT_FOUND, "照片需要重新上传", retryable=True)
        self._uploads.move_to_end((bringer, request.digest))
        if not 0 < len(request.data) <= CHUNK_BYTES:
            return Refusal(Code.FORMAT, "照片分块大小不合格")
        if request.offset < 0:
            return Refusal(Code.FORMAT, "照片分块位置不合格")
        if request.offset > len(upload.body):
            return ChunkKept(len(upload.body))
        fresh = request.data[len(upload.body) - request.offset :]
        if len(upload.body) + len(fresh) > upload.receipt.size:
            self._drop(bringer, request.digest)
            return Refusal(Code.CHECKSUM, "照片与登记的大小不符，请重新上传", retryable=True)
        upload.body += fresh
        self._gathered += len(fresh)
        self._bound()
        if len(upload.body) < upload.receipt.size:
            return ChunkKept(len(upload.body))
        return await self._keep(bringer, request.digest, upload)

    async def get(self, digest: bytes, offset: int) -> ImageChunk | Refusal:
        """A chunk of a stored photo; whether the asker may see it is decided before."""
        body = await self._store.blob(digest)
        if body is None or not 0 <= offset < len(body):
            return Refusal(Code.NOT_FOUND, "没有这张照片")
        return ImageChunk(body[offset : offset + CHUNK_BYTES], len(body))

    async def _have(self, bringer: Bringer, image: ImageOffer) -> int:
        """How many bytes are here; an upload begins where there are none."""
        offered = Receipt(image.size, image.kind)
        brought = await self._brought(bringer, image.digest)
        if brought is not None and brought.kind is image.kind:
            return brought.size
        upload = self._uploads.get((bringer, image.digest))
        if upload is None or upload.receipt != offered:
            self._drop(bringer, image.digest)
            upload = self._uploads[bringer, image.digest] = _Upload(offered)
            self._bound()
        return len(upload.body)

    async def _brought(self, bringer: Bringer, digest: bytes) -> Receipt | None:
        return await receipt_of(self._store, bringer, digest)

    async def _keep(self, bringer: Bringer, digest: bytes, upload: _Upload) -> ChunkKept | Refusal:
        """The whole, if it is what its digest says: first the bytes, then their receipt."""
        body = bytes(upload.body)
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
            self._drop(bringer, digest)
            return Refusal(Code.CHECKSUM, "照片校验失败，请重新上传", retryable=True)
        await self._store.put_blob(digest, body)
        document = Document(bringer.collection, digest.hex(), encode(upload.receipt))
        now_ms = self._wall.now_ms()
        batch = Batch(bringer.device, now_ms, claims=(bringer.claim,), documents=(document,))
        try:
            await self._store.commit(batch)
        except ClaimConflict:
            self._drop(bringer, digest)
            return _NOT_YOURS
        self._drop(bringer, digest)
        return ChunkKept(len(body))

    def _drop(self, bringer: Bringer, digest: bytes) -> None:
        upload = self._uploads.pop((bringer, digest), None)
        self._gathered -= len(upload.body) if upload is not None else 0

    def _bound(self) -> None:
        """Let go of those longest untouched; the one just touched is the last and stays."""
        while len(self._uploads) > UPLOADS_MAX or (
            self._gathered > GATHERED_BYTES_MAX and len(self._uploads) > 1
        ):
            self._drop(*next(iter(self._uploads)))


def _unfit(image: ImageOffer, limits: Limits) -> Refusal | None:
    """Why one image is not wanted, whoever brings it."""
    most = bytes_max(image.kind, limits)
    if not most:
        return Refusal(Code.FORMAT, "只能上传照片或录音", image.field)
    if len(image.digest) != DIGEST_BYTES or image.size <= 0:
        return Refusal(Code.IMAGE_QUALITY, "影像大小或校验值不合格", image.field)
    if image.size > most:
        what = "录音" if image.kind is FieldKind.RECORDING else "照片"
        return Refusal(Code.IMAGE_QUALITY, f"{what}不能超过{most // 1024} KB", image.field)
    if len(image.thumbnail) > THUMBNAIL_BYTES_MAX:
        return Refusal(Code.IMAGE_QUALITY, "缩略图过大", image.field)
    return None


__all__ = [
    "CASE_SCOPE",
    "GATHERED_BYTES_MAX",
    "UPLOADS_MAX",
    "Bringer",
    "ImageDesk",
    "Receipt",
    "bytes_max",
    "receipt_of",
]
