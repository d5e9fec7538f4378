"""Photos and recordings on their way in: gathered until the hash proves the whole, then kept.

What has been acknowledged as whole is in the store, with a receipt: this device brought it for this
case. The same bytes of another device or case are not there for anybody who asks, so nobody learns
what others hold, nor hands in what they only know the hash of. A device may bring only so much that
no case on file names, and that for `UNCLAIMED_MS`. What is gathered so far is in `Uploads`. How
good a piece is, is judged at the submission that names it; here only that it is of its kind.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from actors.blobs import Blobs, BlobUnreadable
from actors.blobs.collector import Fate
from actors.ports import WallClock
from actors.store import Batch, Claim, ClaimConflict, Document, Store
from backoffice.shards import of_union
from backoffice.uploads import Bringer, Receipt, Upload, Uploads
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
from wire.sound import SoundError, measure

DIGEST_BYTES: Final = 32

IMAGE_SCOPE: Final = "image"
"""The claims by which a piece belongs to the first case that handed it in."""

CASE_SCOPE: Final = "case-device"
"""The claims by which a case belongs to the device that brought its first image."""

UNCLAIMED_MAX: Final = 256
"""The most pieces that one device may have brought and no case on file names."""

UNCLAIMED_BYTES_MAX: Final = 64 * 1024 * 1024
"""The most bytes of these."""

UNCLAIMED_MS: Final = 3 * 24 * 3_600_000
"""What no case has named by then counts as never brought, in milliseconds."""

COLLECT_MS: Final = UNCLAIMED_MS + 3_600_000
"""So long after a piece was brought last it is looked at whether a case needs it: a submission that
began just in time has ended by then."""

JPEG: Final = b"\xff\xd8\xff"
"""How every JPEG begins (ITU-T T.81, B.1.1.3): SOI, and the first byte of another marker."""

_BUSY: Final = Refusal(Code.BUSY, "系统正在接收其他影像，请稍后重试", retryable=True)
_TOO_MUCH: Final = Refusal(Code.LIMIT, "本机已上传但未提交的影像过多，请先提交业务", retryable=True)
_NOT_YOURS: Final = Refusal(Code.FORBIDDEN, "该业务属于其他终端，不能上传影像。", "case_id")


class Unclaimed(msgspec.Struct, frozen=True):
    """A piece that was brought, and that no case on file names yet."""

    size: int
    since_ms: int


def brought(bringer: Bringer) -> str:
    """Where the receipts of a case are, by digest in hex."""
    return f"brought/{bringer.union}/{bringer.device}/{bringer.case_id}"


def unclaimed(bringer: Bringer) -> str:
    """Where a device's pieces are counted that no case has claimed; see `claimed`."""
    return f"unclaimed/{bringer.union}/{bringer.device}"


def claimed(bringer: Bringer, digest: bytes) -> Document:
    """To be committed when a case has taken a piece: the device's room is free again."""
    return Document(*_place(bringer, digest), None)


def _place(bringer: Bringer, digest: bytes) -> tuple[str, str]:
    """Where it stands that no case has claimed a piece: collection and key."""
    return unclaimed(bringer), f"{bringer.case_id}/{digest.hex()}"


def _of_device(bringer: Bringer) -> Claim:
    """The case is this device's."""
    return Claim(CASE_SCOPE, f"{bringer.union}/{bringer.case_id}", bringer.device)


async def receipt_of(store: Store, bringer: Bringer, digest: bytes, now_ms: int) -> Receipt | None:
    """What this device brought for this case under a digest, or None.

    What no case has claimed in time counts as never brought from that moment on, whether somebody
    has tidied up or not: the collector may discard its bytes.
    """
    body = await store.document(brought(bringer), digest.hex())
    if body is None:
        return None
    waits = await store.document(*_place(bringer, digest))
    if waits is not None and decode(Unclaimed, waits).since_ms <= now_ms - UNCLAIMED_MS:
        return None
    return decode(Receipt, body)


