"""A store that keeps nothing readable, and forgets one stream for good without hurting the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec
import pytest
import trio

from actors.sealing import EmbeddedSealer, new_key_file, read_key_file
from actors.store import (
    Append,
    Batch,
    Document,
    Event,
    KeyRow,
    PendingEffect,
    Recorded,
    Store,
    StoreError,
    VersionConflict,
)
from actors.store.memory import Disk, MemoryStore
from actors.store.refold import refold
from actors.store.sealed import SNAPSHOTS, Forgotten, SealedStore, Unopened
from actors.store.sqlite.file import open_readonly, open_writer
from actors.store.sqlite.scratch import open_scratch
from actors.store.sqlite.unsealed import UnsealedArchive
from tests.kit.running import run

SHARD, SECRET = "union/530111", b"Duan Lifang, 532501198908220990"


def office_keys(seed: str = "keys") -> EmbeddedSealer:
    entropy = Random(seed).randbytes
    return read_key_file(new_key_file(entropy), entropy)


def first(stream: str, body: bytes = SECRET, kind: str = "Said") -> Batch:
    """A stream's first event, with all that can go with it."""
    return Batch(
        "mei",
        1,
        (Append(stream, 0, (Event(kind, body),)),),
        effects=(PendingEffect(f"{stream}#1.0", stream, "core", "Post", body),),
        documents=(Document(SNAPSHOTS, stream, body), Document("queue", stream, body)),
        shard=SHARD,
    )


def then(stream: str, after: int, body: bytes) -> Batch:
    return Batch("mei", 2, (Append(stream, after, (Event("Said", body),)),), shard=SHARD)


def told(story: Callable[[SealedStore, Disk], Awaitable[None]]) -> None:
    async def body() -> None:
        disk = Disk()
        await story(SealedStore(MemoryStore(disk), office_keys()), disk)

    run(body)


def before_and_after(store: SealedStore, disk: Disk) -> Iterator[SealedStore]:
    """The store, and then the one of the next start."""
    yield store
    yield SealedStore(MemoryStore(disk), office_keys())


async def everything(store: Store, stream: str) -> set[bytes | None]:
    """Every body that the store gives out for a stream."""
    return {
        *(row.body for row in await store.read(stream)),
        *(effect.body for effect in await store.effects(stream)),
        await store.document(SNAPSHOTS, stream),
        *(body for key, body in await store.documents("queue") if key == stream),
    }


def test_what_is_kept_is_given_back_and_lies_nowhere_in_clear() -> None:
    """To whoever has the keys, also after a restart; on the disk nothing of it can be read."""

    async def story(store: SealedStore, disk: Disk) -> None:
        await store.commit(first("case/a"))
        await store.commit(then("case/a", 1, b"more"))

        assert {SECRET, b"more"} == await everything(store.for_peers(), "case/a")
        for keys in before_and_after(store, disk):
            assert {SECRET, b"more"} == await everything(keys, "case/a")
        stored = [
            *(row.body for row in disk.journal),
            *(row.entry for row in disk.logs[SHARD]),
            *(effect.body for effect in disk.pending.values()),
            *disk.documents.values(),
            *disk.keys.values(),
        ]
        assert 8 == len(stored)
        assert not any(SECRET in body for body in stored)

    told(story)


def test_a_forgotten_stream_is_gone_for_good() -> None:
    """Its neighbour stays; nothing can be added to it, and its place in the log is as it was."""

    async def story(store: SealedStore, disk: Disk) -> None:
        await store.commit(first("case/a"))
        await store.commit(first("case/b", b"another's"))
        before = disk.logs[SHARD][:]

        await store.commit(Batch("two persons", 3, keys=(KeyRow("case/a", None),), shard=SHARD))

        for keys in before_and_after(store, disk):
            with pytest.raises(Forgotten):
                await keys.read("case/a")
            with pytest.raises(Forgotten):
                await keys.document(SNAPSHOTS, "case/a")
            with pytest.raises(Forgotten):
                await keys.commit(then("case/a", 1, b"more"))
            assert {b"another's"} == await everything(keys, "case/b")
        assert before == disk.logs[SHARD][:2]

    told(story)


def test_other_keys_open_nothing() -> None:
    """Those of another office: told so, never garbage."""

    async def story(store: SealedStore, disk: Disk) -> None:
        await store.commit(first("case/a"))
        stranger = SealedStore(MemoryStore(disk), office_keys("another office"))

        with pytest.raises(Unopened):
            await stranger.read("case/a")
        with pytest.raises(Unopened):
            await stranger.document("queue", "case/a")

    told(story)


