"""What the store is measured with: durable events by many writers against bare sqlite3.

Both sides write the same rows, with the same tables and the same promise (WAL, synchronous=FULL),
in one run on one machine, taking turns; only the ratio means anything. The bare side is given its
rows ready made, digests and all.

Figures are events per second of wall time: waiting for the disk is part of the price.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actors.blobs import BlobTerms, blob_digest
from actors.durable import DurableActor
from actors.outside import production_outside
from actors.ref import Ref
from actors.runtime.trio_host import open_system
from actors.store import Append, Batch, Event, Store
from actors.store.sqlite.schema import prepare_writer
from supervisors.at_rest import open_blobs, open_keys
from tests.actors.sqlite_on_trio import open_sqlite
from tests.actors.toy import BoxRules, Put
from tests.bench.source import Samples, Size, Source

WRITERS = 100
EVENTS = 10_000
BODY_BYTES = 100
PHOTOS = 100
PHOTO_BYTES = 100_000

Rows = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""One entry of the log and one event a batch, in the same order."""


async def store_events(folder: Path, events: int) -> float:
    """Microseconds per event, each in a commit of its own."""
    async with open_sqlite(folder) as store:
        begin = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for number in range(WRITERS):
                nursery.start_soon(_write, store, f"case/{number}", events // WRITERS)
        return (time.perf_counter() - begin) / events * 1e6


async def _write(store: Store, stream: str, events: int) -> None:
    for version in range(events):
        event = Event("happened", bytes(BODY_BYTES))
        await store.commit(Batch("mei", 1, appends=(Append(stream, version, (event,)),)))


async def durable_events(folder: Path, events: int) -> float:
    """Microseconds per event of a durable actor, answered to an asker."""
    async with open_sqlite(folder) as store, open_system("bench", production_outside()) as system:
        boxes = [
            system.spawn(f"box{number}", partial(_box, store, number)) for number in range(WRITERS)
        ]

        async def put(box: Ref) -> None:
            for number in range(events // WRITERS):
                await box.ask(Put(number, 1), within=30)

        begin = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for box in boxes:
                nursery.start_soon(put, box)
        return (time.perf_counter() - begin) / events * 1e6


def _box(store: Store, number: int) -> DurableActor[Any, Any, Any]:
    key = str(number)
    return DurableActor(
        BoxRules(), stream=f"box/{key}", key=key, store=store, handlers={"teller": _never}
    )


async def _never(_key: str, _message: object) -> None:
    """Nothing is paid out here."""


def bare_events(folder: Path, rows: Rows, *, many: bool) -> float:
    """Microseconds per event of bare sqlite3, each with its entry."""
    entries, events = rows
    enter = "INSERT INTO log VALUES (?, ?, ?, ?)"
    insert = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    with closing(sqlite3.connect(folder / f"bare-{many}.db", isolation_level=None)) as connection:
        prepare_writer(connection)
        begin = time.perf_counter()
        for start in range(0, len(events), WRITERS):
            group = slice(start, start + WRITERS)
            connection.execute("BEGIN IMMEDIATE")
            if many:
                connection.executemany(enter, entries[group])
                connection.executemany(insert, events[group])
            else:
                for entry, event in zip(entries[group], events[group], strict=True):
                    connection.execute(enter, entry)
                    connection.execute(insert, event)
            connection.execute("COMMIT")
        return (time.perf_counter() - begin) / len(events) * 1e6


def events_per_second(size: Size) -> Samples:
    """All sides in turn, on the disk that the project lies on."""
    events = max(WRITERS, size.count(EVENTS))
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        store_us = trio.run(store_events, folder, events)
        with closing(sqlite3.connect(folder / "store.db")) as connection:
            rows = (
                connection.execute("SELECT * FROM log ORDER BY seq").fetchall(),
                connection.execute("SELECT * FROM events ORDER BY seq").fetchall(),
            )
        bare_us = bare_events(folder, rows, many=False)
        many_us = bare_events(folder, rows, many=True)
        (folder / "durable").mkdir()
        durable_us = trio.run(durable_events, folder / "durable", events)
    taken = {"bare": bare_us, "many": many_us, "store": store_us, "durable": durable_us}
    return {part: [1e6 / each_us] for part, each_us in taken.items()}


async def commits_and_photos(folder: Path, photos: int) -> dict[str, list[float]]:
    """Milliseconds per commit, one after the other: alone, and while so many photos arrive."""
    outside, database = production_outside(), folder / "store.db"
    terms = BlobTerms(free_bytes_min=0)
    blobs = open_blobs(database, open_keys(database, outside.entropy), outside, terms)
    bodies = [outside.entropy(PHOTO_BYTES) for _ in range(photos)]
    waiting = len(bodies)
    version = 0

    async def commit() -> float:
        nonlocal version
        begin = time.perf_counter()
        event = Event("happened", bytes(BODY_BYTES))
        await store.commit(Batch("mei", 1, appends=(Append("case/1", version, (event,)),)))
        version += 1
        return (time.perf_counter() - begin) * 1e3

    async def put(body: bytes) -> None:
        nonlocal waiting
        await blobs.put(blob_digest(body), body)
        waiting -= 1

    async with open_sqlite(folder) as store:
        alone = [await commit() for _ in range(photos)]
        during = []
        async with trio.open_nursery() as nursery:
            for body in bodies:
                nursery.start_soon(put, body)
            while waiting:
                during.append(await commit())
        return {"alone": alone, "during": during}


def commits_beside_photos(size: Size) -> Samples:
    """On the disk that the project lies on."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        return trio.run(commits_and_photos, Path(name), size.count(PHOTOS))


SOURCES: Final[dict[str, Source]] = {"events": events_per_second, "photos": commits_beside_photos}

__all__ = ["SOURCES"]
