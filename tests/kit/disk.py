"""The simulated disk: a `Disk` that refuses, and that a story can pull the plug on.

Points are counted over the disk's whole life, two for each commit: before it is applied and after.
Between the two the disk itself may refuse, as one does that is full or locked by somebody else.
A crash fences the handle that was committing; the
story's own `on_crash` then takes the rest of the node away. Delays are virtual time, drawn from the
seeded random of the story.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import trio

from actors.blobs import BlobError, BlobsBusy, BlobsFull
from actors.blobs.memory import BlobDisk, MemoryBlobs
from actors.ports import WallClock
from actors.store import Batch, Committed, LogRow, Recorded, StoreError
from actors.store.lanes import LANE_REQUESTS_MAX, Lanes
from actors.store.memory import Disk, MemoryStore

DELAY_S_MAX = 0.05
"""The longest virtual wait before and after a commit, in seconds."""


class Wrote(NamedTuple):
    """What a batch became on the disk.

    Attributes:
        entries: of its shard's log; none where it changed nothing that the log covers.
        events: the rows of its events.
    """

    entries: Sequence[LogRow]
    events: Sequence[Recorded]


Watch = Callable[[Batch, Wrote], None]
"""Sees a batch and what it wrote in the step in which it becomes durable; must not raise."""


Refuse = Callable[[Batch], StoreError | None]
"""Why a batch is refused; None lets it through."""


def never(_batch: Batch) -> StoreError | None:
    """A disk without a fault."""
    return None


RefuseBlob = Callable[[str], BlobError | None]
"""Why a step (`put`, `sync`, `get`, …) of what is done to a blob fails; None lets it through."""


def never_a_blob(_step: str) -> BlobError | None:
    """A disk without a fault."""
    return None


class Refusals:
    """Refuses any commit by chance.

    Args:
        random: decides; the same seed refuses the same commits.
        share: how many of all commits, from 0 to 1.
        whys: what a refusal is made of, one as likely as the other.
        noted: told of each.

    Attributes:
        refused: how many so far.
    """

    def __init__(
        self,
        random: random.Random,
        share: float,
        whys: Sequence[Callable[[], StoreError]],
        noted: Callable[[], None] = lambda: None,
    ) -> None:
        self.share = share
        self.refused = 0
        self._random = random
        self._whys = whys
        self._noted = noted

    def __call__(self, _batch: Batch) -> StoreError | None:
        if self._random.random() >= self.share:
            return None
        self.refused += 1
        self._noted()
        return self._random.choice(self._whys)()


def locked() -> StoreError:
    """Another process holds the lock of the file."""
    return StoreError("database is locked")


def full() -> StoreError:
    """There is no room left on the disk, for now."""
    return StoreError("database or disk is full")


def no_room() -> BlobError:
    """There is no room left for photos."""
    return BlobsFull("the disk has no room left for photos")


def slots_taken() -> BlobError:
    """As much is read and written as may be."""
    return BlobsBusy("the photos' disk has its hands full")


def lane_full() -> StoreError:
    """The store has as much to do as it takes on."""
    return StoreError("the store is busy")


class FaultyDisk(Disk):
    """A disk that may refuse a batch, and shows every other one at the moment of its effect.

    Attributes:
        refuse: asked for every batch.
        blobs: photos and recordings, on the same disk.
    """

    def __init__(self, watch: Watch = lambda _batch, _wrote: None, refuse: Refuse = never) -> None:
        super().__init__()
        self.refuse = refuse
        self.blobs = BlobDisk()
        self._watch = watch

    def apply(self, batch: Batch) -> Committed:
        """As `Disk.apply`; what was refused is not shown."""
        why = self.refuse(batch)
        if why is not None:
            raise why
        events, entries = len(self.journal), len(self.logs.get(batch.shard, ()))
        committed = super().apply(batch)
        log = self.logs.get(batch.shard, [])
        self._watch(batch, Wrote(log[entries:], self.journal[events:]))
        return committed


class SimulatedDisk:
    """A node's disk, with crash points.

    Attributes:
        disk: what survives.
        point: how many points were passed so far.
        crash_at: the points at which the plug is pulled.
        on_crash: called at a crash, after the handle is fenced.
        random: where delays come from; None is no delay.
        delay_s_max: the longest wait at a point; a slow disk has a larger one.
        requests_max: how many requests it takes on at a time, reading and writing each.
        refuse_blob: asked at each step of what is done to a blob, with the step's name.
        stalls: by how streams begin, how much longer each of their points takes, in seconds.
    """

    def __init__(
        self,
        *,
        crash_at: Collection[int] = (),
        on_crash: Callable[[], None] = lambda: None,
        random: random.Random | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.disk = FaultyDisk() if watch is None else FaultyDisk(watch)
        self.point = 0
        self.crash_at = frozenset(crash_at)
        self.on_crash = on_crash
        self.random = random
        self.delay_s_max = DELAY_S_MAX
        self.requests_max = LANE_REQUESTS_MAX
        self.stalls: dict[str, float] = {}
        self.refuse_blob: RefuseBlob = never_a_blob
        self._handle: MemoryStore | None = None
        self._blobs: MemoryBlobs | None = None

    def boot(self) -> MemoryStore:
        """A fresh handle, as the node's next incarnation opens it; older handles are fenced."""
        self._handle = MemoryStore(
            self.disk,
            before_commit=self._pass,
            after_commit=self._pass,
            lanes=Lanes.of(self.requests_max),
        )
        return self._handle

    def boot_blobs(self, wall: WallClock) -> MemoryBlobs:
        """The same for the blobs on it."""
        self._blobs = MemoryBlobs(self.disk.blobs, wall, before=self._touch)
        return self._blobs

    def unplug(self) -> None:
        """Fence the handle that is open: what is not durable by now never will be."""
        if self._handle is not None:
            self._handle.crash()
        if self._blobs is not None:
            self._blobs.crash()

    async def _pass(self, store: MemoryStore, batch: Batch) -> None:
        self.point += 1
        point = self.point
        delay_s = 0.0 if self.random is None else self.random.uniform(0, self.delay_s_max)
        streams = tuple(append.stream for append in batch.appends)
        for beginning, longer_s in self.stalls.items():
            if any(stream.startswith(beginning) for stream in streams):
                delay_s += longer_s
        await trio.sleep(delay_s)
        if point in self.crash_at:
            store.crash()
            self.on_crash()

    async def _touch(self, _blobs: MemoryBlobs, step: str) -> None:
        """One step of what is done to a blob."""
        delay_s = 0.0 if self.random is None else self.random.uniform(0, self.delay_s_max)
        await trio.sleep(delay_s)
        why = self.refuse_blob(step)
        if why is not None:
            raise why