async def fate_of(store: Store, digest: bytes) -> Fate:
    """Whether a piece is needed that was brought so long ago that no receipt of it counts."""
    owner = await store.owner(IMAGE_SCOPE, digest.hex())
    return Fate.DROP if owner is None else Fate.KEEP


def bytes_max(kind: FieldKind, limits: Limits) -> int:
    """How large an upload of this kind may be; 0 where the kind has no bytes."""
    return {
        FieldKind.PHOTO: limits.photo_bytes_max,
        FieldKind.RECORDING: limits.recording_bytes_max,
    }.get(kind, 0)


class ImageDesk:
    """Takes photos in and gives them out, in chunks."""

    def __init__(self, store: Store, blobs: Blobs, wall: WallClock) -> None:
        self._store = store
        self._blobs = blobs
        self._wall = wall
        self._uploads = Uploads(wall)

    async def offer(
        self, bringer: Bringer, images: tuple[ImageOffer, ...], limits: Limits
    ) -> ImagesWanted | Refusal:
        """How much of each offered photo this device has brought for this case already.

        Codes: `FORMAT` (a kind without bytes), `LIMIT` (too many at once, or too much that no case
        has claimed), `IMAGE_QUALITY`, `FORBIDDEN` (another device's case), `BUSY`.
        """
        if len(images) > IMAGES_MAX:
            return Refusal(Code.LIMIT, f"一笔业务最多{IMAGES_MAX}份影像")
        wrong = next((one for one in (_unfit(image, limits) for image in images) if one), None)
        if wrong is not None:
            return wrong
        owner = await self._store.owner(CASE_SCOPE, _of_device(bringer).key)
        if owner not in (None, bringer.device):
            return _NOT_YOURS
        have: list[int | None] = [await self._whole(bringer, one) for one in images]
        coming = [one.size for one, size in zip(images, have, strict=True) if size is None]
        full = await self._full(bringer, coming)
        if full is not None:
            return full
        for index, image in enumerate(images):
            if have[index] is None:
                have[index] = self._gathered(bringer, image)
        return _BUSY if None in have else ImagesWanted(tuple(size or 0 for size in have))

    async def put(self, bringer: Bringer, request: PutChunk) -> ChunkKept | Refusal:
        """Take a chunk; the photo is in the store before the last one is acknowledged."""
        upload = self._uploads.find(bringer, request.digest)
        if upload is None:
            now_ms = self._wall.now_ms()
            known = await receipt_of(self._store, bringer, request.digest, now_ms)
            if known is not None:
                return ChunkKept(known.size)
            return Refusal(Code.NOT_FOUND, "照片需要重新上传", retryable=True)
        if not 0 < len(request.data) <= CHUNK_BYTES:
            return Refusal(Code.FORMAT, "照片分块大小不合格")
        if request.offset < 0:
            return Refusal(Code.FORMAT, "照片分块位置不合格")
        if request.offset > len(upload.body):
            return ChunkKept(len(upload.body))
        fresh = request.data[len(upload.body) - request.offset :]
        if len(upload.body) + len(fresh) > upload.receipt.size:
            self._uploads.drop(bringer, request.digest)
            return Refusal(Code.CHECKSUM, "照片与登记的大小不符，请重新上传", retryable=True)
        if not self._uploads.add(bringer, upload, fresh):
            return _BUSY
        if len(upload.body) < upload.receipt.size:
            return ChunkKept(len(upload.body))
        # Let go of afterwards: the last chunk may come twice, or meet a store that refuses.
        answer = await self._keep(bringer, request.digest, upload)
        self._uploads.drop(bringer, request.digest)
        return answer

    async def get(self, digest: bytes, offset: int) -> ImageChunk | Refusal:
        """A chunk of a stored photo; whether the asker may see it is decided before."""
        try:
            body = await self._blobs.get(digest)
        except BlobUnreadable:
            body = b""
        if not 0 <= offset < len(body):
            return Refusal(Code.NOT_FOUND, "没有这张照片")
        return ImageChunk(body[offset : offset + CHUNK_BYTES], len(body))

    async def _whole(self, bringer: Bringer, image: ImageOffer) -> int | None:
        """The size of a piece that was brought for this case as this kind, or None."""
        known = await receipt_of(self._store, bringer, image.digest, self._wall.now_ms())
        return known.size if known is not None and known.kind is image.kind else None

    def _gathered(self, bringer: Bringer, image: ImageOffer) -> int | None:
        """How many bytes have come; an upload begins where there are none, if there is room."""
        offered = Receipt(image.size, image.kind)
        upload = self._uploads.find(bringer, image.digest)
        if upload is None or upload.receipt != offered:
            upload = self._uploads.begin(bringer, image.digest, offered)
        # What is whole but without its receipt has met a store that refused: its end comes again.
        return None if upload is None else min(len(upload.body), image.size - 1)

    async def _full(self, bringer: Bringer, coming: list[int]) -> Refusal | None:
        """Why a device may bring no more now; what no case has claimed in time counts no more."""
        rows = await self._store.documents(unclaimed(bringer))
        since_ms = self._wall.now_ms() - UNCLAIMED_MS
        pieces = [(key, decode(Unclaimed, body)) for key, body in rows]
        await self._forget(bringer, [key for key, one in pieces if one.since_ms <= since_ms])
        waiting = [one.size for _, one in pieces if one.since_ms > since_ms] + coming
        over = len(waiting) > UNCLAIMED_MAX or sum(waiting) > UNCLAIMED_BYTES_MAX
        return _TOO_MUCH if coming and over else None

    async def _forget(self, bringer: Bringer, keys: list[str]) -> None:
        """Let go of what this device brought and no case claimed: it is to be brought again."""
        if not keys:
            return
        documents = []
        for key in keys:
            case_id, _, digest = key.partition("/")
            own = msgspec.structs.replace(bringer, case_id=case_id)
            documents += [Document(brought(own), digest, None), claimed(own, bytes.fromhex(digest))]
        now_ms = self._wall.now_ms()
        shard = of_union(bringer.union)
        batch = Batch(bringer.device, now_ms, documents=tuple(documents), shard=shard)
        await self._store.commit(batch)

    async def _keep(self, bringer: Bringer, digest: bytes, upload: Upload) -> ChunkKept | Refusal:
        """The whole, if it is what its digest and its kind say: first the bytes, then the rest."""
        body, receipt = bytes(upload.body), upload.receipt
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
            return Refusal(Code.CHECKSUM, "照片校验失败，请重新上传", retryable=True)
        if not _is(receipt.kind, body):
            what = "录音" if receipt.kind is FieldKind.RECORDING else "照片"
            return Refusal(Code.IMAGE_QUALITY, f"上传的内容不是{what}")
        full = await self._full(bringer, [receipt.size])
        if full is not None:
            return full
        await self._blobs.put(digest, body)
        now_ms = self._wall.now_ms()
        waits = claimed(bringer, digest)
        documents = (
            Document(brought(bringer), digest.hex(), encode(receipt)),
            msgspec.structs.replace(waits, body=encode(Unclaimed(receipt.size, now_ms))),
        )
        claims = (_of_device(bringer),)
        shard = of_union(bringer.union)
        batch = Batch(bringer.device, now_ms, claims=claims, documents=documents, shard=shard)
        try:
            await self._store.commit(batch)
        except ClaimConflict:
            return _NOT_YOURS
        return ChunkKept(len(body))


def _is(kind: FieldKind, body: bytes) -> bool:
    """Whether bytes begin as their kind does; how good they are is the submission's business."""
    if kind is FieldKind.PHOTO:
        return body.startswith(JPEG)
    try:
        measure(body)
    except SoundError:
        return False
    return True


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
    "COLLECT_MS",
    "IMAGE_SCOPE",
    "JPEG",
    "UNCLAIMED_BYTES_MAX",
    "UNCLAIMED_MAX",
    "UNCLAIMED_MS",
    "ImageDesk",
    "Unclaimed",
    "brought",
    "bytes_max",
    "claimed",
    "fate_of",
    "receipt_of",
    "unclaimed",
]
