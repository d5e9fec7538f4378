"""Photos on their way in: any chunks, in any order, as often as they like; what is stored is what
the digest says, or nothing.
"""

from __future__ import annotations

import random
from copy import copy

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.memory_store import Disk, MemoryStore
from actors.store import Batch, event_digest
from backoffice import images, uploads
from backoffice.images import JPEG, UNCLAIMED_MS, ImageDesk, claimed, unclaimed
from backoffice.uploads import DEVICE_BYTES_MAX, DEVICE_UPLOADS_MAX, IDLE_MS, Bringer
from tests.kit import submissions as make
from tests.kit.outside import VirtualWall
from tests.kit.running import run
from wire.checks import LIMITS
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
    OfferImages,
    PutChunk,
)
from wire.sound import wav

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

    def __init__(self, disk: Disk | None = None, bringer: Bringer = MINE) -> None:
        self.disk = disk or Disk()
        self.store = MemoryStore(self.disk)
        self._images = ImageDesk(self.store, VirtualWall())
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


def desk(disk: Disk | None = None) -> Desk:
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


def test_a_photo_arrives_in_chunks() -> None:
    """Each answer says how much is there; the last one comes after the photo is stored."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        assert 0 == await have(office)
        for offset in range(0, len(PHOTO), CHUNK_BYTES):
            assert {} == disk.blobs
            assert min(offset + CHUNK_BYTES, len(PHOTO)) == await put(office, chunk(offset))
        assert {DIGEST: PHOTO} == disk.blobs
        assert len(PHOTO) == await have(office) == await put(office, chunk(0))

    run(story)


def test_an_upload_goes_on_where_it_stopped() -> None:
    """The link died; the offer tells how much is there, from whichever attempt it came."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        await have(office)
        await put(office, chunk(0))
        await put(office, chunk(CHUNK_BYTES))

        resumed = await have(office)
        assert 2 * CHUNK_BYTES == resumed
        while resumed < len(PHOTO):
            resumed = await put(office, chunk(resumed))
        assert {DIGEST: PHOTO} == disk.blobs

    run(story)


def test_a_crash_of_the_office_starts_it_again() -> None:
    """What is not complete lives in memory only; the terminal still has the photo."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        await have(office)
        await put(office, chunk(0))

        office = desk(disk)
        refusal = await office.put(chunk(CHUNK_BYTES))
        assert Code.NOT_FOUND is code(refusal)
        assert isinstance(refusal, Refusal)
        assert refusal.retryable
        assert 0 == await have(office)

    run(story)


def test_a_corrupt_photo_is_never_stored() -> None:
    """One bit wrong anywhere: refused at the end, forgotten, and the next attempt succeeds."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        for wrong_at in (0, CHUNK_BYTES + 5, len(PHOTO) - 1):
            await have(office)
            damaged = bytearray(PHOTO)
            damaged[wrong_at] ^= 1
            answer: object = None
            for offset in range(0, len(PHOTO), CHUNK_BYTES):
                data = bytes(damaged[offset : offset + CHUNK_BYTES])
                answer = await office.put(PutChunk(CASE_ID, DIGEST, offset, data))
            assert Code.CHECKSUM is code(answer)
            assert {} == disk.blobs
        assert 0 == await have(office)
        for offset in range(0, len(PHOTO), CHUNK_BYTES):
            await put(office, chunk(offset))
        assert {DIGEST: PHOTO} == disk.blobs

    run(story)


