"""A stream as the truth: snapshots only save time, and what cannot be read is named, not quoted."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.durable import Behaviour, Verdict
from actors.durable.history import (
    SNAPSHOT_BYTES_PER_EVENT,
    SNAPSHOT_EVERY,
    SNAPSHOTS,
    History,
    Loaded,
)
from actors.store import Append, Batch, Document, Event, PendingEffect, StoreError
from actors.store.memory import Disk, MemoryStore
from tests.actors.toy import Box, BoxRules, CoinsPut
from tests.kit.running import run
from wire.message import Refusal


@pytest.mark.parametrize(
    ("kind", "body", "names"),
    [("unheard-of", b"\x80", "unheard-of"), ("put", b"\xc1secret", "put")],
)
def test_what_cannot_be_read_is_named_and_not_quoted(kind: str, body: bytes, names: str) -> None:
    """An unknown kind or a broken body names the stream and version, never the content."""

    async def story() -> None:
        store = MemoryStore(Disk())
        await store.commit(Batch("x", 1, appends=(Append("box/1", 0, (Event(kind, body),)),)))
        history = History(BoxRules(), "box/1", "box", frozenset({"teller", "self"}))

        with pytest.raises(StoreError) as error:
            await history.load(store)

        assert "box/1 version 1" in str(error.value)
        assert names in str(error.value)
        assert "secret" not in repr(error.value)
        assert error.value.__cause__ is None

    run(story)


def test_effects_that_cannot_be_read_are_named() -> None:
    """So it is with an outbox entry."""

    async def story() -> None:
        store = MemoryStore(Disk())
        effect = PendingEffect("box/1#1.0", "box/1", "teller", "pay", b"\xc1")
        await store.commit(Batch("x", 1, effects=(effect,)))
        history = History(BoxRules(), "box/1", "box", frozenset({"teller", "self"}))

        with pytest.raises(StoreError, match=r"box/1#1\.0"):
            await history.load(store)

    run(story)


class NextSchema(BoxRules):
    snapshot_version: ClassVar[int] = 2


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    spoil=st.sampled_from(["no", "missing", "garbage", "older schema"]),
)
def test_a_snapshot_only_saves_time(counts: list[int], spoil: str) -> None:
    """The state from a snapshot and the events after it is the state from all events."""

    async def story() -> None:
        disk = Disk()
        store = MemoryStore(disk)
        recipients = frozenset({"teller", "self"})
        history = History(BoxRules(), "box/1", "box", recipients)
        now: Loaded[Box] = Loaded(BoxRules().initial("box"), 0)
        number = 0
        for count in counts:
            events = tuple(CoinsPut(number + n, n) for n in range(count))
            number += count
            step = history.step(now, Verdict(events), "mei", 1)
            await store.commit(step.batch)
            now = step.after

        kept = await store.document(SNAPSHOTS, "box/1")
        assert (kept is not None) == (number >= SNAPSHOT_EVERY)
        if spoil == "missing":
            await store.commit(Batch("x", 1, documents=(Document(SNAPSHOTS, "box/1", None),)))
        if spoil == "garbage":
            await store.commit(Batch("x", 1, documents=(Document(SNAPSHOTS, "box/1", b"\xc1"),)))
        rules = NextSchema() if spoil == "older schema" else BoxRules()
        loaded = await History(rules, "box/1", "box", recipients).load(store)

        assert (now.state, now.version) == (loaded.state, loaded.version)

    run(story)


class Diary(msgspec.Struct, frozen=True):
    pages: tuple[bytes, ...] = ()


class PageWritten(msgspec.Struct, frozen=True, tag="page"):
    page: bytes


class DiaryRules(Behaviour[Diary, object, PageWritten]):
    event_type: ClassVar[object] = PageWritten

    def initial(self, key: str) -> Diary:
        return Diary()

    def decide(
        self, state: Diary, command: object, now_ms: int, who: str
    ) -> Verdict[PageWritten] | Refusal:
        return Verdict()

    def evolve(self, state: Diary, event: PageWritten) -> Diary:
        return Diary((*state.pages, event.page))


def test_a_large_state_is_put_to_rest_less_often() -> None:
    """Each event pays for so many bytes of a snapshot; after a load it goes on as it would have."""

    async def story() -> list[int]:
        store = MemoryStore(Disk())
        history = History(DiaryRules(), "diary/1", "diary", frozenset())
        now: Loaded[Diary] = await history.load(store)
        rests = []
        page = PageWritten(bytes(2 * SNAPSHOT_BYTES_PER_EVENT))
        for _ in range(9 * SNAPSHOT_EVERY):
            step = history.step(now, Verdict((page,)), "mei", 1)
            await store.commit(step.batch)
            now = step.after
            if step.batch.documents:
                rests.append(now.version)
                now = await history.load(store)
        return rests

    assert [SNAPSHOT_EVERY, 3 * SNAPSHOT_EVERY, 9 * SNAPSHOT_EVERY] == run(story)
