"""A program to be killed: writes to a SQLite store as fast as it can, and says what is durable.

Prints one line `stream version` for every event whose commit was acknowledged, after it was.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import trio

from actors.store import Append, Batch, Claim, Event, PendingEffect, Store
from tests.actors.sqlite_on_trio import open_sqlite

WRITERS = 20


async def write(store: Store, stream: str) -> None:
    version = len(await store.read(stream))
    while True:
        effect = PendingEffect(f"{stream}#{version + 1}.0", stream, "core", "post", b"")
        await store.commit(
            Batch(
                "mei",
                1,
                appends=(Append(stream, version, (Event("e", os.urandom(200)),)),),
                effects=(effect,),
                claims=(Claim("event", f"{stream}#{version + 1}", stream),),
            )
        )
        version += 1
        os.write(1, f"{stream} {version}\n".encode())


async def main(folder: Path) -> None:
    async with open_sqlite(folder) as store, trio.open_nursery() as nursery:
        for number in range(WRITERS):
            nursery.start_soon(write, store, f"case/{number}")


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
