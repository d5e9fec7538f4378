"""Photos and recordings on their way in: gathered until the hash proves the whole, then kept.

What has not been completed lives in memory only, because the terminal still has it: after a crash
of the office an upload starts again. What has been acknowledged as whole is in the store. A digest
names the bytes, so chunks of the same photo may come from any number of attempts. What the bytes
are is judged at the submission that names them, not here.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from actors.store import Store
from wire.message import Code, Refusal
from wire.messages.images import (
    CHUNK_BYTES,
    IMAGES_MAX,
    THUMBNAIL_BYTES_MAX,
    ChunkKept,
    ImageChunk,
    ImagesWanted,
    OfferImages,
    PutChunk,
)
from wire.photo import PHOTO_BYTES_MAX
from wire.sound import RECORDING_BYTES_MAX

BLOB_BYTES_MAX: Final = max(PHOTO_BYTES_MAX, RECORDING_BYTES_MAX)
"""The largest upload, in bytes; how large a photo may be is the submission's business."""

GATHERED_BYTES_MAX: Final = 256 * 1024 * 1024
"""The most bytes being gathered at once; beyond, as with `UPLOADS_MAX`."""

UPLOADS_MAX: Final = 2_000
"""The most photos being gathered at once; beyond, the one longest untouched starts again."""

DIGEST_BYTES: Final = 32


class _Upload:
    def __init__(self, size: int) -> None:
        self.size = size
        self.body = bytearray()


class ImageDesk:
    """Takes photos in and gives them out, in chunks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads: OrderedDict[bytes, _Upload] = OrderedDict()
        self._gathered = 0

    async def offer(self, request: OfferImages) -> ImagesWanted | Refusal:
        """How much of each offered photo is here already."""
        if len(request.images) > IMAGES_MAX:
            return Refusal(Code.LIMIT, f"一笔业务最多{IMAGES_MAX}份影像")
        have = []
        for image in request.images:
            if len(image.digest) != DIGEST_BYTES or not 0 < image.size <= BLOB_BYTES_MAX:
                return Refusal(Code.IMAGE_QUALITY, "影像大小或校验值不合格", image.field)
            if len(image.thumbnail) > THUMBNAIL_BYTES_MAX:
                return Refusal(Code.IMAGE_QUALITY, "缩略图过大", image.field)
            if await self._store.blob(image.digest) is not None:
                have.append(image.size)
                continue
            upload = self._uploads.get(image.digest)
            if upload is None or upload.size != image.size:
                upload = self._begin(image.digest, image.size)
            have.append(len(upload.body))
        return ImagesWanted(tuple(have))

    async def put(self, request: PutChunk) -> ChunkKept | Refusal:
        """Take a chunk; the photo is in the store before the last one is acknowledged."""
        upload = self._uploads.get(request.digest)
        if upload is None:
            stored = await self._store.blob(request.digest)
            if stored is not None:
                return ChunkKept(len(stored))
            return Refusal(Code.NOT_FOUND, "照片需要重新上传", retryable=True)
        self._uploads.move_to_end(request.digest)
        if not 0 < len(request.data) <= CHUNK_BYTES:
            return Refusal(Code.FORMAT, "照片分块大小不合格")
        if request.offset < 0:
            return Refusal(Code.FORMAT, "照片分块位置不合格")
        if request.offset > len(upload.body):
            return ChunkKept(len(upload.body))
        fresh = request.data[len(upload.body) - request.offset :]
        if len(upload.body) + len(fresh) > upload.size:
            self._drop(request.digest)
            return Refusal(Code.CHECKSUM, "照片与登记的大小不符，请重新上传", retryable=True)
        upload.body += fresh
        self._gathered += len(fresh)
        self._bound()
        if len(upload.body) < upload.size:
            return ChunkKept(len(upload.body))
        body = bytes(upload.body)
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != request.digest:
            self._drop(request.digest)
            return Refusal(Code.CHECKSUM, "照片校验失败，请重新上传", retryable=True)
        await self._store.put_blob(request.digest, body)
        self._drop(request.digest)
        return ChunkKept(len(body))

    async def get(self, digest: bytes, offset: int) -> ImageChunk | Refusal:
        """A chunk of a stored photo; whether the asker may see it is decided before."""
        body = await self._store.blob(digest)
        if body is None or not 0 <= offset < len(body):
            return Refusal(Code.NOT_FOUND, "没有这张照片")
        return ImageChunk(body[offset : offset + CHUNK_BYTES], len(body))

    def _begin(self, digest: bytes, size: int) -> _Upload:
        self._drop(digest)
        upload = self._uploads[digest] = _Upload(size)
        self._bound()
        return upload

    def _drop(self, digest: bytes) -> None:
        upload = self._uploads.pop(digest, None)
        self._gathered -= len(upload.body) if upload is not None else 0

    def _bound(self) -> None:
        """Let go of those longest untouched; the one just touched is the last and stays."""
        while len(self._uploads) > UPLOADS_MAX or (
            self._gathered > GATHERED_BYTES_MAX and len(self._uploads) > 1
        ):
            self._drop(next(iter(self._uploads)))


__all__ = ["BLOB_BYTES_MAX", "GATHERED_BYTES_MAX", "UPLOADS_MAX", "ImageDesk"]
