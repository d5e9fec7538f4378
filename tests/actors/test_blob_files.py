"""Blobs on a real disk: what lies there, what happens when somebody touches it, and a disk that
does not do as it is told.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.blobs import (
    BLOB_BYTES_MAX,
    BlobDamaged,
    BlobError,
    BlobMissing,
    BlobsBusy,
    BlobsFull,
    BlobTerms,
    blob_digest,
)
from actors.blobs.files import UNDER_WAY_MAX, WAIT_S, WRITES_AT_ONCE, FileBlobs
from actors.blobs.folder import DRAFTS, BlobFolder
from actors.blobs.memory import BlobDisk, MemoryBlobs
from actors.ports import Outside, T
from actors.sealing import new_key_file, read_key_file, rotated
from tests.kit.outside import VirtualWall, virtual_outside
from tests.kit.running import run

BODY = b"a photo of somebody's card"
DIGEST = blob_digest(BODY)
KEYS = new_key_file(random.Random(1).randbytes)


def opened(path: Path, keys: bytes = KEYS) -> BlobFolder:
    folder = BlobFolder(path, read_key_file(keys, random.Random(2).randbytes))
    folder.prepare()
    return folder


def files(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file())


def test_nothing_on_the_disk_says_what_it_is(tmp_path: Path) -> None:
    """Neither the bytes nor their digest, in no name and in no file; nobody else may read it."""
    opened(tmp_path).put(DIGEST, BODY, now_ms=1)
    (path,) = files(tmp_path)
    there = path.read_bytes() + str(path).encode()
    assert BODY not in there
    assert DIGEST not in there
    assert DIGEST.hex()[:16].encode() not in there
    assert 0 == path.stat().st_mode & 0o077
    assert 0 == path.parent.stat().st_mode & 0o077


def test_equal_bytes_of_another_office_are_called_otherwise(tmp_path: Path) -> None:
    """Who has two offices' disks does not learn what both hold; keys of one open nothing there."""
    mine, theirs = opened(tmp_path), opened(tmp_path, new_key_file(random.Random(9).randbytes))
    mine.put(DIGEST, BODY, now_ms=1)
    name = mine.name(DIGEST)
    assert name != theirs.name(DIGEST)
    with pytest.raises(BlobDamaged):
        theirs.read(name)


def test_a_new_root_key_still_opens_what_is_there(tmp_path: Path) -> None:
    """Names stay, too, so nothing is put twice."""
    opened(tmp_path).put(DIGEST, BODY, now_ms=1)
    after = opened(tmp_path, rotated(KEYS, random.Random(3).randbytes))
    assert BODY == after.get(DIGEST)
    assert 0 == after.put(DIGEST, BODY, now_ms=2)


