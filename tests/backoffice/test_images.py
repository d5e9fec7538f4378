"""Photos on their way in: any chunks, in any order, as often as they like; what is stored is what
the digest says, or nothing.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.store import StoreError, event_digest
from backoffice.images import JPEG, unclaimed
from backoffice.uploads import Bringer
from tests.backoffice.bringing import (
    CASE_ID,
    DIGEST,
    MINE,
    PHOTO,
    PHOTO_KIND,
    RECORDING_KIND,
    Desk,
    bring,
    chunk,
    code,
    desk,
    have,
    offer,
    put,
)
from tests.kit import submissions as make
from tests.kit.disk import FaultyDisk, locked
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


def test_a_photo_arrives_in_chunks() -> None:
    """Each answer says how much is there; the last one comes after the photo is stored."""

    async def story() -> None:
        disk = FaultyDisk()
        office = desk(disk)
        assert 0 == await have(office)
        for offset in range(0, len(PHOTO), CHUNK_BYTES):
            assert {} == disk.blobs.bodies
            assert min(offset + CHUNK_BYTES, len(PHOTO)) == await put(office, chunk(offset))
        assert {DIGEST: PHOTO} == disk.blobs.bodies
        assert len(PHOTO) == await have(office) == await put(office, chunk(0))

    run(story)


def test_an_upload_goes_on_where_it_stopped() -> None:
    """The link died; the offer tells how much is there, from whichever attempt it came."""

    async def story() -> None:
        disk = FaultyDisk()
        office = desk(disk)
        await have(office)
        await put(office, chunk(0))
        await put(office, chunk(CHUNK_BYTES))

        resumed = await have(office)
        assert 2 * CHUNK_BYTES == resumed
        while resumed < len(PHOTO):
            resumed = await put(office, chunk(resumed))
        assert {DIGEST: PHOTO} == disk.blobs.bodies

    run(story)


def test_a_crash_of_the_office_starts_it_again() -> None:
    """What is not complete lives in memory only; the terminal still has the photo."""

    async def story() -> None:
        disk = FaultyDisk()
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
        disk = FaultyDisk()
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
            assert {} == disk.blobs.bodies
        assert 0 == await have(office)
        for offset in range(0, len(PHOTO), CHUNK_BYTES):
            await put(office, chunk(offset))
        assert {DIGEST: PHOTO} == disk.blobs.bodies

    run(story)


def test_a_disk_that_refuses_the_last_step_only_delays_it() -> None:
    """The bytes are whole but their receipt was not kept: the offer asks for the end once more."""

    async def story() -> None:
        faults = iter([locked()])
        disk = FaultyDisk(refuse=lambda _batch: next(faults, None))
        office = Desk(disk)
        at = await have(office)
        while at < len(PHOTO) - CHUNK_BYTES:
            at = await put(office, chunk(at))
        with pytest.raises(StoreError):
            await office.put(chunk(at))
        assert await office.store.documents(unclaimed(MINE)) == []
        at = await have(office)
        assert at < len(PHOTO), "not said to be here"
        assert len(PHOTO) == await put(office, chunk(at))
        assert len(PHOTO) == await have(office)

    run(story)


def test_more_than_was_offered_is_refused() -> None:
    """A photo that turns out larger than its manifest is forgotten at once."""

    async def story() -> None:
        disk = FaultyDisk()
        office = desk(disk)
        await have(office, offer(size=CHUNK_BYTES + 10))
        await put(office, chunk(0))
        assert Code.CHECKSUM is code(await office.put(chunk(CHUNK_BYTES)))
        assert {} == disk.blobs.bodies

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
        disk = FaultyDisk()
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
            before, at = office.disk.blobs.bodies, await have(office, offer(body, kind=kind))
            answer: object = ChunkKept(at)
            while isinstance(answer, ChunkKept) and answer.have < len(body):
                answer = await office.put(chunk(answer.have, body))
            assert right == isinstance(answer, ChunkKept)
            assert right or Code.IMAGE_QUALITY is code(answer)
            assert right == (before != office.disk.blobs.bodies)

    run(story)


def test_a_stored_photo_is_given_out_in_chunks() -> None:
    """Until the end; behind it, before it, and of an unknown photo there is nothing."""

    async def story() -> None:
        disk = FaultyDisk()
        disk.blobs.have(DIGEST, PHOTO)
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
        disk = FaultyDisk()
        office = desk(disk)
        await office.offer(offer(photo, size))
        for request in chunks:
            answer = await office.put(request)
            stored = disk.blobs.bodies.get(event_digest(photo))
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
        assert {event_digest(photo): photo} == disk.blobs.bodies

    run(story)