def test_more_than_was_offered_is_refused() -> None:
    """A photo that turns out larger than its manifest is forgotten at once."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        await have(office, offer(size=CHUNK_BYTES + 10))
        await put(office, chunk(0))
        assert Code.CHECKSUM is code(await office.put(chunk(CHUNK_BYTES)))
        assert {} == disk.blobs

    run(story)


def test_what_may_be_offered() -> None:
    """Too many, too large, too small, and a digest that is none: refused before a byte is taken."""

    async def story() -> None:
        office = desk()
        one, large = ImageOffer(DIGEST, 10, "id_front"), bytes(THUMBNAIL_BYTES_MAX + 1)
        for expected, offered in (
            (Code.LIMIT, (one,) * (IMAGES_MAX + 1)),
            (Code.IMAGE_QUALITY, (ImageOffer(DIGEST, LIMITS.photo_bytes_max + 1, "f"),)),
            (
                Code.IMAGE_QUALITY,
                (ImageOffer(DIGEST, LIMITS.recording_bytes_max + 1, "f", RECORDING_KIND),),
            ),
            (Code.FORMAT, (ImageOffer(DIGEST, 10, "f", FieldKind.INK),)),
            (Code.IMAGE_QUALITY, (ImageOffer(DIGEST, 0, "f"),)),
            (Code.IMAGE_QUALITY, (ImageOffer(b"short", 10, "f"),)),
            (
                Code.IMAGE_QUALITY,
                (ImageOffer(DIGEST, 1, "f", PHOTO_KIND, large),),
            ),
        ):
            assert expected is code(await office.offer(OfferImages(CASE_ID, offered)))
        assert ImagesWanted(()) == await office.offer(OfferImages(CASE_ID, ()))

    run(story)


def test_each_kind_has_its_own_size() -> None:
    """What is right for a recording is four photos too much for one."""

    async def story() -> None:
        office, size = desk(), LIMITS.recording_bytes_max
        assert Code.IMAGE_QUALITY is code(await office.offer(offer(size=size)))
        assert 0 == await have(office, offer(size=size, kind=RECORDING_KIND))
        assert 0 == await have(office, offer(size=LIMITS.photo_bytes_max))

    run(story)


@pytest.mark.parametrize(
    "stranger",
    [
        Bringer("530102", "T-0002", make.case_id("theirs")),
        Bringer("530102", "T-0001", make.case_id("another")),
        Bringer("530111", "T-0001", CASE_ID),
    ],
)
def test_nobody_learns_what_others_have_brought(stranger: Bringer) -> None:
    """Another terminal, another case, another union: all of it is to be brought, byte by byte."""

    async def story() -> None:
        office = desk()
        await bring(office)
        other = office.seen_by(stranger)
        assert Code.NOT_FOUND is code(await other.put(chunk(0))), "not even by a chunk"
        assert 0 == await have(other)
        assert CHUNK_BYTES == await put(other, chunk(0))
        assert len(PHOTO) == await have(office)
        await bring(other)
        assert len(PHOTO) == await have(other)

    run(story)


def test_a_case_is_its_first_terminals() -> None:
    """Whoever else names it is refused, before and after a crash, and in a race."""

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        thief = office.seen_by(Bringer("530102", "T-0666", CASE_ID))
        assert 0 == await have(thief), "nobody's yet"
        await bring(office)
        assert Code.FORBIDDEN is code(await thief.offer(offer()))
        tries = [await thief.put(chunk(at)) for at in range(0, len(PHOTO), CHUNK_BYTES)]
        assert Code.FORBIDDEN is code(tries[-1]), "the race is over with the first receipt"
        reborn = desk(disk)
        assert len(PHOTO) == await have(reborn)
        assert Code.FORBIDDEN is code(await reborn.seen_by(thief.bringer).offer(offer()))

    run(story)


def test_what_is_a_chunk() -> None:
    """Not empty, not too large, not before the photo's beginning; a gap is only reported."""

    async def story() -> None:
        office = desk()
        await have(office)
        for data in (b"", bytes(CHUNK_BYTES + 1)):
            assert Code.FORMAT is code(await office.put(PutChunk(CASE_ID, DIGEST, 0, data)))
        assert Code.FORMAT is code(await office.put(PutChunk(CASE_ID, DIGEST, -1, b"xx")))
        assert 0 == await put(office, chunk(CHUNK_BYTES)), "a gap: send from here"
        assert Code.NOT_FOUND is code(await office.put(PutChunk(CASE_ID, bytes(32), 0, b"x")))

    run(story)


def picture(number: int, size: int = 100) -> bytes:
    return JPEG + number.to_bytes(4, "big") + bytes(size - 7)