def test_a_body_opens_at_its_own_place_alone() -> None:
    """Not under another version, kind, name, collection or id, though the keys are right."""

    async def story(store: SealedStore, disk: Disk) -> None:
        await store.commit(first("case/a"))
        await store.commit(then("case/a", 1, b"more"))
        one, two = disk.streams["case/a"]
        replace = msgspec.structs.replace

        async def opens(*rows: Recorded) -> bool:
            disk.streams["case/a"] = list(rows)
            try:
                return bool(await store.read("case/a"))
            except Unopened:
                return False

        assert await opens(one, two)
        assert not await opens(replace(one, body=two.body), two)
        assert not await opens(replace(one, kind="Unsaid"), two)
        assert not await opens(replace(one, version=2))
        disk.documents["queue", "case/b"] = disk.documents["queue", "case/a"]
        disk.documents["pool", "case/a"] = disk.documents["queue", "case/a"]
        for place in (("queue", "case/b"), ("pool", "case/a")):
            with pytest.raises(Unopened):
                await store.document(*place)
        disk.documents["queue", "case/c"] = b"never sealed"
        with pytest.raises(Unopened):
            await store.document("queue", "case/c")

    told(story)


def test_whoever_is_late_with_a_first_event_spoils_no_key() -> None:
    """Two make the same stream's first event; what is added afterwards is readable by all."""

    async def story(store: SealedStore, disk: Disk) -> None:
        refused = []

        async def begin(body: bytes) -> None:
            try:
                await store.commit(first("case/a", body))
            except VersionConflict as conflict:
                refused.append(conflict)

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(begin, b"%d" % number)
        await store.commit(then("case/a", 1, b"more"))

        assert 3 == len(refused)
        for keys in before_and_after(store, disk):
            assert [1, 2] == [row.version for row in await keys.read("case/a")]

    told(story)


def test_a_refused_first_event_leaves_no_key_behind() -> None:
    """The next attempt has a key of its own, which is kept with its event."""

    async def story(_store: SealedStore, disk: Disk) -> None:
        refusing = True

        async def before(_memory: MemoryStore, _batch: Batch) -> None:
            if refusing:
                raise StoreError("the disk is full")

        store = SealedStore(MemoryStore(disk, before_commit=before), office_keys())
        with pytest.raises(StoreError):
            await store.commit(first("case/a"))
        refusing = False
        assert {} == disk.keys
        await store.commit(first("case/a"))
        await store.commit(then("case/a", 1, b"more"))

        fresh = SealedStore(MemoryStore(disk), office_keys())
        assert [SECRET, b"more"] == [row.body for row in await fresh.read("case/a")]

    told(story)


def test_a_sealed_ledger_is_read_beside_the_office(tmp_path: Path) -> None:
    """With its keys; what was forgotten is left out and named, and the logs explain it all."""
    path, keys = tmp_path / "office.db", office_keys()
    written: list[Batch] = []

    async def seal() -> None:
        async def note(_memory: MemoryStore, batch: Batch) -> None:
            written.append(batch)

        store = SealedStore(MemoryStore(Disk(), before_commit=note), keys)
        for stream in ("case/a", "case/b"):
            await store.commit(first(stream, stream.encode()))
        await store.commit(Batch("two persons", 3, keys=(KeyRow("case/a", None),), shard=SHARD))

    run(seal)
    with open_writer(path) as file:
        file.commit_group(written)

    wrong: list[object] = []
    with ExitStack() as opened:
        archive = opened.enter_context(open_readonly(path))
        notes = opened.enter_context(open_scratch())
        refold(archive, notes, lambda *what: wrong.append(what))
        unsealed = UnsealedArchive(archive, keys)
        assert [b"case/b"] == [row.body for row in unsealed.events()]
        assert [b"case/b"] == [row.body for row in unsealed.events_like("case/*")]
        assert [b"case/b"] == [effect.body for effect, _ in unsealed.effects()]
        assert {
            ("queue", "case/a", b"case/a"),
            ("queue", "case/b", b"case/b"),
            (SNAPSHOTS, "case/b", b"case/b"),
        } == {(one.collection, one.key, one.body) for one, _ in unsealed.documents()}
        assert {"case/a"} == unsealed.forgotten
        assert [] == unsealed.unopened
        strange = UnsealedArchive(archive, office_keys("another office"))
        assert [] == list(strange.events())
        assert ["keys/case/b"] == strange.unopened
    assert [] == wrong
