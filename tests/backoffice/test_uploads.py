"""Each device has room of its own: what it does there costs nobody else an upload."""

from __future__ import annotations

import pytest
import trio

from actors.store import Batch, event_digest
from backoffice import images, uploads
from backoffice.images import UNCLAIMED_MS, claimed, unclaimed
from backoffice.shards import of_union
from backoffice.uploads import DEVICE_BYTES_MAX, DEVICE_UPLOADS_MAX, IDLE_MS
from tests.backoffice.bringing import (
    MINE,
    OTHER,
    bring,
    chunk,
    code,
    desk,
    have,
    offer,
    picture,
    put,
)
from tests.kit.running import run
from wire.checks import LIMITS
from wire.message import Code, Refusal
from wire.messages.images import (
    CHUNK_BYTES,
)


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
        await store.commit(Batch("case", 0, documents=(taken,), shard=of_union(MINE.union)))
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
        assert 2 == len(office.disk.blobs.kept)

    run(story)
