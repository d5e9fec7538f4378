"""From a camera's JPEG or a microphone's WAV to evidence: measured, and kept by its hash."""

from __future__ import annotations

import hashlib

from actors.ports import Outside
from actors.store import Store
from wire import sound
from wire.message import Code, Refusal
from wire.photo import PhotoError, PhotoTooSmall, measure, normalise
from wire.value import PhotoValue, RecordingValue


async def keep_photo(
    jpeg: bytes, field: str, store: Store, outside: Outside
) -> PhotoValue | Refusal:
    """Normalise a picture, store its bytes and return the value that names them.

    Returns:
        The value, or `E_IMAGE_QUALITY` when the bytes are no usable picture. Sharpness is judged
        later, by the form's checks, so that the teller sees the picture and the reason together.
    """
    try:
        body = await outside.offload(lambda: normalise(jpeg))
        facts = await outside.offload(lambda: measure(body))
    except PhotoTooSmall:
        return Refusal(Code.IMAGE_QUALITY, "照片太小，请靠近后重拍", field)
    except PhotoError:
        return Refusal(Code.IMAGE_QUALITY, "照片无法识别，请重拍", field)
    return PhotoValue(
        digest=await _kept(body, store),
        size=len(body),
        width=facts.width,
        height=facts.height,
        sharpness=facts.sharpness,
        taken_ms=outside.wall.now_ms(),
    )


async def keep_recording(
    wav: bytes, field: str, store: Store, outside: Outside
) -> RecordingValue | Refusal:
    """Store a recording's bytes and return the value that names them.

    Returns:
        The value, or `E_EVIDENCE` when the bytes are no usable recording. Whether it is long
        enough is judged later, by the form's checks.
    """
    try:
        facts = sound.measure(wav)
    except sound.SoundError:
        return Refusal(Code.EVIDENCE, "录音无法识别，请重新录音", field)
    return RecordingValue(
        digest=await _kept(wav, store),
        size=facts.size,
        duration_ms=facts.duration_ms,
        taken_ms=outside.wall.now_ms(),
    )


async def _kept(body: bytes, store: Store) -> bytes:
    digest = hashlib.blake2b(body, digest_size=32).digest()
    await store.put_blob(digest, body)
    return digest


__all__ = ["keep_photo", "keep_recording"]
