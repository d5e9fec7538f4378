"""What the store uses of aiosqlite that is not public; a version that changes it fails here."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import Any

import aiosqlite


def test_its_private_parts_are_what_the_store_takes_them_for() -> None:
    """One thread serves a queue of pairs, in order; the bare connection belongs to it."""

    async def story() -> None:
        done: list[tuple[str, int]] = []

        def note(what: str) -> str:
            done.append((what, threading.get_ident()))
            return what

        def broken() -> None:
            note("broken")
            raise ValueError

        async with aiosqlite.connect(":memory:") as connection:
            private: Any = connection
            assert isinstance(private._conn, sqlite3.Connection)

            private._tx.put_nowait((None, lambda: note("without a future")))
            private._tx.put_nowait((None, broken))
            assert "with one" == await private._execute(lambda: note("with one"))

            assert ["without a future", "broken", "with one"] == [what for what, _ in done]
            assert 1 == len({thread for _, thread in done})
            assert threading.get_ident() not in {thread for _, thread in done}
            assert (1,) == await private._execute(
                lambda: private._conn.execute("SELECT 1").fetchone()
            )

    asyncio.run(story())