@settings(max_examples=60, deadline=None)
@given(bit=st.integers(min_value=0), cut=st.booleans())
def test_whatever_is_changed_is_noticed_and_named(
    tmp_path_factory: pytest.TempPathFactory, bit: int, cut: bool
) -> None:
    """One bit anywhere, or the end missing from anywhere; putting it again mends it."""
    path = tmp_path_factory.mktemp("blobs")
    folder = opened(path)
    folder.put(DIGEST, BODY, now_ms=1)
    if bit % 2:
        folder.keep(DIGEST)
    (file,) = files(path)
    content = bytearray(file.read_bytes())
    at = bit % (len(content) * 8)
    content[at // 8] ^= 1 << at % 8
    file.write_bytes(content[: at // 8] if cut else content)

    with pytest.raises(BlobDamaged) as damaged:
        folder.get(DIGEST)
    assert folder.name(DIGEST) == damaged.value.name
    assert folder.name(DIGEST) in str(damaged.value)
    folder.waiting(before_ms=10)
    folder.put(DIGEST, BODY, now_ms=2)
    assert BODY == folder.get(DIGEST)
    assert [file] == files(path), "in its own place"


def test_a_file_in_anothers_place_is_noticed(tmp_path: Path) -> None:
    """Exchanged, copied, or of impossible size."""
    folder, other = opened(tmp_path), b"another photo"
    folder.put(DIGEST, BODY, now_ms=1)
    (first,) = files(tmp_path)
    folder.put(blob_digest(other), other, now_ms=1)
    (second,) = set(files(tmp_path)) - {first}
    right = first.read_bytes()
    for content in (second.read_bytes(), b"", right + bytes(BLOB_BYTES_MAX + 2_000)):
        first.write_bytes(content)
        with pytest.raises(BlobDamaged):
            folder.get(DIGEST)
    first.unlink()
    with pytest.raises(BlobMissing):
        folder.get(DIGEST)


def test_what_is_no_blob_at_its_place_is_a_stray(tmp_path: Path) -> None:
    """Named by its path, and no name of a blob; what is half written is none, and soon gone."""
    folder = opened(tmp_path)
    folder.put(DIGEST, BODY, now_ms=1)
    name = folder.name(DIGEST)
    strange = (f"new/{name[:3]}/{name}.txt", "new/readme", f"kept/000/f{'0' * 31}")
    for path in (*strange, f"{DRAFTS}/{name}"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"?")
    assert sorted(strange) == sorted(folder.strays())
    assert [name] == folder.names()
    assert [] == files(opened(tmp_path)._folder / DRAFTS)


# A disk that does not do as it is told.


class Cut(Exception):
    """The power is gone."""


def calls(monkeypatch: pytest.MonkeyPatch, fail_at: int, error: Exception) -> Callable[[], int]:
    """Fail at the n-th step that changes the disk; how many there were."""
    seen = 0

    def counted(real: Callable[..., T]) -> Callable[..., T]:
        def step(*args: object, **named: object) -> T:
            nonlocal seen
            seen += 1
            if seen == fail_at:
                raise error
            return real(*args, **named)

        return step

    for name in ("open", "fsync", "utime"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    return lambda: seen


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, BlobsFull), (errno.EDQUOT, BlobsFull), (errno.EIO, BlobError)],
)
def test_a_disk_that_refuses_any_step_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[BlobError]
) -> None:
    """Full, over its quota, or broken: a typed error, nothing half there, and it goes on later."""
    for at in range(1, 20):
        path = tmp_path / str(at)
        folder = opened(path)
        with monkeypatch.context() as patch:
            count = calls(patch, at, OSError(number, os.strerror(number)))
            said: BlobError | None = None
            try:
                folder.put(DIGEST, BODY, now_ms=1)
            except BlobError as error:
                said = error
        if said is None:
            assert count() < at
            break
        assert type(said) is kind
        assert os.strerror(number) in str(said)
        assert [] == list((path / DRAFTS).iterdir())
        folder.put(DIGEST, BODY, now_ms=1)
        assert BODY == folder.get(DIGEST)
    assert at > 5, "several steps were tried"


