"""One suite over both implementations of the `Blobs` port: what holds for one holds for all."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from actors.blobs import (
    BLOB_BYTES_MAX,
    LOOKED_AT_MAX,
    NAMES_MAX,
    BadBlob,
    BlobMissing,
    Blobs,
    BlobsFull,
    BlobTerms,
    Waiting,
    blob_digest,
)
from actors.blobs.collector import Collector, Fate
from actors.blobs.files import FileBlobs
from actors.blobs.folder import BlobFolder
from actors.blobs.memory import BlobDisk, MemoryBlobs
from actors.ports import Outside
from actors.sealing import new_key_file, read_key_file
from tests.kit.outside import EPOCH_MS, virtual_outside
from tests.kit.running import run

Story = Callable[[Blobs, Outside], Awaitable[None]]
Make = Callable[[Path, Outside, BlobTerms], Blobs]
Tell = Callable[..., None]

SEALER = read_key_file(new_key_file(random.Random(1).randbytes), random.Random(2).randbytes)
ROOMY = BlobTerms(quota_bytes=1 << 30, free_bytes_min=0)


def in_memory(_folder: Path, outside: Outside, terms: BlobTerms) -> Blobs:
    return MemoryBlobs(BlobDisk(), outside.wall, terms)


def in_files(folder: Path, outside: Outside, terms: BlobTerms) -> Blobs:
    files = BlobFolder(folder, SEALER)
    files.prepare()
    return FileBlobs(files, outside, terms)


@pytest.fixture(params=(in_memory, in_files), ids=("memory", "files"))
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Tell:
    """Runs a story on fresh blobs of each implementation."""
    make: Make = request.param

    def tell_one(story: Story, terms: BlobTerms = ROOMY) -> None:
        async def body() -> None:
            outside = virtual_outside("blobs")
            await story(make(tmp_path, outside, terms), outside)

        run(body)

    return tell_one


def picture(number: int) -> tuple[bytes, bytes]:
    """A digest and its bytes."""
    body = f"picture {number}".encode()
    return blob_digest(body), body


@contextmanager
def short_pages(monkeypatch: pytest.MonkeyPatch, most: int) -> Iterator[None]:
    """Pages of so many, so that a few blobs fill several."""
    with monkeypatch.context() as patch:
        for module in ("folder", "memory"):
            patch.setattr(f"actors.blobs.{module}.NAMES_MAX", most)
            patch.setattr(f"actors.blobs.{module}.LOOKED_AT_MAX", most)
        yield


def test_bytes_are_found_by_their_digest(tell: Tell) -> None:
    """Put once or twice, empty or of the largest size; what was never put is missing."""

    async def story(blobs: Blobs, _outside: Outside) -> None:
        for body in (b"a photo", b"", bytes(BLOB_BYTES_MAX)):
            for _ in range(2):
                await blobs.put(blob_digest(body), body)
            assert body == await blobs.get(blob_digest(body))
        assert 3 == len(await blobs.names())
        with pytest.raises(BlobMissing):
            await blobs.get(blob_digest(b"other"))

    tell(story)


def test_what_is_not_its_digest_or_too_large_is_not_taken(tell: Tell) -> None:
    """And nothing of it is kept."""

    async def story(blobs: Blobs, _outside: Outside) -> None:
        with pytest.raises(BadBlob):
            await blobs.put(blob_digest(b"a photo"), b"another photo")
        large = bytes(BLOB_BYTES_MAX + 1)
        with pytest.raises(BadBlob):
            await blobs.put(blob_digest(large), large)
        assert [] == await blobs.names()

    tell(story)


def test_what_is_deleted_is_gone(tell: Tell) -> None:
    """Kept or not; deleting it again, or what never was, is fine; its room is free."""

    async def story(blobs: Blobs, _outside: Outside) -> None:
        for number in range(2):
            await blobs.put(*picture(number))
        await blobs.keep(picture(0)[0])
        for number in (0, 1, 1, 2):
            digest, _ = picture(number)
            await blobs.delete(digest)
            with pytest.raises(BlobMissing):
                await blobs.get(digest)
        assert [] == await blobs.names()
        assert 0 == (await blobs.usage()).used_bytes

    tell(story)


def test_the_quota_is_a_clear_refusal(tell: Tell) -> None:
    """What does not fit is refused and nothing of it kept; what is deleted makes room."""
    terms = BlobTerms(quota_bytes=2_500, free_bytes_min=0)

    async def story(blobs: Blobs, _outside: Outside) -> None:
        bodies = [bytes([number]) * 1_000 for number in range(3)]
        digests = [blob_digest(body) for body in bodies]
        for digest, body in zip(digests[:2], bodies[:2], strict=True):
            await blobs.put(digest, body)
        used = await blobs.usage()
        assert 2_000 <= used.used_bytes <= terms.quota_bytes == used.quota_bytes
        with pytest.raises(BlobsFull):
            await blobs.put(digests[2], bodies[2])
        assert 2 == len(await blobs.names())
        await blobs.delete(digests[0])
        await blobs.put(digests[2], bodies[2])
        assert bodies[2] == await blobs.get(digests[2])

    tell(story, terms)


def test_names_come_in_pages(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each once, kept or not; a name says nothing that the digest would."""

    async def story(blobs: Blobs, _outside: Outside) -> None:
        for number in range(7):
            await blobs.put(*picture(number))
        await blobs.keep(picture(3)[0])
        whole = await blobs.names()
        with short_pages(monkeypatch, 3):
            pages = [await blobs.names()]
            while pages[-1]:
                pages.append(await blobs.names(pages[-1][-1]))
        assert [3, 3, 1, 0] == [len(page) for page in pages]
        assert whole == sorted(set(whole)) == [name for page in pages for name in page]

    assert NAMES_MAX > LOOKED_AT_MAX > 0
    tell(story)