OTHER = Bringer("530102", "T-0002", make.case_id("theirs"))


def test_a_device_makes_room_for_itself_alone() -> None:
    """Beyond its bounds its own longest untouched start again; nobody else's ever do."""

    async def story() -> None:
        office = desk()
        victim = office.seen_by(OTHER)
        await have(victim)
        await put(victim, chunk(0))
        for number in range(10 * DEVICE_UPLOADS_MAX):
            await have(office, offer(picture(number)))
        last = 10 * DEVICE_UPLOADS_MAX - 1
        gone, kept = (picture(last - back) for back in (DEVICE_UPLOADS_MAX, DEVICE_UPLOADS_MAX - 1))
        assert Code.NOT_FOUND is code(await office.put(chunk(0, gone, 40)))
        assert 40 == await put(office, chunk(0, kept, 40))
        assert 2 * CHUNK_BYTES == await put(victim, chunk(CHUNK_BYTES))

    run(story)


def test_the_bytes_of_one_device_are_bounded() -> None:
    """It may begin as many large ones as it likes: no more of it than that is in memory."""

    async def story() -> None:
        office, size = desk(), LIMITS.photo_bytes_max
        photos = [picture(number, size) for number in range(2 * DEVICE_BYTES_MAX // size)]
        for photo in photos:
            at = await have(office, offer(photo))
            while at < size - CHUNK_BYTES:
                at = await put(office, chunk(at, photo))
        held = [await have(office, offer(photo)) for photo in photos]
        assert DEVICE_BYTES_MAX - size < sum(held) <= DEVICE_BYTES_MAX
        assert held == sorted(held), "the first ones went"

    run(story)


def test_where_all_room_is_used_up_the_idle_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes must wait as long as everybody is at it; what is untouched for long makes room."""
    monkeypatch.setattr(uploads, "BYTES_MAX", 2 * CHUNK_BYTES)
    monkeypatch.setattr(uploads, "UPLOADS_MAX", 3)

    async def story() -> None:
        office = desk()
        other = office.seen_by(OTHER)
        for at in (0, CHUNK_BYTES):
            await have(office)
            await put(office, chunk(at))
        await have(other, offer(picture(1)))
        answer = await other.put(chunk(0, picture(1)))
        assert isinstance(answer, Refusal)
        assert (Code.BUSY, True) == (answer.code, answer.retryable)
        await have(other, offer(picture(2)))
        assert Code.BUSY is code(await other.offer(offer(picture(3))))
        await trio.sleep(IDLE_MS / 1000)
        assert 0 == await have(other, offer(picture(3)))
        assert 100 == await put(other, chunk(0, picture(3)))
        assert 0 == await have(office)

    run(story)


def test_what_no_case_names_is_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many pieces of a device; a case that takes some makes room, and so does time."""
    monkeypatch.setattr(images, "UNCLAIMED_MAX", 3)

    async def story() -> None:
        office = desk()
        for number in range(3):
            await bring(office, picture(number))
        answer = await office.offer(offer(picture(3)))
        assert isinstance(answer, Refusal)
        assert (Code.LIMIT, True) == (answer.code, answer.retryable)
        assert 100 == await have(office, offer(picture(0))), "what is here may be asked about"
        await bring(office.seen_by(OTHER), picture(3))

        store = office.store
        taken = claimed(MINE, event_digest(picture(0)))
        await store.commit(Batch("case", 0, documents=(taken,)))
        await bring(office, picture(3))
        assert Code.LIMIT is code(await office.offer(offer(picture(4))))
        await trio.sleep(UNCLAIMED_MS / 1000)
        await bring(office, picture(4))
        assert 1 == len(await store.documents(unclaimed(MINE)))
        assert 100 == await have(office, offer(picture(0))), "the case's own stays"
        assert 0 == await have(office, offer(picture(1))), "to be brought again"

    run(story)


def test_the_bytes_that_no_case_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together with what is offered; and counted again at the end, for offers made before."""
    monkeypatch.setattr(images, "UNCLAIMED_BYTES_MAX", 250)

    async def story() -> None:
        office = desk()
        assert Code.LIMIT is code(await office.offer(offer(size=251)))
        for number in range(3):
            await have(office, offer(picture(number)))
        for number in range(2):
            await put(office, chunk(0, picture(number)))
        assert Code.LIMIT is code(await office.put(chunk(0, picture(2))))
        assert 2 == len(office.disk.blobs)

    run(story)


def test_what_is_not_of_its_kind_is_not_kept() -> None:
    """Noise under its right hash is no photo, a photo no recording, and a recording is one."""

    async def story() -> None:
        office = desk()
        sound = wav(bytes(2_000))
        for body, kind, right in (
            (PHOTO[1:], PHOTO_KIND, False),
            (sound, PHOTO_KIND, False),
            (PHOTO[:300], RECORDING_KIND, False),
            (sound[:-2], RECORDING_KIND, False),
            (sound, RECORDING_KIND, True),
            (PHOTO, PHOTO_KIND, True),
        ):
            before, at = dict(office.disk.blobs), await have(office, offer(body, kind=kind))
            answer: object = ChunkKept(at)
            while isinstance(answer, ChunkKept) and answer.have < len(body):
                answer = await office.put(chunk(answer.have, body))
            assert right == isinstance(answer, ChunkKept)
            assert right or Code.IMAGE_QUALITY is code(answer)
            assert right == (before != office.disk.blobs)

    run(story)


def test_a_stored_photo_is_given_out_in_chunks() -> None:
    """Until the end; behind it, before it, and of an unknown photo there is nothing."""

    async def story() -> None:
        disk = Disk()
        disk.blobs[DIGEST] = PHOTO
        office = desk(disk)
        got = b""
        while len(got) < len(PHOTO):
            answer = await office.get(DIGEST, len(got))
            assert isinstance(answer, ImageChunk)
            assert len(PHOTO) == answer.total
            got += answer.data
        assert PHOTO == got
        for offset in (-1, len(PHOTO)):
            assert Code.NOT_FOUND is code(await office.get(DIGEST, offset))
        assert Code.NOT_FOUND is code(await office.get(bytes(32), 0))

    run(story)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[bytes, int, list[PutChunk]]:
    """A small photo, what its manifest says of its size, and chunks of it and of other bytes."""
    photo = JPEG + draw(st.binary(max_size=60))
    size = draw(st.sampled_from([len(photo)] * 4 + [max(1, len(photo) - 1), len(photo) + 1]))
    cuts = st.tuples(st.integers(-3, 65), st.integers(0, 30), st.booleans())
    chunks = []
    for offset, length, honest in draw(st.lists(cuts, max_size=20)):
        data = photo[max(offset, 0) : max(offset, 0) + length]
        wrong = draw(st.binary(max_size=30))
        chunks.append(PutChunk(CASE_ID, event_digest(photo), offset, data if honest else wrong))
    return photo, size, chunks


@settings(max_examples=100, deadline=None)
@given(deliveries())
def test_whatever_comes_nothing_wrong_is_stored(
    delivery: tuple[bytes, int, list[PutChunk]],
) -> None:
    """Overlaps, gaps, repeats, lies about size and content: under a digest stand its own bytes, or
    none; and an honest attempt afterwards always ends well.
    """
    photo, size, chunks = delivery

    async def story() -> None:
        disk = Disk()
        office = desk(disk)
        await office.offer(offer(photo, size))
        for request in chunks:
            answer = await office.put(request)
            stored = disk.blobs.get(event_digest(photo))
            assert stored in (None, photo)
            if isinstance(answer, ChunkKept) and answer.have == size == len(photo):
                assert photo == stored, "said to be whole before it was stored"
        # Bytes of another one may be in the middle of it: that is noticed at its end, once.
        for _ in range(2):
            at = await have(office, offer(photo))
            while at < len(photo):
                answer = await office.put(chunk(at, photo))
                if isinstance(answer, Refusal):
                    assert Code.CHECKSUM is answer.code
                    break
                at = answer.have
        assert {event_digest(photo): photo} == disk.blobs

    run(story)
