"""From a camera's JPEG or a microphone's WAV to evidence: measured, and kept by its hash."""

from __future__ import annotations

from actors.blobs import BlobError, Blobs, blob_digest
from actors.ports import Outside
from wire import sound
from wire.message import Code, Refusal
from wire.photo import PhotoError, PhotoTooSmall, measure, normalise
from wire.value import PhotoValue, RecordingValue


async def keep_photo(
    jpeg: bytes, field: str, blobs: Blobs, outside: Outside
) -> PhotoValue | Refusal:
    """Normalise a picture, store its bytes and return the value that names them.

    Returns:
        The value; `E_IMAGE_QUALITY` when the bytes are no usable picture, `E_BUSY` when they cannot
        be kept now. Sharpness is judged
        later, by the form's checks, so that the teller sees the picture and the reason together.
    """
    try:
        body = await outside.offload(lambda: normalise(jpeg))
        facts = await outside.offload(lambda: measure(body))
    except PhotoTooSmall:
        return Refusal(Code.IMAGE_QUALITY, "照片太小，请靠近后重拍", field)
    except PhotoError:
        return Refusal(Code.IMAGE_QUALITY, "照片无法识别，请重拍", field)
    digest = await kept(body, field, blobs)
    if isinstance(digest, Refusal):
        return digest
    return PhotoValue(
        digest=digest,
        size=len(body),
        width=facts.width,
        height=facts.height,
        sharpness=facts.sharpness,
        taken_ms=outside.wall.now_ms(),
    )


async def keep_recording(
    wav: bytes, field: str, blobs: Blobs, outside: Outside
) -> RecordingValue | Refusal:
    """Store a recording's bytes and return the value that names them.

    Returns:
        The value; `E_EVIDENCE` when the bytes are no usable recording, `E_BUSY` when they cannot be
        kept now. Whether it is long
        enough is judged later, by the form's checks.
    """
    try:
        facts = sound.measure(wav)
    except sound.SoundError:
        return Refusal(Code.EVIDENCE, "录音无法识别，请重新录音", field)
    digest = await kept(wav, field, blobs)
    if isinstance(digest, Refusal):
        return digest
    return RecordingValue(
        digest=digest,
        size=facts.size,
        duration_ms=facts.duration_ms,
        taken_ms=outside.wall.now_ms(),
    )


async def kept(body: bytes, field: str, blobs: Blobs) -> bytes | Refusal:
    """Keep bytes; their digest, or `E_BUSY` when there is no room, or the disk fails."""
    digest = blob_digest(body)
    try:
        await blobs.put(digest, body)
    except BlobError:
        return Refusal(Code.BUSY, "终端存储空间不足或暂不可用，影像未保存，请稍后重试", field, True)
    return digest


__all__ = ["keep_photo", "keep_recording", "kept"]