def test_power_lost_at_any_step_leaves_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the next start the bytes are whole or not there, and can be put."""
    for at in range(1, 20):
        path = tmp_path / str(at)
        folder = opened(path)
        with monkeypatch.context() as patch:
            count = calls(patch, at, Cut())
            try:
                folder.put(DIGEST, BODY, now_ms=1)
            except Cut:
                pass
            else:
                assert count() < at
                break
        folder = opened(path)
        assert [] == list((path / DRAFTS).iterdir())
        try:
            assert BODY == folder.get(DIGEST)
        except BlobMissing:
            folder.put(DIGEST, BODY, now_ms=1)
        assert BODY == folder.get(DIGEST)
    assert at > 5, "several steps were tried"


def test_the_disk_keeps_room_for_everything_else(tmp_path: Path) -> None:
    """A photo that would take it is refused in words."""
    with pytest.raises(BlobsFull, match="no room"):
        opened(tmp_path).put(DIGEST, BODY, now_ms=1, free_bytes_min=1 << 60)
    assert [] == files(tmp_path)


def test_a_folder_that_is_gone_is_an_error_of_ours(tmp_path: Path) -> None:
    """Whoever takes the disk away gets typed errors, and no crash."""
    folder = opened(tmp_path / "blobs")
    (tmp_path / "blobs").rename(tmp_path / "elsewhere")
    with pytest.raises(BlobError):
        folder.put(DIGEST, BODY, now_ms=1)
    with pytest.raises(BlobMissing):
        folder.get(DIGEST)
    assert [] == folder.names()


# Slots.


def held_back(outside: Outside, gate: trio.Event, begun: list[int]) -> Outside:
    """An outside whose work beside the loop waits for a gate."""

    async def offload(work: Callable[[], T], /) -> T:
        begun.append(1)
        await gate.wait()
        return work()

    return Outside(outside.wall, outside.ids, outside.entropy, outside.random, offload)


def test_so_many_are_written_at_once_and_who_waits_too_long_is_refused(tmp_path: Path) -> None:
    """Nothing of a refused one is kept; nobody who reads waits for who writes."""

    async def story() -> None:
        gate, begun = trio.Event(), list[int]()
        outside = held_back(virtual_outside(), gate, begun)
        blobs = FileBlobs(opened(tmp_path), outside, BlobTerms(free_bytes_min=0))
        refused: list[int] = []

        async def put(number: int) -> None:
            body = str(number).encode()
            try:
                await blobs.put(blob_digest(body), body)
            except BlobsBusy:
                refused.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(put, number)
            await trio.sleep(WAIT_S / 2)
            assert WRITES_AT_ONCE == len(begun)
            nursery.start_soon(blobs.names)
            await trio.testing.wait_all_tasks_blocked()
            assert WRITES_AT_ONCE + 1 == len(begun)
            await trio.sleep(WAIT_S)
            gate.set()
        assert 20 - WRITES_AT_ONCE == len(refused)
        assert WRITES_AT_ONCE == len(await blobs.names())

    run(story)


def test_the_line_before_the_slots_is_bounded(tmp_path: Path) -> None:
    """One more than may wait is refused at once."""

    async def story() -> None:
        gate = trio.Event()
        outside = held_back(virtual_outside(), gate, [])
        blobs = FileBlobs(opened(tmp_path), outside, BlobTerms(free_bytes_min=0))

        async def look() -> None:
            await blobs.names()

        async with trio.open_nursery() as nursery:
            for _ in range(UNDER_WAY_MAX):
                nursery.start_soon(look)
            await trio.testing.wait_all_tasks_blocked()
            began = trio.current_time()
            with pytest.raises(BlobsBusy):
                await blobs.names()
            assert began == trio.current_time()
            gate.set()

    run(story)


# Memory, where it has more to show than the port.


def test_what_was_not_synced_is_lost_with_the_power() -> None:
    """It could be read before; after the crash the older handle says nothing any more."""

    async def story() -> None:
        disk = BlobDisk()

        async def crash_before_sync(blobs: MemoryBlobs, step: str) -> None:
            await trio.lowlevel.checkpoint()
            if step == "sync":
                assert BODY == disk.unsynced[DIGEST].body
                blobs.crash()

        first = MemoryBlobs(disk, VirtualWall(), before=crash_before_sync)
        with pytest.raises(BlobError):
            await first.put(DIGEST, BODY)
        with pytest.raises(BlobError):
            await first.get(DIGEST)
        second = MemoryBlobs(disk, VirtualWall())
        with pytest.raises(BlobMissing):
            await second.get(DIGEST)
        await second.put(DIGEST, BODY)
        assert {DIGEST: BODY} == disk.bodies

    run(story)


def test_a_garbled_disk_is_noticed() -> None:
    """Other bytes under the digest are never given out."""

    async def story() -> None:
        disk = BlobDisk()
        disk.have(DIGEST, b"something else")
        with pytest.raises(BlobDamaged):
            await MemoryBlobs(disk, VirtualWall()).get(DIGEST)

    run(story)