def test_what_nobody_needs_waits(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """From when it was put last; what is kept does not, though it is put again."""

    async def story(blobs: Blobs, outside: Outside) -> None:
        for number in range(5):
            await blobs.put(*picture(number))
        await blobs.keep(picture(4)[0])
        await trio.sleep(10)
        for number in (3, 4):
            await blobs.put(*picture(number))
        old = {Waiting(picture(number)[0], EPOCH_MS) for number in range(3)}
        assert old == set((await blobs.waiting(EPOCH_MS + 5_000)).found)
        assert () == (await blobs.waiting(EPOCH_MS)).found

        found: list[Waiting] = []
        after = ""
        with short_pages(monkeypatch, 2):
            while True:
                page = await blobs.waiting(outside.wall.now_ms() + 1, after)
                assert len(page.found) <= 2
                found += page.found
                after = page.last
                if not after:
                    break
        assert old | {Waiting(picture(3)[0], EPOCH_MS + 10_000)} == set(found)
        assert 4 == len(found)

    tell(story)


def test_only_what_waits_for_long_is_discarded(tell: Tell) -> None:
    """Put again in between, kept in between, or gone: left as it is."""

    async def story(blobs: Blobs, _outside: Outside) -> None:
        for number in range(3):
            await blobs.put(*picture(number))
        await trio.sleep(10)
        before_ms = EPOCH_MS + 5_000
        await blobs.put(*picture(1))
        await blobs.keep(picture(2)[0])
        assert [True, False, False, False] == [
            await blobs.discard(picture(number)[0], before_ms) for number in (0, 0, 1, 2)
        ]
        assert 2 == len(await blobs.names())

    tell(story)


def test_the_collector_asks_about_each_once(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed is kept and never asked about again; what is not goes; the young are left."""

    async def story(blobs: Blobs, outside: Outside) -> None:
        for number in range(7):
            await blobs.put(*picture(number))
        await trio.sleep(60)
        await blobs.put(*picture(7))
        fates = {picture(n)[0]: Fate.KEEP if n % 2 else Fate.DROP for n in range(6)}
        fates[picture(6)[0]] = Fate.WAIT
        asked: list[bytes] = []

        async def judge(digest: bytes) -> Fate:
            await trio.lowlevel.checkpoint()
            asked.append(digest)
            return fates[digest]

        collector = Collector(blobs, outside.wall, judge, 30_000)
        with short_pages(monkeypatch, 2):
            after = await collector.collect_some()
            while after:
                after = await collector.collect_some(after)
        assert sorted(fates) == sorted(asked)
        assert 5 == len(await blobs.names())
        asked.clear()
        assert "" == await collector.collect_some()
        assert [picture(6)[0]] == asked
        assert {"keep": 3, "wait": 2, "drop": 3, "failures": 0} == collector.inspect()

    tell(story)


def test_what_is_put_while_it_is_judged_stays(tell: Tell) -> None:
    """Somebody brings it again between the question and the deletion."""

    async def story(blobs: Blobs, outside: Outside) -> None:
        digest, body = picture(1)
        await blobs.put(digest, body)
        await trio.sleep(60)

        async def judge(_digest: bytes) -> Fate:
            await blobs.put(digest, body)
            return Fate.DROP

        await Collector(blobs, outside.wall, judge, 30_000).collect_some()
        assert body == await blobs.get(digest)

    tell(story)


def test_a_wrong_clock_only_makes_it_wait_longer(tell: Tell) -> None:
    """Set back, what was put in the future is left alone until then."""

    async def story(blobs: Blobs, outside: Outside) -> None:
        digest, body = picture(1)
        await blobs.put(digest, body)
        behind = replace(outside, wall=_Stopped(EPOCH_MS - 1_000_000))

        async def judge(_digest: bytes) -> Fate:
            await trio.lowlevel.checkpoint()
            return Fate.DROP

        await Collector(blobs, behind.wall, judge, 30_000).collect_some()
        assert body == await blobs.get(digest)

    tell(story)


class _Stopped:
    """A clock that stands."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms

    def now_ms(self) -> int:
        return self._at_ms
