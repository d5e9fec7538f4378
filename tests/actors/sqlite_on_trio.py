"""The SQLite store for tests."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, cast

from actors.sqlite_file import SqliteFile
from actors.sqlite_schema import prepare_writer
from actors.store import Batch, Committed, Store, StoreError


class InLoop:
    def __init__(self, file: SqliteFile) -> None:
        self.file = file

    async def commit(self, batch: Batch) -> Committed:
        (outcome,) = self.file.commit_group([batch])
        if isinstance(outcome, StoreError):
            raise outcome
        return outcome

    def __getattr__(self, name: str) -> Any:
        defaults = {
            "read": (0,),
            "streams": ("",),
            "effects": (None, ""),
            "documents": ("",),
            "audit": (0,),
        }

        async def ask(*args: Any, **kw: Any) -> Any:
            args = args + tuple(kw.values())
            if name == "effects" and len(args) == 0:
                args = (None, "")
            elif name == "effects" and len(args) == 1:
                args = (args[0], "") if "after" not in kw else (None, args[0])
            elif name in ("read", "streams", "documents") and len(args) == 1:
                args = (*args, *defaults[name])
            elif name == "audit" and not args:
                args = (0,)
            return getattr(self.file, name)(*args)

        return ask


@asynccontextmanager
async def open_sqlite(folder: Path) -> AsyncIterator[Store]:
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as c:
        prepare_writer(c)
        yield cast(Store, InLoop(SqliteFile(c)))
