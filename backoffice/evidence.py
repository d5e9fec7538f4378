"""Photos and recordings as evidence: are they here, what are they, and whose were they first.

The bytes are `backoffice.images`'; here they are measured by the office itself, if this device has
brought them for this case as what it now calls them, and belong to the first case that handed them
in. That is a note, never a lock: one that comes again in another case
is for a person to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from actors.blobs import Blobs, BlobUnreadable
from actors.ports import Outside
from actors.store import Batch, Claim, ClaimConflict, Store
from backoffice.cases.intake import ImageFact
from backoffice.images import IMAGE_SCOPE, claimed, receipt_of
from backoffice.shards import of_union
from backoffice.uploads import Bringer
from wire.checks import Context, Limits, check_photo
from wire.form import FieldKind
from wire.message import Code, Refusal
from wire.photo import PhotoError, measure
from wire.sound import SoundError, SoundFacts
from wire.sound import measure as measure_sound
from wire.value import PhotoValue, RecordingValue, Value

Piece = PhotoValue | RecordingValue
"""What is kept as bytes."""


class EvidenceDesk:
    """Looks at what was uploaded."""

    def __init__(self, store: Store, blobs: Blobs, outside: Outside) -> None:
        self._store = store
        self._blobs = blobs
        self._outside = outside

    async def facts(self, values: Iterable[Value], bringer: Bringer) -> dict[bytes, ImageFact]:
        """What is known of a submission's pieces, by digest; what is not here is missing."""
        found = {}
        for piece in pieces(values):
            fact = await self._fact(piece, bringer)
            if fact is not None:
                found[piece.digest] = fact
        return found

    async def own(self, values: Iterable[Value], bringer: Bringer, who: str) -> None:
        """Note who handed each piece in first, and that a case has it.

        In one commit, unless one of them is another case's: then each for itself.
        """
        handed_in = pieces(values)
        try:
            await self._note(handed_in, bringer, who)
        except ClaimConflict:
            for piece in handed_in:
                try:
                    await self._note([piece], bringer, who)
                except ClaimConflict:
                    await self._note([piece], bringer, who, first=False)

    async def _note(
        self, handed_in: Sequence[Piece], bringer: Bringer, who: str, *, first: bool = True
    ) -> None:
        digests = [piece.digest for piece in handed_in]
        taken = Batch(
            who,
            self._outside.wall.now_ms(),
            claims=tuple(Claim(IMAGE_SCOPE, d.hex(), bringer.case_id) for d in digests if first),
            documents=tuple(claimed(bringer, d) for d in digests),
            shard=of_union(bringer.union),
        )
        if digests:
            await self._store.commit(taken)

    async def unfit(
        self, photo: PhotoValue, bringer: Bringer, name: str, limits: Limits
    ) -> Refusal | None:
        """Why a photo cannot be added to a case: not here, seen in another, or not good enough."""
        fact = await self._fact(photo, bringer)
        if fact is None or fact.size != photo.size or fact.measured is None:
            return Refusal(Code.EVIDENCE, "影像尚未上传完成，请稍后重试。", name, True)
        if fact.reused:
            return Refusal(Code.EVIDENCE, "须为现场新拍的照片，请重新拍摄。", name)
        seen = fact.measured
        measured = msgspec.structs.replace(
            photo, width=seen.width, height=seen.height, sharpness=seen.sharpness
        )
        context = Context(self._outside.wall.now_ms(), limits, name)
        return next(iter(check_photo(measured, context)), None)

    async def _fact(self, piece: Piece, bringer: Bringer) -> ImageFact | None:
        """None where it is not here for this device and case, or is no photo."""
        offload = self._outside.offload
        receipt = await receipt_of(self._store, bringer, piece.digest, self._outside.wall.now_ms())
        kind = FieldKind.RECORDING if isinstance(piece, RecordingValue) else FieldKind.PHOTO
        if receipt is None or receipt.kind is not kind:
            return None
        try:
            body = await self._blobs.get(piece.digest)
        except BlobUnreadable:
            return None
        owner = await self._store.owner(IMAGE_SCOPE, piece.digest.hex())
        reused = owner not in (None, bringer.case_id)
        if isinstance(piece, RecordingValue):
            return ImageFact(len(body), reused=reused, sound=await offload(lambda: _heard(body)))
        try:
            measured = await offload(lambda: measure(body))
        except PhotoError:
            return None
        return ImageFact(len(body), measured, reused)


def pieces(values: Iterable[Value]) -> list[Piece]:
    """The photos and recordings among answers."""
    return [value for value in values if isinstance(value, PhotoValue | RecordingValue)]


def _heard(body: bytes) -> SoundFacts | None:
    """The facts of a recording; None where the bytes are none."""
    try:
        return measure_sound(body)
    except SoundError:
        return None


__all__ = ["IMAGE_SCOPE", "EvidenceDesk", "pieces"]
