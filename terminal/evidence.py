"""From a camera's JPEG to a photo that counts as evidence: upright, measured, kept by its hash."""

from __future__ import annotations

import hashlib

from actors.ports import Outside
from actors.store import Store
from wire.form import PhotoValue
from wire.message import Code, Refusal
from wire.photo import PhotoError, PhotoTooSmall, measure, normalise


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
    digest = hashlib.blake2b(body, digest_size=32).digest()
    await store.put_blob(digest, body)
    return PhotoValue(
        digest=digest,
        size=len(body),
        width=facts.width,
        height=facts.height,
        sharpness=facts.sharpness,
        taken_ms=outside.wall.now_ms(),
    )


__all__ = ["keep_photo"]
